#pragma once
// Berth under limits, and as a user whom limits bind: root is bound by neither RLIMIT_NPROC nor by a folder's mode.

#include <sys/types.h>

#include <string>

#include "e2e/e2e.hpp"

namespace e2e {

// The soft and the hard limit of /proc/PID/limits, as they stand there; empty when the process is gone.
struct Limit {
  std::string soft;
  std::string hard;
};
Limit limit_of(pid_t pid, const std::string& name);

pid_t supervisor_of(Sandbox& sandbox);
// The process that clears up after a killed supervisor; 0 when there is none.
pid_t guardian_of(pid_t supervisor);

// `berth` started with what prlimit(1) is told, e.g. `--nofile=64:64`.
ProgramPlan limited(Sandbox& sandbox, const std::string& limit, const Arguments& args);

// The user who runs the test; for root one who is nobody else, and the owner of the sandbox's folder.
class PlainUser {
 public:
  explicit PlainUser(Sandbox& sandbox);

  // False where this machine has no way; `why_not` then says what is missing.
  [[nodiscard]] bool possible() const { return why_not_.empty(); }
  [[nodiscard]] const std::string& why_not() const { return why_not_; }

  ProgramPlan plan(const std::string& path, const Arguments& args);
  Result run(const std::string& path, const Arguments& args);
  // Changes a limit of a process of this user, e.g. `--nproc=1:` for the soft one.
  void set_limit(pid_t pid, const std::string& limit);

 private:
  Sandbox& sandbox_;
  std::string id_;  // empty: the test's own user
  std::string why_not_;
};

// Every server of the status document is in one of the states `ready`, `backoff` and `crashloop`.
bool all_settled(const Object& status);
// The names of the servers in this state.
Arguments servers_in(const Object& status, const std::string& state);
// The line of Berth's own log that holds all of `words`; empty when there is none.
std::string log_line(const Sandbox& sandbox, const Arguments& words);
std::size_t log_lines(const Sandbox& sandbox, const Arguments& words);

}  // namespace e2e
