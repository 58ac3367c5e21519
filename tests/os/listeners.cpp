// Who listens on this host, and where.

#include "os/listeners.hpp"

#include <algorithm>

#include "os/process_tree.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"
#include "support/ports.hpp"

namespace berth::os::test {
namespace {

TEST_CASE("A listener is seen with its address and its inode") {
  struct Row {
    const char* address;
    bool v6;
    bool wildcard;
    bool loopback;
  };
  const auto row =
      GENERATE(Row{"127.0.0.1", false, false, true}, Row{"127.0.0.5", false, false, true},
               Row{"0.0.0.0", false, true, false}, Row{"::1", true, false, true}, Row{"::", true, true, false});
  if (row.v6 && !has_ipv6()) return;
  const Fd socket = bound_socket(row.address, 0);
  REQUIRE(socket);
  const auto listeners = Listeners::look();
  CHECK(listeners.known());
  const auto found = listeners.on(port_of(socket));
  const auto own = std::find_if(found.begin(), found.end(),
                                [&](const Listener& listener) { return listener.inode == inode_of(socket); });
  REQUIRE(own != found.end());
  CHECK(own->port == port_of(socket));
  CHECK(own->address == row.address);
  CHECK(own->v6 == row.v6);
  CHECK(own->wildcard() == row.wildcard);
  CHECK(own->loopback() == row.loopback);
}

TEST_CASE("An IPv4 address behind an IPv6 socket counts as that IPv4 address") {
  if (!has_ipv6()) return;
  const Fd socket = bound_socket("::ffff:127.0.0.1", 0);  // as the JVM does it
  REQUIRE(socket);
  const auto found = Listeners::look().on(port_of(socket));
  REQUIRE(found.size() == 1);
  CHECK(found[0].loopback());
  CHECK(found[0].address == "127.0.0.1");
  CHECK_FALSE(found[0].v6);
}

TEST_CASE("A listener's inode is among the open sockets of its process") {
  const Fd socket = bound_socket("127.0.0.1", 0);
  CHECK(open_sockets({::getpid()}).inodes.contains(inode_of(socket)));
  CHECK_FALSE(open_sockets({1}).inodes.contains(inode_of(socket)));
  CHECK(open_sockets({}).inodes.empty());
}

TEST_CASE("What is bound and does not listen is no listener") {
  const Fd socket = bound_socket("127.0.0.1", 0, {.listen = false});
  CHECK(Listeners::look().on(port_of(socket)).empty());
}

TEST_CASE("Two listeners on one port at two addresses are both seen") {
  if (!has_ipv6()) return;
  const auto range = harness::free_port_range(1);
  const auto port = static_cast<Port>(range.first());
  const Fd v4 = bound_socket("127.0.0.1", port);
  const Fd v6 = bound_socket("::1", port);
  REQUIRE(v4);
  REQUIRE(v6);
  CHECK(Listeners::look().on(port).size() == 2);
}

TEST_CASE("The fingerprint changes when the same port is listened on by another socket") {
  // Others on this host come and go too: the sums of our own two looks are compared through what they hold.
  const auto range = harness::free_port_range(1);
  const auto port = static_cast<Port>(range.first());
  Fd socket = bound_socket("127.0.0.1", port);
  const auto first = Listeners::look();
  CHECK(fingerprint(first.all()) == fingerprint(Listeners(first).all()));
  socket.reset();
  const auto second = Listeners::look();
  CHECK(fingerprint(first.all()) != fingerprint(second.all()));
  socket = bound_socket("127.0.0.1", port);
  const auto third = Listeners::look();
  CHECK(fingerprint(third.all()) != fingerprint(second.all()));
  CHECK(fingerprint(third.all()) != fingerprint(first.all()));
}

TEST_CASE("All listeners are ordered by port") {
  std::vector<Fd> sockets;
  for (int i = 0; i < 40; ++i) sockets.push_back(bound_socket("127.0.0.1", 0));
  const auto listeners = Listeners::look();
  CHECK(listeners.all().size() >= 40);
  CHECK(std::is_sorted(listeners.all().begin(), listeners.all().end(),
                       [](const Listener& a, const Listener& b) { return a.port < b.port; }));
  for (const Fd& socket : sockets) CHECK(listeners.on(port_of(socket)).size() == 1);
}

TEST_CASE("Many listeners are all seen: the kernel tells them in several messages") {
  std::vector<Fd> sockets;
  for (int i = 0; i < 600; ++i) {
    sockets.push_back(bound_socket("127.0.0.1", 0));
    REQUIRE(sockets.back());
  }
  const auto listeners = Listeners::look();
  std::size_t seen = 0;
  for (const Fd& socket : sockets) seen += listeners.on(port_of(socket)).size();
  CHECK(seen == sockets.size());
}

TEST_CASE("The holder of a port is named by command and pid") {
  const Fd socket = bound_socket("127.0.0.1", 0);
  PortHolders holders;
  CHECK(holders.name(port_of(socket)) == describe_process(::getpid()));
  CHECK_FALSE(holders.only_leftovers(port_of(socket)));
}

TEST_CASE("Nobody holds a free port") {
  const auto range = harness::free_port_range(1);
  PortHolders holders;
  CHECK(holders.name(static_cast<Port>(range.first())).empty());
  CHECK_FALSE(holders.only_leftovers(static_cast<Port>(range.first())));
}

}  // namespace
}  // namespace berth::os::test
