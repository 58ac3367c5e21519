// Berths for servers: what the registry says and what the bind says, with real sockets.

#include "core/port_desk.hpp"

#include "os/socket_binder.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"
#include "support/ports.hpp"

namespace berth::os::test {
namespace {

using core::Cause;
using core::ClaimPort;
using core::PortDesk;

class Desk {
 public:
  explicit Desk(int ports, std::vector<Port> fixed = {})
      : range_(harness::free_port_range(ports)),
        desk_({port(0), port(ports - 1)}, fixed, binder_, [this](const std::string& line) { log_.push_back(line); }) {}

  [[nodiscard]] Port port(int i) const { return static_cast<Port>(range_.first() + i); }
  Expected<Port, core::PortRefused> claim(std::optional<Port> prefer = {}, std::vector<Port> avoid = {}) {
    return desk_.claim(ClaimPort{prefer, std::move(avoid), false}, now_);
  }
  Expected<Port, core::PortRefused> claim_again(Port held) { return desk_.claim(ClaimPort{held, {}, true}, now_); }
  PortDesk& operator*() { return desk_; }
  PortDesk* operator->() { return &desk_; }
  [[nodiscard]] const std::vector<std::string>& log() const { return log_; }
  [[nodiscard]] core::Instant now() const { return now_; }
  void pass(std::chrono::seconds time) { now_ += time; }

 private:
  core::Instant now_{};
  SocketBinder binder_;
  harness::PortRange range_;
  std::vector<std::string> log_;
  PortDesk desk_;
};

TEST_CASE("Claims are given lowest first and held") {
  Desk desk(3);
  CHECK(desk.claim() == desk.port(0));
  CHECK(desk.claim() == desk.port(1));
  CHECK(desk->holds(desk.port(0)));
  CHECK(desk->berths() == 2);
  CHECK_FALSE(bound_socket("127.0.0.1", desk.port(0), {.reuse_address = false}));
}

TEST_CASE("A port that somebody listens on is passed over and told") {
  Desk desk(3);
  const Fd thief = bound_socket("127.0.0.1", desk.port(0));
  CHECK(desk.claim() == desk.port(1));
  REQUIRE(desk.log().size() == 1);
  CHECK(desk.log()[0].find("passed over") != std::string::npos);
  CHECK_FALSE(desk->registry().is_dead(desk.port(0)));
}

TEST_CASE("A preferred port is given when it is free and another one when it is not") {
  Desk desk(3);
  CHECK(desk.claim(desk.port(2)) == desk.port(2));
  CHECK(desk.claim_again(desk.port(2)) == desk.port(2));  // it is kept since the last run
  desk->release(desk.port(2));
  const Fd thief = bound_socket("127.0.0.1", desk.port(2));
  CHECK(desk.claim(desk.port(2)) == desk.port(0));
}

TEST_CASE("A kept berth whose hold was let go is held again or given up when somebody came") {
  Desk desk(3);
  REQUIRE(desk.claim() == desk.port(0));
  desk->let_go_of_hold(desk.port(0));
  CHECK_FALSE(desk->holds(desk.port(0)));
  CHECK(desk.claim_again(desk.port(0)) == desk.port(0));
  CHECK(desk->holds(desk.port(0)));
  desk->let_go_of_hold(desk.port(0));
  const Fd thief = bound_socket("127.0.0.1", desk.port(0));
  CHECK(desk.claim_again(desk.port(0)) == desk.port(1));
  CHECK(desk->berths() == 1);
  CHECK_FALSE(desk->registry().in_use(desk.port(0)));
}

TEST_CASE("The port that a server had before is not taken from the one who has it now") {
  Desk desk(3);
  REQUIRE(desk.claim() == desk.port(0));
  desk->release(desk.port(0));
  REQUIRE(desk.claim() == desk.port(0));  // another server
  CHECK(desk.claim(desk.port(0)) == desk.port(1));
  CHECK(desk->berths() == 2);
}

TEST_CASE("A released port is the next one and its socket is gone") {
  Desk desk(3);
  REQUIRE(desk.claim());
  desk->release(desk.port(0));
  CHECK(desk->berths() == 0);
  CHECK(bound_socket("127.0.0.1", desk.port(0), {.reuse_address = false}));
  CHECK(desk.claim() == desk.port(0));
}

TEST_CASE("A condemned port is dead with reason and holder") {
  Desk desk(2);
  REQUIRE(desk.claim());
  desk->condemn(desk.port(0), "address already in use", "node (pid 812)");
  CHECK(desk->registry().dead() == std::vector<DeadPort>{{desk.port(0), "address already in use", "node (pid 812)"}});
  CHECK(desk.claim() == desk.port(1));
}

TEST_CASE("A dead port is revived only when there is no other and never for the one that lost it") {
  Desk desk(2);
  REQUIRE(desk.claim());
  desk->condemn(desk.port(0), "address already in use", "");
  CHECK(desk.claim() == desk.port(1));
  CHECK_FALSE(desk.claim({}, {desk.port(0)}));
  CHECK(desk.claim() == desk.port(0));
  CHECK_FALSE(desk->registry().is_dead(desk.port(0)));
  CHECK(desk.log().back().find("back in service") != std::string::npos);
}

TEST_CASE("A dead port that is still held stays dead") {
  Desk desk(1);
  REQUIRE(desk.claim());
  desk->condemn(desk.port(0), "address already in use", "");
  const Fd thief = bound_socket("127.0.0.1", desk.port(0));
  const auto refused = desk.claim();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().cause == Cause::port_range_exhausted);
  CHECK(desk->registry().is_dead(desk.port(0)));
}

TEST_CASE("An exhausted range says so with those who have it") {
  Desk desk(2);
  REQUIRE(desk.claim());
  const Fd thief = bound_socket("127.0.0.1", desk.port(1));
  const auto refused = desk.claim();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().cause == Cause::port_range_exhausted);
  CHECK(refused.error().message.find("1 in use") != std::string::npos);
  CHECK(refused.error().message.find("held: " + std::to_string(desk.port(0)) + " by this project; " +
                                     std::to_string(desk.port(1)) + " by " + describe_process(::getpid())) !=
        std::string::npos);
  CHECK(desk->berths() == 1);
}

TEST_CASE("A resting port comes back after its rest") {
  Desk desk(1);
  REQUIRE(desk.claim());
  desk->rest(desk.port(0), desk.now());
  CHECK(desk->berths() == 0);
  CHECK_FALSE(desk.claim());
  desk.pass(PortDesk::rest_of_a_port);
  CHECK(desk.claim() == desk.port(0));
}

TEST_CASE("A fixed port in the range is given to no other and stays reserved when it is released") {
  const auto range = harness::free_port_range(3);
  const auto first = static_cast<Port>(range.first());
  SocketBinder binder;
  PortDesk desk({first, static_cast<Port>(first + 2)}, {first}, binder, [](const std::string&) {});
  CHECK(desk.claim({}, {}) == static_cast<Port>(first + 1));
  CHECK(desk.claim_fixed(first, false) == first);
  CHECK(desk.holds(first));
  CHECK(desk.claim_fixed(first, true) == first);
  desk.release(first);
  CHECK_FALSE(desk.holds(first));
  CHECK(desk.claim({}, {}) == static_cast<Port>(first + 2));
}

TEST_CASE("A fixed port that somebody holds is refused by name and takes no berth") {
  Desk desk(1);
  const auto range = harness::free_port_range(1);
  const auto fixed = static_cast<Port>(range.first());
  SECTION("before the first claim") {}
  SECTION("while its hold was let go") {
    REQUIRE(desk->claim_fixed(fixed, false));
    desk->let_go_of_hold(fixed);
  }
  const Fd thief = bound_socket("127.0.0.1", fixed);
  const auto refused = desk->claim_fixed(fixed, true);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().cause == Cause::fixed_port_held);
  CHECK(refused.error().message.find("fixed port " + std::to_string(fixed) + " is held by") == 0);
  CHECK(desk->berths() == 0);
}

TEST_CASE("Who has a berth now: the own hold, nobody, or somebody by name") {
  Desk desk(1);
  std::string name;
  REQUIRE(desk.claim());
  CHECK(desk->holder_now(desk.port(0), name) == core::Holder::own_hold);
  desk->let_go_of_hold(desk.port(0));
  CHECK(desk->holder_now(desk.port(0), name) == core::Holder::nobody);
  CHECK(name.empty());
  const Fd thief = bound_socket("127.0.0.1", desk.port(0));
  CHECK(desk->holder_now(desk.port(0), name) == core::Holder::unknown);
  CHECK(name == os::describe_process(::getpid()));
}

}  // namespace
}  // namespace berth::os::test
