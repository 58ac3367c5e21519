#pragma once
// A berth that is held: a socket bound to a port that never listens.
//
// While it exists, a child that sets SO_REUSEADDR (node, python's asyncio and http.server, Go, Rust) binds and listens
// as if it were not there; the kernel gives the port to no outgoing connection; and the bind that made it was the
// honest answer to "is it free?". A child that does not set SO_REUSEADDR cannot bind beside it: then it has to be let
// go.

#include <berth/config.hpp>
#include <berth/expected.hpp>
#include <string>

#include "os/fd.hpp"
#include "os/listeners.hpp"

namespace berth::os {

struct HoldError {
  bool taken = true;     // false: the machine refused for a reason of its own (out of descriptors, no permission)
  bool passing = false;  // taken by nothing but the ends of old connections: free within minutes
  std::string holder;    // `COMMAND (pid N)`, when it is known
  std::string message;
};

class PortHold {
 public:
  // Binds the port at every address of this host. What has it already, a listener or an outgoing connection or another
  // hold, is an error; what is left of old connections mostly is not.
  static Expected<PortHold, HoldError> take(Port port, PortHolders& holders);

  PortHold() = default;
  [[nodiscard]] bool held() const { return static_cast<bool>(socket_); }
  void let_go() { socket_.reset(); }

 private:
  explicit PortHold(Fd socket) : socket_(std::move(socket)) {}
  Fd socket_;
};

}  // namespace berth::os
