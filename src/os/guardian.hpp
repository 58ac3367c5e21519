#pragma once
// A tiny process beside the supervisor that outlives it by a moment: when the supervisor is killed, it ends what the
// kernel's parent-death signal does not reach, which is everything below the first child (npx starts npm, sh and node).
//
// It blocks on a pipe whose other end only the supervisor has, and looks at the list of leaders, which both share, only
// when that end is gone: a launch does not wake it. A process is ended when its session is that of a living
// server, or when it bears the supervisor's mark; nothing else ever is. The guardian shares the project's lock and
// those of the leased ports (open file descriptions), so that both end only when the clearing is done.

#include <sys/types.h>

#include <functional>
#include <vector>

#include "os/fd.hpp"
#include "os/leader_table.hpp"
#include "os/supervisor_mark.hpp"

namespace berth::os {

class Guardian {
 public:
  // Forks. `mark` is what every child of this supervisor bears; `locks` are the descriptors that the guardian keeps
  // open. When it has cleared up after a killed supervisor it closes all but the first, does the `last_act`, and ends.
  // Call it before the process has grown and before it has threads. On failure there is no guardian, and `running` says
  // so.
  Guardian(SupervisorMark mark, std::vector<int> locks, std::function<void()> last_act = {});
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  // Tells it to go: nothing is left to guard. Waits for its end.
  ~Guardian();

  void watch(pid_t leader);   // a session that dies with the supervisor
  void forget(pid_t leader);  // it has ended, and nothing of it is left

  [[nodiscard]] bool running() const { return pid_ > 0; }
  [[nodiscard]] pid_t pid() const { return pid_; }

  // It was reaped: somebody killed it. A new one is forked, which shares the same list.
  void replace();
  // Sends it away, to be replaced by one that shares these locks.
  void retire(std::vector<int> locks);

 private:
  void start();
  void say_farewell();

  SupervisorMark mark_;
  LeaderTable leaders_;
  std::vector<int> locks_;
  std::function<void()> last_act_;
  Fd pipe_;
  pid_t pid_ = -1;
};

}  // namespace berth::os
