// The sockets: one thread, a listener and its connections. Everything that is said over them comes from the handler.
#pragma once

#include "http_types.hpp"
#include "options.hpp"

namespace harbour {

// Serves until SIGTERM or SIGINT and returns the exit code: 0, or 1 when the address cannot be listened on, which is
// said on stderr. `name` is for the line that tells where it listens.
int serve(const Options& options, const std::string& name, const HttpHandler& handler);

}  // namespace harbour
