#pragma once
// The servers of a status document that a command is about.

#include <boost/json/array.hpp>
#include <string>
#include <vector>

namespace berth::cli {

// Those with these names, in their order; all when there are none. Throws Stop (2) for a name that is not there.
boost::json::array select(const boost::json::array& servers, const std::vector<std::string>& names);

// Every one of them is ready. Unless they were `asked` for by name, those that are not wanted up do not count.
bool all_ready(const boost::json::array& servers, bool asked);

}  // namespace berth::cli
