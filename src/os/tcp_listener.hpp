#pragma once
// A socket that listens on a TCP port of one address.

#include <berth/config.hpp>
#include <berth/expected.hpp>
#include <string>

#include "os/fd.hpp"

namespace berth::os {

// `address` is numeric, of IPv4 or IPv6; `port` 1–65535. Does not block. Connections of an earlier process that linger
// are no hindrance; a listener is, and the message names who has it, where that can be seen.
Expected<Fd, std::string> listen_on_tcp(const std::string& address, Port port);

}  // namespace berth::os
