// What the listeners of this host mean for one server. The sockets are all this process's own; which of them are the
// server's is what the test says.

#include "app/sightings.hpp"

#include <algorithm>

#include "os/process.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"
#include "support/ports.hpp"

namespace berth::app::test {
namespace {

using os::Fd;
using os::test::bound_socket;
using os::test::has_ipv6;
using os::test::inode_of;

class Quay {
 public:
  [[nodiscard]] Port berth() const { return static_cast<Port>(range_.first()); }
  [[nodiscard]] Port other() const { return static_cast<Port>(range_.first() + 1); }

  void ours(const std::string& address, Port port, bool only_v6 = false) {
    sockets_.push_back(bound_socket(address, port, {.only_v6 = only_v6}));
    REQUIRE(sockets_.back());
    own_.inodes.insert(inode_of(sockets_.back()));
  }
  void strangers(const std::string& address, Port port) {
    sockets_.push_back(bound_socket(address, port));
    REQUIRE(sockets_.back());
  }
  [[nodiscard]] Sighting look(const std::string& host = "127.0.0.1") const {
    return sight(os::Listeners::look(), berth(), host, own_);
  }
  [[nodiscard]] std::vector<std::string> ways(const std::string& host = "127.0.0.1") const {
    std::vector<std::string> list;
    for (const Approach& approach : look(host).approaches) list.push_back(approach.address + " as " + approach.host);
    return list;
  }

 private:
  harness::PortRange range_ = harness::free_port_range(2);
  std::vector<Fd> sockets_;
  os::OpenSockets own_;
};

using Ways = std::vector<std::string>;

TEST_CASE("Nobody on the berth is nobody") {
  const Quay quay;
  const auto sighting = quay.look();
  CHECK_FALSE(sighting.seen.own_here);
  CHECK_FALSE(sighting.seen.stranger_here);
  CHECK_FALSE(sighting.seen.own_elsewhere);
  CHECK(sighting.approaches.empty());
}

TEST_CASE("The own listener on 127.0.0.1 is reached by number and by name") {
  Quay quay;
  quay.ours("127.0.0.1", quay.berth());
  const auto sighting = quay.look();
  CHECK(sighting.seen.own_here);
  CHECK_FALSE(sighting.seen.stranger_here);
  CHECK(sighting.inode != 0);
  CHECK(quay.ways() == Ways{"127.0.0.1 as 127.0.0.1", "127.0.0.1 as localhost"});
}

TEST_CASE("The own listener on ::1 is reached there") {
  if (!has_ipv6()) return;
  Quay quay;
  quay.ours("::1", quay.berth());
  CHECK(quay.look().seen.own_here);
  CHECK(quay.ways() == Ways{"::1 as [::1]", "::1 as localhost"});
}

TEST_CASE("A wildcard is reached at 127.0.0.1 first") {
  Quay quay;
  quay.ours("0.0.0.0", quay.berth());
  CHECK(quay.look().seen.own_here);
  CHECK(quay.ways() == Ways{"127.0.0.1 as 127.0.0.1", "127.0.0.1 as localhost"});
}

TEST_CASE("An IPv6 wildcard is reached both ways") {
  if (!has_ipv6()) return;
  Quay quay;
  quay.ours("::", quay.berth());
  CHECK(quay.ways() == Ways{"127.0.0.1 as 127.0.0.1", "127.0.0.1 as localhost", "::1 as [::1]", "::1 as localhost"});
}

TEST_CASE("Another loopback address will do") {
  Quay quay;
  quay.ours("127.0.0.9", quay.berth());
  CHECK(quay.look().seen.own_here);
  CHECK(quay.ways() == Ways{"127.0.0.9 as 127.0.0.9"});
}

TEST_CASE("A listener of the JVM on 127.0.0.1, which is an IPv6 socket, is the own one there") {
  if (!has_ipv6()) return;
  Quay quay;
  quay.ours("::ffff:127.0.0.1", quay.berth());
  CHECK(quay.look().seen.own_here);
  CHECK(quay.ways() == Ways{"127.0.0.1 as 127.0.0.1", "127.0.0.1 as localhost"});
}

TEST_CASE("A stranger alone on the berth is named") {
  Quay quay;
  quay.strangers("127.0.0.1", quay.berth());
  const auto sighting = quay.look();
  CHECK_FALSE(sighting.seen.own_here);
  CHECK(sighting.seen.stranger_here);
  CHECK(sighting.seen.stranger == os::describe_process(::getpid()));
}

TEST_CASE("A stranger on 127.0.0.1 does not matter to a server on ::1") {
  if (!has_ipv6()) return;
  Quay quay;
  quay.strangers("127.0.0.1", quay.berth());
  quay.ours("::1", quay.berth());
  CHECK(quay.look().seen.own_here);
  CHECK_FALSE(quay.look().seen.stranger_here);
  CHECK(quay.ways() == Ways{"::1 as [::1]", "::1 as localhost"});
}

TEST_CASE("No way to an own listener leads to a stranger") {
  if (!has_ipv6()) return;
  Quay quay;
  quay.strangers("127.0.0.1", quay.berth());
  quay.ours("::", quay.berth(), true);  // IPv6 alone: the stranger has 127.0.0.1
  const auto sighting = quay.look();
  const bool misled = std::any_of(sighting.approaches.begin(), sighting.approaches.end(),
                                  [](const Approach& approach) { return approach.address == "127.0.0.1"; });
  CHECK_FALSE(misled);
}

TEST_CASE("A listener on another port is elsewhere") {
  Quay quay;
  quay.ours("127.0.0.1", quay.other());
  const auto sighting = quay.look();
  CHECK_FALSE(sighting.seen.own_here);
  CHECK(sighting.seen.own_elsewhere == quay.other());
}

TEST_CASE("A server that moved away from a stranger shows both") {
  Quay quay;
  quay.strangers("127.0.0.1", quay.berth());
  quay.ours("127.0.0.1", quay.other());
  const auto sighting = quay.look();
  CHECK(sighting.seen.stranger_here);
  CHECK(sighting.seen.own_elsewhere == quay.other());
}

TEST_CASE("A second port beside the berth is of no interest") {
  Quay quay;
  quay.ours("127.0.0.1", quay.berth());
  quay.ours("127.0.0.1", quay.other());
  CHECK(quay.look().seen.own_here);
  CHECK_FALSE(quay.look().seen.own_elsewhere);
}

TEST_CASE("Strangers on other ports are of no interest") {
  Quay quay;
  quay.strangers("127.0.0.1", quay.other());
  CHECK_FALSE(quay.look().seen.stranger_here);
  CHECK_FALSE(quay.look().seen.own_elsewhere);
}

TEST_CASE("The address of ports.host comes first") {
  Quay quay;
  quay.ours("127.0.0.9", quay.berth());
  quay.ours("127.0.0.1", quay.berth());
  CHECK(quay.ways("127.0.0.1").front() == "127.0.0.1 as 127.0.0.1");
}

}  // namespace
}  // namespace berth::app::test
