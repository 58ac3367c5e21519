// From an HTTP request to its reply: /mcp speaks the protocol, /health says that the process is alive.
#pragma once

#include "http_types.hpp"
#include "mcp.hpp"

namespace harbour {

HttpReply route(const Mcp& mcp, const HttpRequest& request);

}  // namespace harbour
