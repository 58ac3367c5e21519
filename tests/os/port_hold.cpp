// A held berth: an honest answer to "is it free?", a bar to others, and none to the child.

#include "os/port_hold.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <cstdio>

#include "os/support.hpp"
#include "support/catch.hpp"
#include "support/ports.hpp"

namespace berth::os::test {
namespace {

Expected<PortHold, HoldError> take(Port port) {
  PortHolders holders;
  return PortHold::take(port, holders);
}

std::string own_name() {
  return describe_process(::getpid());
}

class OwnPorts {
 public:
  [[nodiscard]] Port port() const { return static_cast<Port>(range_.first()); }

 private:
  harness::PortRange range_ = harness::free_port_range(1);
};

TEST_CASE("A free port can be held once and again when it was let go") {
  const OwnPorts own;
  auto first = take(own.port());
  REQUIRE(first);
  CHECK(first->held());
  const auto second = take(own.port());
  REQUIRE_FALSE(second);
  CHECK(second.error().taken);
  first->let_go();
  CHECK_FALSE(first->held());
  CHECK(take(own.port()));
}

TEST_CASE("A hold that was never taken holds nothing") {
  CHECK_FALSE(PortHold{}.held());
}

TEST_CASE("A listener at any address of this host is in the way and named") {
  const OwnPorts own;
  const std::string address = GENERATE("127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::");
  if (address.find(':') != std::string::npos && !has_ipv6()) return;
  INFO(address);
  const Fd listener = bound_socket(address, own.port());
  REQUIRE(listener);
  const auto hold = take(own.port());
  REQUIRE_FALSE(hold);
  CHECK(hold.error().taken);
  CHECK(hold.error().holder == own_name());
  CHECK(hold.error().message == "port " + std::to_string(own.port()) + " is held by " + own_name());
}

TEST_CASE("A listener for IPv6 alone is in the way too") {
  if (!has_ipv6()) return;
  const OwnPorts own;
  const Fd listener = bound_socket("::", own.port(), {.only_v6 = true});
  REQUIRE(listener);
  CHECK_FALSE(take(own.port()));
}

TEST_CASE("A socket that is bound and does not listen is in the way") {
  const OwnPorts own;
  const Fd bound = bound_socket("127.0.0.1", own.port(), {.listen = false});
  REQUIRE(bound);
  const auto hold = take(own.port());
  REQUIRE_FALSE(hold);
  CHECK(hold.error().taken);
  CHECK_FALSE(hold.error().message.empty());
}

TEST_CASE("An outgoing connection from the port is in the way and named") {
  const OwnPorts own;
  const Fd listener = bound_socket("127.0.0.1", 0);
  const Fd client = bound_socket("127.0.0.1", own.port(), {.listen = false});
  REQUIRE(client);
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  const auto hold = take(own.port());
  REQUIRE_FALSE(hold);
  CHECK(hold.error().holder == own_name());
}

TEST_CASE("Connections in TIME_WAIT are not in the way") {
  const OwnPorts own;
  leave_time_wait(own.port());
  CHECK_FALSE(bound_socket("127.0.0.1", own.port(), {.reuse_address = false}));
  PortHolders holders;
  CHECK(holders.only_leftovers(own.port()));
  const auto hold = take(own.port());
  REQUIRE(hold);
  CHECK(hold->held());
  CHECK(bound_socket("127.0.0.1", own.port()));  // a child can listen
}

// Since 6.8 Linux tells of sockets that are bound and nothing else.
bool kernel_tells_of_bound_sockets() {
  utsname system{};
  int major = 0;
  int minor = 0;
  return ::uname(&system) == 0 && std::sscanf(system.release, "%d.%d", &major, &minor) == 2 &&
         (major > 6 || (major == 6 && minor >= 8));
}

TEST_CASE("Of two holds on a port with connections in TIME_WAIT only one is given") {
  if (!kernel_tells_of_bound_sockets()) return;
  const OwnPorts own;
  leave_time_wait(own.port());
  const auto first = take(own.port());
  REQUIRE(first);
  CHECK_FALSE(take(own.port()));
}

TEST_CASE("A child that sets SO_REUSEADDR binds and listens beside the hold at any address") {
  const OwnPorts own;
  const auto hold = take(own.port());
  REQUIRE(hold);
  for (const std::string address : {"127.0.0.1", "0.0.0.0", "::1", "::"}) {
    if (address.find(':') != std::string::npos && !has_ipv6()) continue;
    INFO(address);
    CHECK(bound_socket(address, own.port()));
  }
}

TEST_CASE("A child that does not set SO_REUSEADDR cannot bind until the hold is let go") {
  const OwnPorts own;
  auto hold = take(own.port());
  REQUIRE(hold);
  CHECK_FALSE(bound_socket("127.0.0.1", own.port(), {.reuse_address = false}));
  CHECK_FALSE(bound_socket("0.0.0.0", own.port(), {.reuse_address = false}));
  hold->let_go();
  CHECK(bound_socket("127.0.0.1", own.port(), {.reuse_address = false}));
}

TEST_CASE("A hold is nobody's listener") {
  const OwnPorts own;
  const auto hold = take(own.port());
  REQUIRE(hold);
  CHECK(Listeners::look().on(own.port()).empty());
  const Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK_FALSE(harness::somebody_listens(own.port()));
}

TEST_CASE("The hold stays when the child that listened beside it has gone") {
  const OwnPorts own;
  const auto hold = take(own.port());
  REQUIRE(hold);
  {
    const Fd listener = bound_socket("127.0.0.1", own.port());
    REQUIRE(listener);
  }
  CHECK_FALSE(take(own.port()));
  CHECK(bound_socket("127.0.0.1", own.port()));
}

TEST_CASE("A port that this user may not bind is refused and nobody is blamed for it") {
  if (::geteuid() == 0) return;
  const auto hold = take(80);
  if (hold) return;  // net.ipv4.ip_unprivileged_port_start
  CHECK(hold.error().holder.empty());
  CHECK(hold.error().message.find("port 80") != std::string::npos);
}

TEST_CASE("Want of descriptors is no sign that the port is taken") {
  const OwnPorts own;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const auto hold = take(own.port());
  ::setrlimit(RLIMIT_NOFILE, &before);
  REQUIRE_FALSE(hold);
  CHECK_FALSE(hold.error().taken);
}

}  // namespace
}  // namespace berth::os::test
