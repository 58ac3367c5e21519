#include "app/process_setup.hpp"

#include <unistd.h>

#include <csignal>

namespace berth::app {

std::optional<rlimit> raise_descriptor_limit() {
  rlimit before{};
  if (::getrlimit(RLIMIT_NOFILE, &before) != 0) return std::nullopt;
  rlimit raised = before;
  raised.rlim_cur = raised.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &raised);
  return before;
}

std::vector<int> standard_terminals() {
  std::vector<int> found;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::isatty(fd) == 1) found.push_back(fd);
  }
  return found;
}

void unblock_signals(bool all_of_them) {
  sigset_t signals;
  sigemptyset(&signals);
  if (!all_of_them) sigaddset(&signals, SIGCHLD);
  ::pthread_sigmask(all_of_them ? SIG_SETMASK : SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace berth::app
