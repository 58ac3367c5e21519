// When an entry of the port ledger is over.

#include "core/lease_rules.hpp"

#include "support/catch.hpp"

namespace berth::core::test {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds hours = 100h;
constexpr auto stands = LeaseVerdict::stands;
constexpr auto over = LeaseVerdict::over;
constexpr auto if_silent = LeaseVerdict::over_if_silent_port;

TEST_CASE("A lease ends with its process, and by silence only where that cannot be told") {
  struct Row {
    bool locked;
    Life life;
    Milliseconds silence;
    Milliseconds by_clock;
    LeaseVerdict verdict;
  };
  const auto row = GENERATE(values<Row>({
      // Whoever lives stays, whatever any clock says.
      {false, Life::alive, 0ms, 0ms, stands},
      {false, Life::alive, hours, hours, stands},
      {false, Life::alive, 0ms, -hours, stands},
      // Whoever is gone goes, however fresh the heartbeat.
      {false, Life::gone, 0ms, 0ms, over},
      {false, Life::gone, 0ms, -hours, over},
      {false, Life::gone, hours, hours, over},
      // A lock of the kernel speaks for all of them.
      {true, Life::gone, hours, hours, stands},
      {true, Life::absent, hours, hours, stands},
      {true, Life::unknown, hours, hours, stands},
      // No such process: the clock counts as well.
      {false, Life::absent, 0ms, 0ms, stands},
      {false, Life::absent, 0ms, 59'999ms, stands},
      {false, Life::absent, 0ms, 60s, if_silent},
      {false, Life::absent, 60s, 0ms, if_silent},
      {false, Life::absent, 59'999ms, -hours, stands},
      // It cannot be told: only what was seen counts.
      {false, Life::unknown, 0ms, hours, stands},
      {false, Life::unknown, 59'999ms, hours, stands},
      {false, Life::unknown, 60s, 0ms, if_silent},
      {false, Life::unknown, 60s, -hours, if_silent},
  }));
  CAPTURE(row.locked, static_cast<int>(row.life), row.silence.count(), row.by_clock.count());
  CHECK(judge({row.locked, row.life, row.silence, row.by_clock}) == row.verdict);
}

LedgerEntry beating(std::int64_t heartbeat, const std::string& instance = "a") {
  LedgerEntry entry;
  entry.port = 8765;
  entry.instance_id = instance;
  entry.last_heartbeat = heartbeat;
  return entry;
}

TEST_CASE("Silence begins with the first look and ends with a heartbeat") {
  SilenceWatch watch;
  const Instant begin{};
  CHECK(watch.look(beating(1), begin + 1h) == 0ms);
  CHECK(watch.look(beating(1), begin + 1h + 20s) == 20s);
  CHECK(watch.look(beating(1), begin + 1h + 50s) == 50s);
  CHECK(watch.look(beating(2), begin + 1h + 60s) == 0ms);
  CHECK(watch.look(beating(2), begin + 1h + 70s) == 10s);
}

TEST_CASE("A heartbeat that goes back is one too") {
  SilenceWatch watch;
  const Instant begin{};
  watch.look(beating(1'000'000), begin);
  watch.look(beating(1'000'000), begin + 30s);
  CHECK(watch.look(beating(5), begin + 40s) == 0ms);
}

TEST_CASE("A long time without a look is no long silence") {
  SilenceWatch watch;
  const Instant begin{};
  watch.look(beating(1), begin);
  CHECK(watch.look(beating(1), begin + 10h) == SilenceWatch::longest_look);
  CHECK(watch.look(beating(1), begin + 20h) == 2 * SilenceWatch::longest_look);
}

TEST_CASE("Another instance on the port has its own silence") {
  SilenceWatch watch;
  const Instant begin{};
  watch.look(beating(1, "a"), begin);
  CHECK(watch.look(beating(1, "b"), begin + 30s) == 0ms);
  CHECK(watch.look(beating(1, "a"), begin + 30s) == 30s);
}

TEST_CASE("What was not looked at for long is forgotten") {
  SilenceWatch watch;
  const Instant begin{};
  watch.look(beating(1, "a"), begin);
  watch.look(beating(1, "b"), begin + 10s);
  watch.forget_before(begin + 10s);
  CHECK(watch.look(beating(1, "a"), begin + 20s) == 0ms);
  CHECK(watch.look(beating(1, "b"), begin + 20s) == 10s);
}

}  // namespace
}  // namespace berth::core::test
