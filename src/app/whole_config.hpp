#pragma once
// What a supervisor needs to know of all servers of a configuration together.

#include <berth/config.hpp>
#include <string>
#include <vector>

namespace berth::app {

std::vector<std::string> all_secrets(const Config& config);

// That are never given to a server as one of the range.
std::vector<Port> kept_ports(const Config& config);

// Of a server, in bytes.
std::size_t longest_name(const Config& config);

}  // namespace berth::app
