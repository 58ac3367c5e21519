#pragma once
// What requests to the control socket and its answers are made of.

#include <string>
#include <string_view>
#include <vector>

namespace berth::app {

// `{ "error": { "code", "message" } }`
std::string error_body(std::string_view code, std::string_view message);

// The parts of a path (at '/') or of a query (at '&'), each decoded (RFC 3986, 2.1); empty ones are left out.
std::vector<std::string> split(std::string_view text, char separator);

}  // namespace berth::app
