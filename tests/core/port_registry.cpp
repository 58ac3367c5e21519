// Which port belongs to whom, in memory.

#include <berth/port_registry.hpp>

#include "support/catch.hpp"

namespace berth::test {
namespace {

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("The default range has 1001 ports from 50000 to 51000") {
  const PortRegistry registry;
  CHECK(registry.range() == PortRange{50000, 51000});
  CHECK(registry.range().size() == 1001);
}

TEST_CASE("Allocation starts at the lowest port and goes up") {
  PortRegistry registry;
  for (Port port = 50000; port < 50010; ++port) CHECK(registry.allocate() == port);
  CHECK(registry.used_count() == 10);
}

TEST_CASE("A released port is the next to be handed out again") {
  PortRegistry registry;
  for (int i = 0; i < 5; ++i) registry.allocate();
  registry.release(50003);
  registry.release(50001);
  CHECK(registry.allocate() == Port{50001});
  CHECK(registry.allocate() == Port{50003});
  CHECK(registry.allocate() == Port{50005});
}

TEST_CASE("1001 allocations succeed and the 1002nd says what to do") {
  PortRegistry registry;
  for (int i = 0; i < 1001; ++i) REQUIRE(registry.allocate());
  const auto refused = registry.allocate();
  REQUIRE_FALSE(refused);
  CHECK(has(refused.error(), "50000-51000"));
  CHECK(has(refused.error(), "1001 in use"));
  CHECK(has(refused.error(), "0 dead"));
  CHECK(has(refused.error(), "`range` in [ports]"));
  CHECK(registry.used_count() == 1001);
  registry.release(50500);
  CHECK(registry.allocate() == Port{50500});
}

TEST_CASE("The message of an exhausted range counts the dead") {
  PortRegistry registry({60000, 60002});
  registry.mark_dead(60001, "address already in use");
  registry.allocate();
  registry.allocate();
  CHECK(has(registry.allocate().error(), "60000-60002: 2 in use, 1 dead"));
}

TEST_CASE("The message of an exhausted range counts the ports that rest") {
  PortRegistry registry({60000, 60000});
  registry.allocate();
  registry.rest(60000);
  CHECK(has(registry.allocate().error(), "1 rest"));
}

TEST_CASE("A release of what was not allocated changes nothing") {
  PortRegistry registry;
  registry.release(50000);
  registry.release(50999);
  CHECK(registry.used_count() == 0);
  CHECK(registry.allocate() == Port{50000});
}

TEST_CASE("Ports outside the range are nobody's business") {
  PortRegistry registry;
  registry.release(49999);
  registry.release(51001);
  registry.mark_dead(49999, "x");
  registry.mark_dead(65535, "x");
  registry.rest(1);
  registry.wake(1);
  CHECK(registry.reserve(8080));
  CHECK(registry.reserve(8080));
  CHECK_FALSE(registry.in_use(8080));
  CHECK_FALSE(registry.is_dead(49999));
  CHECK_FALSE(registry.revive(49999));
  CHECK(registry.dead().empty());
  CHECK(registry.used_count() == 0);
  CHECK(registry.next_free() == Port{50000});
}

TEST_CASE("A dead port is never handed out again, also not after a release") {
  PortRegistry registry;
  CHECK(registry.allocate() == Port{50000});
  registry.mark_dead(50000, "address already in use", "node (pid 812)");
  CHECK_FALSE(registry.in_use(50000));
  CHECK(registry.allocate() == Port{50001});
  registry.release(50000);
  CHECK(registry.is_dead(50000));
  CHECK(registry.allocate() == Port{50002});
  CHECK_FALSE(registry.reserve(50000));
}

TEST_CASE("A port may die before it was ever used") {
  PortRegistry registry;
  registry.mark_dead(50000, "x");
  CHECK(registry.allocate() == Port{50001});
}

TEST_CASE("The dead are listed lowest first with reason and holder, the latest word counts") {
  PortRegistry registry;
  registry.mark_dead(50007, "address already in use", "node (pid 812)");
  registry.mark_dead(50001, "x");
  registry.mark_dead(50001, "address already in use", "python3 (pid 9)");
  CHECK(registry.dead() == std::vector<DeadPort>{{50001, "address already in use", "python3 (pid 9)"},
                                                 {50007, "address already in use", "node (pid 812)"}});
}

TEST_CASE("A revived port is in service again") {
  PortRegistry registry;
  registry.mark_dead(50000, "x");
  CHECK(registry.revive(50000));
  CHECK_FALSE(registry.revive(50000));
  CHECK_FALSE(registry.is_dead(50000));
  CHECK(registry.allocate() == Port{50000});
}

TEST_CASE("A reserved port is skipped until it is released") {
  PortRegistry registry;
  CHECK(registry.reserve(50001));
  CHECK_FALSE(registry.reserve(50001));
  CHECK(registry.in_use(50001));
  CHECK(registry.allocate() == Port{50000});
  CHECK(registry.allocate() == Port{50002});
  registry.release(50001);
  CHECK(registry.allocate() == Port{50001});
}

TEST_CASE("A resting port is neither in use nor free until it is woken") {
  PortRegistry registry;
  registry.allocate();
  registry.rest(50000);
  CHECK_FALSE(registry.in_use(50000));
  CHECK_FALSE(registry.is_dead(50000));
  CHECK_FALSE(registry.reserve(50000));
  CHECK(registry.allocate() == Port{50001});
  registry.release(50000);
  CHECK(registry.allocate() == Port{50002});
  registry.wake(50000);
  CHECK(registry.allocate() == Port{50000});
}

TEST_CASE("A wake of what does not rest changes nothing") {
  PortRegistry registry;
  registry.allocate();
  registry.wake(50000);
  CHECK(registry.in_use(50000));
  registry.mark_dead(50001, "x");
  registry.wake(50001);
  CHECK(registry.is_dead(50001));
}

TEST_CASE("A port that dies while it rests stays dead when it is woken") {
  PortRegistry registry;
  registry.rest(50000);
  registry.mark_dead(50000, "x");
  registry.wake(50000);
  CHECK(registry.allocate() == Port{50001});
  CHECK(registry.revive(50000));
  CHECK(registry.allocate() == Port{50000});
}

TEST_CASE("A range of one port") {
  PortRegistry registry({8765, 8765});
  CHECK(registry.allocate() == Port{8765});
  CHECK(has(registry.allocate().error(), "8765-8765: 1 in use"));
}

TEST_CASE("The whole range of ports from 1 to 65535") {
  PortRegistry registry({1, 65535});
  CHECK(registry.range().size() == 65535);
  for (std::uint32_t port = 1; port <= 65535; ++port) REQUIRE(registry.allocate() == static_cast<Port>(port));
  CHECK(has(registry.allocate().error(), "65535 in use"));
  registry.release(65535);
  CHECK(registry.next_free() == Port{65535});
  registry.release(1);
  CHECK(registry.next_free() == Port{1});
}

TEST_CASE("The next free port from a number on, without taking it") {
  PortRegistry registry;
  CHECK(registry.next_free() == Port{50000});
  CHECK(registry.next_free(50500) == Port{50500});
  CHECK(registry.next_free(51000) == Port{51000});
  CHECK_FALSE(registry.next_free(51001));
  CHECK_FALSE(registry.next_free(65535));
  CHECK_FALSE(registry.next_free(65536));
  registry.reserve(50500);
  CHECK(registry.next_free(50500) == Port{50501});
  CHECK(registry.used_count() == 1);
}

TEST_CASE("Two thousand crashes on three ports leak none") {
  PortRegistry registry({50000, 50002});
  for (int i = 0; i < 2000; ++i) {
    const auto port = registry.allocate();
    REQUIRE(port);
    registry.release(*port);
  }
  CHECK(registry.used_count() == 0);
}

}  // namespace
}  // namespace berth::test
