// The simulation of many Berths at one ledger: it is reproducible, and everything goes wrong in it.

#include "sim/ledger_world.hpp"
#include "support/catch.hpp"

namespace berth::sim {
namespace {

TEST_CASE("A seed of the ledger tells the same story every time, byte for byte") {
  for (const std::uint64_t seed : {1U, 2U, 3U, 70U, 801U}) {
    const LedgerScript script = write_ledger_script(seed);
    const LedgerOutcome first = LedgerWorld(script, true).run();
    const LedgerOutcome second = LedgerWorld(script, true).run();
    CHECK(first.story == second.story);
    CHECK(first.story_hash == LedgerWorld(script, false).run().story_hash);
    CHECK(first.events == second.events);
  }
}

TEST_CASE("Every kind of trouble comes up at the ledger within fifteen hundred seeds") {
  std::vector<std::string> missing{"is killed before `enter`",
                                   "is killed before `announce`",
                                   "is killed before `replace`",
                                   "is killed before `leave`",
                                   "is killed before `lock_port`",
                                   "is killed before `unlock_port`",
                                   "is stopped before `enter`",
                                   "is stopped before `read`",
                                   "is stopped before `replace` for 150000 ms",
                                   "is stopped before `leave`",
                                   "cannot write: no space left",
                                   "cannot write: cannot read",
                                   "cannot write: the lock was taken away",
                                   "the ledger of ports was damaged (it is empty)",
                                   "the ledger of ports was damaged (it is not JSON)",
                                   "the ledger of ports was damaged (it has no list",
                                   "the ledger of ports was damaged (entry 1",
                                   "opens the lock file anew",
                                   "has been leased to another supervisor since",
                                   "by two lock files",
                                   "is over: it is gone",
                                   "finds no port",
                                   "cannot bind port",
                                   "takes an abandoned FILE.lock away",
                                   "takes FILE.lock away",
                                   "registers port",
                                   "makes the file anew",
                                   "the clock is set",
                                   "the machine sleeps",
                                   "the machine boots",
                                   "the machine is paused",
                                   "namespace 2",
                                   "ends in order",
                                   "the end: all are killed"};
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    for (const std::string& line : LedgerWorld(write_ledger_script(seed), true).run().story) {
      std::erase_if(missing, [&](const std::string& what) { return line.find(what) != std::string::npos; });
    }
  }
  CHECK(missing == std::vector<std::string>{});
}

}  // namespace
}  // namespace berth::sim
