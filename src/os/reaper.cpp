#include "os/reaper.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace berth::os {

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

Reaper::Reaper(boost::asio::io_context& io, Callback on_ended) : signals_(io, SIGCHLD), on_ended_(std::move(on_ended)) {
  listen();
}

bool Reaper::adopt_orphans() {
  return ::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

void Reaper::listen() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    listen();  // first: a child that ends while others are reaped raises the signal again
    reap();
  });
}

void Reaper::reap() {
  std::vector<Reaped> ended;
  siginfo_t info{};
  rusage usage{};
  // waitid(2) of the kernel tells what the child has used; that of the C library does not hand it on.
  while (::syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG, &usage) == 0 && info.si_pid != 0) {
    Reaped reaped{.pid = info.si_pid};
    reaped.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    if (info.si_code == CLD_EXITED) {
      reaped.status.code = info.si_status;
    } else {
      reaped.status.signal = info.si_status;
      reaped.status.core_dumped = info.si_code == CLD_DUMPED;
    }
    ended.push_back(reaped);
    info = {};
  }
  if (!ended.empty()) on_ended_(ended);
}

}  // namespace berth::os
