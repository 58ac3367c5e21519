#pragma once
// JSON as text, with numbers as people write them: 61.2, where Boost.JSON has 6.12E1.

#include <boost/json/value.hpp>
#include <string>

namespace berth::os {

std::string json_text(const boost::json::value& value);

}  // namespace berth::os
