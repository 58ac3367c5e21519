// Which requests are let in, judged by their headers alone.
#pragma once

#include <string_view>

#include "http_types.hpp"

namespace harbour {

bool equal_folded(std::string_view a, std::string_view b);

// "localhost", "127.0.0.1" or "[::1]", with or without a port. A page of another site can make a browser connect here
// by DNS rebinding, but it cannot make the browser lie about the name that it connected to.
bool is_local_authority(std::string_view authority);

// http or https on such a name. Only browsers send an Origin.
bool is_local_origin(std::string_view origin);

// Whether an Accept header leaves room for application/json.
bool accepts_json(std::string_view accept);

// application/json, with or without parameters. A browser's form cannot send it across sites without asking first.
bool is_json(std::string_view content_type);

}  // namespace harbour
