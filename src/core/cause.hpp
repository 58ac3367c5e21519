#pragma once
// Why something happened: the closed list of the status document's `reason` and `cause`.

#include <array>
#include <string_view>

namespace berth::core {

enum class Cause {
  crash,                 // ended in a way that nothing below explains
  clean_exit,            // ended with code 0 after it had listened
  port_conflict,         // could not bind its berth
  not_listening,         // never listened
  wrong_port,            // listens, but not on its berth
  foreign_listener,      // a stranger listens on the berth; the own child has yet to try
  probe_failed,          // listens but does not answer
  start_timeout,         // time ran out in another way
  unhealthy,             // was ready and stopped serving
  oom_killed,            // the kernel ended it for want of memory
  resource_limit,        // reached one of its `limits`, or could not be given one
  command_not_found,     //
  not_executable,        //
  bad_cwd,               //
  spawn_failed,          // fork or exec failed for a passing reason
  port_range_exhausted,  //
  fixed_port_held,       //
  dependency,            // something it depends on has failed
  stopped_by_user,       //
  budget_spent,          // gave up after `backoff.give_up_after` failures
};

constexpr std::array<std::string_view, 20> cause_names{
    "crash",           "clean_exit",    "port_conflict", "not_listening",        "wrong_port",      "foreign_listener",
    "probe_failed",    "start_timeout", "unhealthy",     "oom_killed",           "resource_limit",  "command_not_found",
    "not_executable",  "bad_cwd",       "spawn_failed",  "port_range_exhausted", "fixed_port_held", "dependency",
    "stopped_by_user", "budget_spent"};

constexpr std::string_view to_string(Cause cause) {
  return cause_names[static_cast<std::size_t>(cause)];
}

}  // namespace berth::core
