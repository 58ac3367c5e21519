#pragma once
// Listening sockets by raw system calls, shared by the hostile child and the thief.

#include <string>

namespace hostile {

struct Listener {
  int fd = -1;    // -1: not listening
  int error = 0;  // errno of the step that failed

  explicit operator bool() const { return fd >= 0; }
};

// Binds and listens on `address`:`port`. Addresses: 127.0.0.1, 0.0.0.0, ::1, :: (both families) and
// `localhost-style` (the first answer of the resolver for "localhost", which is what Node does).
Listener listen_on(const std::string& address, int port, bool reuse_address);

// The port that the kernel chose for a listener on port 0.
int local_port(int fd);

}  // namespace hostile
