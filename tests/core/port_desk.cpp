// Which ports are asked for, how often, and whether a refusal is worth asking again. The host is a table.

#include "core/port_desk.hpp"

#include <map>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace berth::core::test {
namespace {

using namespace std::chrono_literals;

class Host : public PortBinder {
 public:
  std::optional<Trouble> bind(Port port) override {
    asked.push_back(port);
    const auto trouble = troubles.find(port);
    return trouble == troubles.end() ? std::nullopt : std::optional(trouble->second);
  }
  void unbind(Port) override {}
  void leave(Port) override {}
  std::string holder(Port port) override { return troubles.contains(port) ? troubles.at(port).holder : ""; }
  void look_anew() override {}

  std::map<Port, Trouble> troubles;
  std::vector<Port> asked;
};

const PortBinder::Trouble busy{true, false, "node (pid 812)", "it is held by node (pid 812)"};
const PortBinder::Trouble leftover{true, true, "", "it still has connections of an earlier process"};
const PortBinder::Trouble no_descriptors{false, false, "", "Too many open files"};

// Of the ports 50000, 50001 and so on.
struct Desk {
  explicit Desk(int ports)
      : desk({50000, static_cast<Port>(50000 + ports - 1)}, {}, host,
             [this](const std::string& line) { log.push_back(line); }) {}
  Expected<Port, PortRefused> claim() { return desk.claim(ClaimPort{{}, {}, false}, now); }
  std::vector<Port> asked_by_a_claim() {
    host.asked.clear();
    if (const auto port = claim()) desk.release(*port);
    return host.asked;
  }

  Instant now{1h};
  Host host;
  std::vector<std::string> log;
  PortDesk desk;
};

TEST_CASE("A busy port is told once however often it is claimed") {
  Desk desk(3);
  desk.host.troubles = {{50000, busy}, {50001, busy}};
  for (int i = 0; i < 40; ++i) {
    CHECK(desk.asked_by_a_claim().back() == 50002);
    desk.now += 1s;
  }
  CHECK(desk.log.size() == 2);

  desk.host.troubles.clear();
  desk.now += PortDesk::memory_of_busy_ports;
  REQUIRE(desk.asked_by_a_claim() == std::vector<Port>{50000});
  desk.host.troubles = {{50000, busy}};
  desk.asked_by_a_claim();
  CHECK(desk.log.size() == 3);  // it was free in between
}

TEST_CASE("A busy port is not asked for again for a while, unless there is no other") {
  Desk desk(2);
  desk.host.troubles = {{50000, busy}};
  CHECK(desk.asked_by_a_claim() == std::vector<Port>{50000, 50001});
  CHECK(desk.asked_by_a_claim() == std::vector<Port>{50001});
  desk.now += PortDesk::memory_of_busy_ports;
  CHECK(desk.asked_by_a_claim() == std::vector<Port>{50000, 50001});

  desk.host.troubles = {{50001, busy}};
  CHECK(desk.asked_by_a_claim() == std::vector<Port>{50001, 50000});
}

TEST_CASE("A range with a port that will be free within minutes is refused for now only") {
  Desk desk(3);
  desk.host.troubles = {{50000, busy}, {50001, leftover}, {50002, busy}};
  for (int i = 0; i < 2; ++i) {  // the second time they are remembered
    const auto refused = desk.claim();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().cause == Cause::port_range_exhausted);
    CHECK(refused.error().passing);
  }
  desk.host.troubles.erase(50001);
  CHECK(desk.claim() == Port{50001});
}

TEST_CASE("A range with a resting port is refused for now only") {
  Desk desk(1);
  REQUIRE(desk.claim() == Port{50000});
  desk.desk.rest(50000, desk.now);
  const auto refused = desk.claim();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().passing);
  desk.now += PortDesk::rest_of_a_port;
  CHECK(desk.claim() == Port{50000});
}

TEST_CASE("A range that others hold is refused for good") {
  Desk desk(2);
  REQUIRE(desk.claim());
  desk.host.troubles = {{50001, busy}};
  const auto refused = desk.claim();
  REQUIRE_FALSE(refused);
  CHECK_FALSE(refused.error().passing);
}

TEST_CASE("A machine that refuses is asked for one port and again later") {
  Desk desk(3);
  desk.host.troubles = {{50000, no_descriptors}, {50001, no_descriptors}, {50002, no_descriptors}};
  const auto refused = desk.claim();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().cause == Cause::spawn_failed);
  CHECK(refused.error().passing);
  CHECK(desk.host.asked == std::vector<Port>{50000});
  CHECK(desk.log.empty());
}

TEST_CASE("A fixed port is refused for now only when what is in the way will pass") {
  Desk desk(1);
  desk.host.troubles = {{40000, leftover}, {40001, busy}, {40002, no_descriptors}};
  CHECK(desk.desk.claim_fixed(40000, false).error().passing);
  CHECK(desk.desk.claim_fixed(40000, false).error().message.find("end that process") == std::string::npos);
  CHECK_FALSE(desk.desk.claim_fixed(40001, false).error().passing);
  CHECK(desk.desk.claim_fixed(40001, false).error().message.find("end that process") != std::string::npos);
  CHECK(desk.desk.claim_fixed(40002, false).error().passing);
}

TEST_CASE("A port that becomes fixed is nobody else's, from the next claim on") {
  Desk desk(3);
  const auto first = desk.claim();
  REQUIRE(first == 50000);
  desk.desk.set_fixed_ports({50000, 50001});
  SECTION("who has it keeps it until it asks again") {
    CHECK(desk.desk.has_berth(50000));
    const auto refused = desk.desk.claim_fixed(50000, false);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().cause == Cause::fixed_port_held);
    CHECK(refused.error().passing);
    CHECK(desk.desk.claim(ClaimPort{50000, {}, true}, desk.now) == 50002);
    CHECK(desk.desk.claim_fixed(50000, false) == 50000);
  }
  SECTION("who gives it back gives it to its owner") {
    desk.desk.release(50000);
    CHECK(desk.claim() == 50002);
    CHECK_FALSE(desk.claim());
  }
  SECTION("when it had said to be taken") {
    desk.desk.rest(50000, desk.now);
    desk.now += 2 * PortDesk::rest_of_a_port;
    CHECK(desk.claim() == 50002);
    CHECK_FALSE(desk.claim());
  }
  SECTION("when it was dead") {
    desk.desk.condemn(50000, "address already in use", "node (pid 812)");
    CHECK(desk.claim() == 50002);
    CHECK_FALSE(desk.claim());
    CHECK(desk.desk.claim_fixed(50000, false) == 50000);
    CHECK(desk.desk.registry().dead().empty());
    CHECK(desk.desk.registry().in_use(50000));
  }
}

TEST_CASE("A port that is fixed no longer is anybody's") {
  Desk desk(2);
  desk.desk.set_fixed_ports({50000, 50001});
  REQUIRE(desk.desk.claim_fixed(50000, false) == 50000);
  CHECK_FALSE(desk.claim());
  desk.desk.set_fixed_ports({});
  CHECK(desk.claim() == 50001);
  CHECK_FALSE(desk.claim());  // its owner has it still
  desk.desk.release(50000);
  CHECK(desk.claim() == 50000);
}

}  // namespace
}  // namespace berth::core::test
