#pragma once
// A tiny process beside the supervisor that outlives it by a moment: when the supervisor is killed, it ends what the
// kernel's parent-death signal does not reach, which is everything below the first child (npx starts npm, sh and node).
//
// It blocks on a pipe whose other end only the supervisor has. A process is ended when its session is that of a living
// server, or when it bears the supervisor's mark; nothing else ever is. The guardian shares the project's lock (an open
// file description), so the next supervisor starts only when the clearing is done.

#include <sys/types.h>

#include "os/fd.hpp"
#include "os/supervisor_mark.hpp"

namespace berth::os {

class Guardian {
 public:
  // Forks. `mark` is what every child of this supervisor bears; `lock` is the one descriptor that the guardian keeps
  // open. Call it before the process has grown and before it has threads. On failure there is no guardian, and
  // `running` says so.
  Guardian(SupervisorMark mark, int lock);
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  // Tells it to go: nothing is left to guard. Waits for its end.
  ~Guardian();

  void watch(pid_t leader);   // a session that dies with the supervisor
  void forget(pid_t leader);  // it has ended, and nothing of it is left

  [[nodiscard]] bool running() const { return pid_ > 0; }
  [[nodiscard]] pid_t pid() const { return pid_; }

  // It was reaped: somebody killed it. A new one is forked, which has to be told of the living leaders again.
  void replace();

 private:
  void start();
  void tell(char what, pid_t leader);

  SupervisorMark mark_;
  int lock_;
  Fd pipe_;
  pid_t pid_ = -1;
};

}  // namespace berth::os
