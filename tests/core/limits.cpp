// Which limit was reached: on evidence alone.

#include "core/limits.hpp"

#include <csignal>

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

constexpr std::uint64_t mib = 1U << 20U;

// All three limits, held by the control group or by each process.
LimitEvidence evidence(const ExitStatus& ended, bool by_group) {
  LimitEvidence e;
  e.ended = ended;
  e.limits.memory = 512 * mib;
  e.limits.open_files = 1024;
  e.limits.processes = 64;
  e.memory_by_group = by_group;
  e.processes_by_group = by_group;
  return e;
}

LimitWords words_of(std::initializer_list<const char*> lines) {
  LimitWords words;
  for (const char* line : lines) words.hear(line);
  return words;
}

const char* const bad_alloc = "terminate called after throwing an instance of 'std::bad_alloc'";
const char* const no_files = "Error: EMFILE: too many open files, open '/dev/null'";
const char* const no_fork = "sh: 1: Cannot fork";

constexpr ExitStatus code_1{.code = 1};
constexpr ExitStatus code_137{.code = 137};
constexpr ExitStatus clean{};
constexpr ExitStatus aborted{.signal = SIGABRT};
constexpr ExitStatus killed{.signal = SIGKILL};

struct Row {
  const char* what;
  ExitStatus ended;
  bool by_group;
  GroupCounts counts;
  const char* line;     // that it has said last
  const char* verdict;  // CAUSE: WORDS
};

}  // namespace

TEST_CASE("The table of limits: an end, what the kernel has counted, what was said, and what follows") {
  const GroupCounts none;
  const GroupCounts full{.memory_reached = 3, .memory_killed = 1};
  const GroupCounts machine_full{.memory_reached = 0, .memory_killed = 1};
  const GroupCounts reached_alone{.memory_reached = 1};
  const GroupCounts refused{.forks_refused = 17};
  const GroupCounts both{.memory_reached = 1, .memory_killed = 1, .forks_refused = 1};
  const char* const memory = "oom_killed: reached limits.memory = 512 MiB";
  const char* const no_memory = "resource_limit: reached limits.memory = 512 MiB";
  const char* const below = "resource_limit: reached limits.memory = 512 MiB, and the kernel ended a process of it";
  const char* const processes = "resource_limit: reached limits.processes = 64";
  const char* const files = "resource_limit: reached limits.open_files = 1024";
  const Row rows[] = {
      {"nothing is known", code_1, true, none, "", ""},
      {"nothing is known", code_1, false, none, "some error", ""},
      {"a clean end is no failure", clean, true, refused, no_files, ""},

      {"killed at its limit", killed, true, full, "", memory},
      {"a shell tells of it", code_137, true, full, "", memory},
      {"ends by itself after a child was killed", code_1, true, full, "", below},
      {"killed because the machine is full", killed, true, machine_full, "", ""},
      {"no page could be had, and nobody was killed", code_1, true, reached_alone, "", ""},
      {"the limit of a group is not what an allocation meets", code_1, true, none, bad_alloc, ""},
      {"each process has its limit", aborted, false, none, bad_alloc, no_memory},
      {"killed by somebody after such words", killed, false, none, bad_alloc, ""},

      {"forks were refused", code_1, true, refused, "", processes},
      {"forks were refused, and then it was killed", killed, true, refused, "", processes},
      {"the kernel has counted none", code_1, true, none, no_fork, ""},
      {"nobody counts", code_1, false, none, no_fork, processes},

      {"no files", code_1, true, none, no_files, files},
      {"no files", code_1, false, none, no_files, files},
      {"memory counts first", killed, true, both, no_files, memory},
  };
  for (const Row& row : rows) {
    auto e = evidence(row.ended, row.by_group);
    e.group = row.counts;
    e.words = words_of({"starting", row.line});
    const auto verdict = limit_reached(e);
    INFO(row.what << (row.by_group ? ", by the group" : ", by each process"));
    CHECK((verdict ? std::string(to_string(verdict->cause)) + ": " + verdict->words : "") == row.verdict);

    e.limits = {};  // whatever is seen: without a limit none was reached
    CHECK_FALSE(limit_reached(e));
  }
}

TEST_CASE("What servers say of a limit is understood and other words are not") {
  for (const char* line :
       {bad_alloc, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "MemoryError",
        "RangeError: Array buffer allocation failed", "OSError: [Errno 12] Cannot allocate memory",
        "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space",
        "fatal error: runtime: out of memory", "memory allocation of 1048576 bytes failed",
        "There is insufficient memory for the Java Runtime Environment to continue."}) {
    INFO(line);
    CHECK(limit_spoken_of(line) == Limit::memory);
  }
  for (const char* line : {no_files, "OSError: [Errno 24] Too many open files: 'x'", "open: Too many open files",
                           "Error: Too many open files (os error 24)", "accept4: too many open files"}) {
    INFO(line);
    CHECK(limit_spoken_of(line) == Limit::open_files);
  }
  for (const char* line :
       {no_fork, "fork: Resource temporarily unavailable", "RuntimeError: can't start new thread",
        "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or process limits reached",
        "runtime: failed to create new OS thread (have 5 already; errno=11)", "Error: spawn sh EAGAIN",
        "bash: fork: retry: Resource temporarily unavailable"}) {
    INFO(line);
    CHECK(limit_spoken_of(line) == Limit::processes);
  }
  for (const char* line : {"listening on port 50000", "Too many open files in system", "ENFILE: too many open files",
                           "read: Resource temporarily unavailable", "memory: 12 MiB", "3 open files", ""}) {
    INFO(line);
    CHECK_FALSE(limit_spoken_of(line));
  }
}

TEST_CASE("Words count through the trace that follows them and not for ever") {
  LimitWords words;
  words.hear(bad_alloc);
  for (unsigned i = 1; i < LimitWords::lately; ++i) words.hear("    at frame");
  CHECK(words.said(Limit::memory));
  CHECK_FALSE(words.said(Limit::open_files));
  words.hear("another line");
  CHECK_FALSE(words.said(Limit::memory));
  words.hear(bad_alloc);
  CHECK(words.said(Limit::memory));
}

TEST_CASE("A crash at a limit has its cause and name, and is a failure like any other") {
  OneLife web;
  web.start();
  web.ends(Ended{.status = {.code = 1}, .limit = LimitVerdict{Cause::resource_limit, "reached limits.processes = 64"}});
  CHECK(web.last_cause() == "resource_limit");
  CHECK(web.life().last_exit()->message == "ended with code 1 before it was ready; it reached limits.processes = 64");
  CHECK(web.life().consecutive_failures() == 1);
  CHECK(web.state() == State::backoff);
}

TEST_CASE("Out of memory at its own limit names the limit") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.ends(Ended{.status = {.signal = SIGKILL, .out_of_memory = true},
                 .limit = LimitVerdict{Cause::oom_killed, "reached limits.memory = 512 MiB"}});
  CHECK(web.last_cause() == "oom_killed");
  CHECK(web.life().last_exit()->message ==
        "was ended by the kernel: out of memory; it reached limits.memory = 512 MiB");
}

TEST_CASE("A lost port is a lost port whatever the limits are") {
  OneLife web;
  web.start();
  web.ends(Ended{.status = {.code = 1},
                 .holder = Holder::stranger,
                 .limit = LimitVerdict{Cause::resource_limit, "reached limits.open_files = 16"}});
  CHECK(web.last_cause() == "port_conflict");
}

TEST_CASE("What could not be given its limits has failed until somebody mends it") {
  OneLife web;
  web.launch_error = NotLaunched{Cause::resource_limit, "could not set limits.nice = -5"};
  web.start();
  CHECK(web.state() == State::failed);
  CHECK(web.cause() == "resource_limit");
}

}  // namespace berth::core::test
