// The simulation itself: the same seed is the same story, and a story is made shorter without losing its point.

#include "sim/shortest.hpp"
#include "sim/world.hpp"
#include "support/catch.hpp"

namespace berth::sim {
namespace {

TEST_CASE("A seed tells the same story every time, byte for byte") {
  for (const std::uint64_t seed : {1U, 2U, 3U, 70U, 801U}) {
    const Script script = write_script(seed);
    const Outcome first = World(script, true).run();
    const Outcome second = World(script, true).run();
    CHECK(first.story == second.story);
    CHECK(first.story_hash == second.story_hash);
    CHECK(first.story_hash == World(script, false).run().story_hash);
    CHECK(first.events == second.events);
  }
}

TEST_CASE("Seeds differ") {
  CHECK(World(write_script(1), false).run().story_hash != World(write_script(2), false).run().story_hash);
}

TEST_CASE("Every kind of trouble comes up within fifteen hundred seeds") {
  std::vector<std::string> missing{"finds port",
                                   "listens on",
                                   "no more",
                                   "its grandchild ends",
                                   "cannot be launched for now",
                                   "no such command",
                                   "→ crashloop",
                                   "→ unhealthy",
                                   "→ exited",
                                   "→ failed (budget_spent)",
                                   "→ failed (dependency)",
                                   "→ failed (port_conflict)",
                                   "→ failed (fixed_port_held)",
                                   "→ failed (port_range_exhausted)",
                                   "wrong_port",
                                   "not_listening",
                                   "probe_failed",
                                   "start_timeout",
                                   "oom_killed",
                                   "clean_exit",
                                   "to rest",
                                   "without a hold",
                                   "the supervisor goes on",
                                   "machine is paused",
                                   "its tree is killed",
                                   "another begins"};
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    for (const std::string& line : World(write_script(seed), true).run().story) {
      std::erase_if(missing, [&](const std::string& what) { return line.find(what) != std::string::npos; });
    }
  }
  CHECK(missing == std::vector<std::string>{});
}

}  // namespace
}  // namespace berth::sim
