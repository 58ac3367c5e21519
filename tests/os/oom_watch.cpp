// Deaths for want of memory, and those that only look like it.

#include "os/oom_watch.hpp"

#include <csignal>

#include "support/catch.hpp"
#include "support/memory_limit.hpp"

namespace berth::os::test {
namespace {

using namespace std::chrono_literals;
constexpr OomWatch::Instant moment{1h};

TEST_CASE("The kernel's log names who was killed for want of memory") {
  CHECK(pid_killed_for_memory("3,812,77,-;Out of memory: Killed process 4711 (node) total-vm:1kB, anon-rss:1kB") ==
        4711);
  CHECK(pid_killed_for_memory("3,9,7,-;Memory cgroup out of memory: Killed process 12 (x) total-vm:9kB") == 12);
  for (const char* line : {"", "Killed process 12 (x)", "Out of memory: Killed process x", "Out of memory",
                           "6,1,2,-;process 12 was here", "Killed process 12 for want: Out of memory"}) {
    INFO(line);
    CHECK_FALSE(pid_killed_for_memory(line));
  }
}

TEST_CASE("A plain SIGKILL is no want of memory") {
  OomWatch watch;
  CHECK_FALSE(watch.ended(4'000'001, {.signal = SIGKILL}, moment));
  CHECK_FALSE(watch.ended(4'000'001, {.code = 137}, moment));
  CHECK_FALSE(watch.ended(4'000'001, {.signal = SIGSEGV}, moment));
}

TEST_CASE("A process that the kernel ends for want of memory is told from one that somebody kills") {
  harness::MemoryLimit limit(16 << 20);
  if (!limit) {
    WARN("memory cannot be limited here: nothing tested");
    return;
  }
  OomWatch watch;
  const auto greedy = limit.run_greedy();
  REQUIRE(greedy.signal == SIGKILL);
  CHECK_FALSE(watch.ended(greedy.pid, {.code = 1}, moment));
  CHECK(watch.ended(greedy.pid, {.signal = SIGKILL}, moment + 1h));
}

TEST_CASE("Code 137 is want of memory only when somebody was killed for that just now") {
  harness::MemoryLimit limit(16 << 20);
  if (!limit) {
    WARN("memory cannot be limited here: nothing tested");
    return;
  }
  OomWatch watch;
  REQUIRE(limit.run_greedy().signal == SIGKILL);
  watch.look(moment);
  CHECK_FALSE(watch.ended(4'000'001, {.code = 137}, moment + 3min));
  CHECK(watch.ended(4'000'001, {.code = 137}, moment + 1s));
}

}  // namespace
}  // namespace berth::os::test
