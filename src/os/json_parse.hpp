#pragma once
// JSON with every double as exact as it was written: Boost.JSON reads some of them a little beside, so that a number
// that is read and written again and again wanders away.

#include <boost/json/error.hpp>
#include <boost/json/value.hpp>
#include <string_view>

namespace berth::os {

// The whole of `text`, with at most so many arrays and objects within each other.
boost::json::value parse_json(std::string_view text, std::size_t max_depth, boost::json::error_code& error);

}  // namespace berth::os
