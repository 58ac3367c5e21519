#include "app/process_setup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "os/fd.hpp"

namespace berth::app {

namespace {

constexpr std::size_t descriptors_of_berth = 64;
constexpr std::size_t descriptors_of_server = 5;  // two pipes, the held port, the log, a probe

}  // namespace

std::optional<rlimit> raise_descriptor_limit() {
  rlimit before{};
  if (::getrlimit(RLIMIT_NOFILE, &before) != 0) return std::nullopt;
  rlimit raised = before;
  raised.rlim_cur = raised.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &raised);
  return before;
}

void make_room_for_descriptors(std::size_t servers) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == 0) return;
  const auto last = std::min<rlim_t>(descriptors_of_berth + servers * descriptors_of_server, limit.rlim_cur - 1);
  const os::Fd any(::open("/", O_PATH | O_CLOEXEC));
  const os::Fd highest(::fcntl(any.get(), F_DUPFD_CLOEXEC, static_cast<int>(last)));
}

void prepare_groups(os::CgroupPlace& place, const Config& config) {
  for (const ServerConfig& server : config.servers) {
    if (server.limits.memory) place.provides("memory");
    if (server.limits.processes) place.provides("pids");
  }
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
