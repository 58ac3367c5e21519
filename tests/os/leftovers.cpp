// Ports with what is left of connections that nobody owns any more.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>

#include "os/port_hold.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"
#include "support/ports.hpp"

namespace berth::os::test {
namespace {

// A connection to a server that has closed its end and has gone, while the client does not hang up: FIN_WAIT2.
class Leftover {
 public:
  explicit Leftover(bool reuse_address) {
    Fd listener = bound_socket("127.0.0.1", port(), {.reuse_address = reuse_address});
    client_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(client_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      throw std::runtime_error("connect");
    }
    server_.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

  [[nodiscard]] Port port() const { return static_cast<Port>(range_.first()); }
  void server_goes() {
    server_.reset();
    char byte = 0;
    while (::read(client_.get(), &byte, 1) > 0) continue;
  }
  void client_resets() {
    const linger at_once{1, 0};
    ::setsockopt(client_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    client_.reset();
  }
  [[nodiscard]] Expected<PortHold, HoldError> take() const {
    PortHolders holders;
    return PortHold::take(port(), holders);
  }

 private:
  harness::PortRange range_ = harness::free_port_range(1);
  Fd client_;
  Fd server_;
};

TEST_CASE("A client that has not hung up after the server's end is not in the way") {
  Leftover leftover(true);
  leftover.server_goes();
  PortHolders holders;
  CHECK(holders.only_leftovers(leftover.port()));
  const auto hold = leftover.take();
  REQUIRE(hold);
  CHECK(bound_socket("127.0.0.1", leftover.port()));  // a child can listen
}

TEST_CASE("A connection that its server still has is in the way and named") {
  const Leftover connected(true);
  PortHolders holders;
  CHECK_FALSE(holders.only_leftovers(connected.port()));
  const auto hold = connected.take();
  REQUIRE_FALSE(hold);
  CHECK_FALSE(hold.error().passing);
  CHECK(hold.error().holder == describe_process(::getpid()));
}

TEST_CASE("What cannot be bound over is in the way for a while only, and nobody is blamed") {
  Leftover leftover(false);
  leftover.server_goes();
  const auto hold = leftover.take();
  REQUIRE_FALSE(hold);
  CHECK(hold.error().taken);
  CHECK(hold.error().passing);
  CHECK(hold.error().holder.empty());
  CHECK(hold.error().message ==
        "port " + std::to_string(leftover.port()) + " still has connections of an earlier process");
  leftover.client_resets();
  CHECK(leftover.take());
}

}  // namespace
}  // namespace berth::os::test
