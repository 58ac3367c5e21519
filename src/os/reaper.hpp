#pragma once
// The one place that waits for children: whoever's they were, all that ended since the last SIGCHLD in one go. Nothing
// else in this program may call wait, waitpid or waitid on a child that runs.

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <vector>

#include "core/conflict.hpp"

namespace berth::os {

struct Reaped {
  pid_t pid = 0;
  core::ExitStatus status;
  double cpu_s = 0;  // that it has used, and those of its children that it has waited for
};

class Reaper {
 public:
  using Callback = std::function<void(const std::vector<Reaped>&)>;

  // `on_ended` is called from the loop with at least one entry. Adopted orphans are among them.
  Reaper(boost::asio::io_context& io, Callback on_ended);

  // Makes this process the parent of what its descendants leave behind. False where the kernel cannot.
  static bool adopt_orphans();

 private:
  void listen();
  void reap();

  boost::asio::signal_set signals_;
  Callback on_ended_;
};

}  // namespace berth::os
