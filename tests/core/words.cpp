// Names and sentences.

#include "core/words.hpp"

#include <csignal>
#include <set>
#include <string>

#include "core/cause.hpp"
#include "core/lifecycle.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

TEST_CASE("An exit is told by its code or by the name of its signal") {
  CHECK(describe({.code = 0}) == "ended with code 0");
  CHECK(describe({.code = 255}) == "ended with code 255");
  CHECK(describe({.signal = SIGSEGV, .core_dumped = true}) == "was killed by SIGSEGV (core dumped)");
  CHECK(describe({.signal = SIGTERM}) == "was killed by SIGTERM");
  CHECK(describe({.signal = SIGKILL, .out_of_memory = true}) == "was ended by the kernel: out of memory");
}

TEST_CASE("Sizes are said in the largest unit that leaves a whole one") {
  CHECK(size_text(512) == "512 B");
  CHECK(size_text(1024) == "1 KiB");
  CHECK(size_text(512ULL << 20U) == "512 MiB");
  CHECK(size_text(1536ULL << 20U) == "1.5 GiB");
  CHECK(size_text((1ULL << 30U) - 1) == "1024 MiB");
}

TEST_CASE("Signals have their names and real-time ones a number") {
  CHECK(signal_name(SIGHUP) == "SIGHUP");
  CHECK(signal_name(SIGKILL) == "SIGKILL");
  CHECK(signal_name(SIGSYS) == "SIGSYS");
  CHECK(signal_name(40) == "signal 40");
  for (int signal = 1; signal < 32; ++signal) CHECK(signal_name(signal).starts_with("SIG"));
}

TEST_CASE("The closed list of causes is the one that users rely on") {
  const char* const promised[] = {"crash",           "clean_exit",       "port_conflict",   "not_listening",
                                  "wrong_port",      "foreign_listener", "probe_failed",    "start_timeout",
                                  "unhealthy",       "oom_killed",       "resource_limit",  "command_not_found",
                                  "not_executable",  "bad_cwd",          "spawn_failed",    "port_range_exhausted",
                                  "fixed_port_held", "dependency",       "stopped_by_user", "budget_spent"};
  CHECK(std::set<std::string_view>(cause_names.begin(), cause_names.end()) ==
        std::set<std::string_view>(std::begin(promised), std::end(promised)));
  CHECK(to_string(Cause::crash) == "crash");
  CHECK(to_string(Cause::foreign_listener) == "foreign_listener");
  CHECK(to_string(Cause::command_not_found) == "command_not_found");
  CHECK(to_string(Cause::budget_spent) == "budget_spent");
}

TEST_CASE("The states are called as users know them") {
  const std::pair<State, const char*> names[] = {{State::stopped, "stopped"},     {State::waiting, "waiting"},
                                                 {State::starting, "starting"},   {State::ready, "ready"},
                                                 {State::unhealthy, "unhealthy"}, {State::backoff, "backoff"},
                                                 {State::crashloop, "crashloop"}, {State::stopping, "stopping"},
                                                 {State::exited, "exited"},       {State::failed, "failed"}};
  for (const auto& [state, name] : names) CHECK(to_string(state) == name);
}

}  // namespace
}  // namespace berth::core::test
