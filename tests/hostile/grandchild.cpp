#include "hostile/grandchild.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

namespace hostile {
namespace {

void redirect_stdio_to_null() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; ++fd) ::dup2(null, fd);
}

std::string own_path() {
  char path[4096];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string("/proc/self/exe");
}

[[noreturn]] void become_grandchild(const Options& options, int listener) {
  if (listener >= 0) {
    const bool keep = options.grandchild_keeps == GrandchildKeeps::port;
    ::fcntl(listener, F_SETFD, keep ? 0 : FD_CLOEXEC);
  }
  if (options.grandchild_keeps != GrandchildKeeps::pipe) redirect_stdio_to_null();

  // --slow-stop-ms blocks SIGTERM, and a mask outlives exec.
  sigset_t nothing_blocked;
  sigemptyset(&nothing_blocked);
  ::sigprocmask(SIG_SETMASK, &nothing_blocked, nullptr);

  std::vector<std::string> words{"hostile", "--as-grandchild", "--tag=" + options.tag};
  if (options.grandchild_ignores_sigterm) words.emplace_back("--grandchild-ignores-sigterm");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  char* const nothing[] = {nullptr};
  ::execve(own_path().c_str(), arguments.data(), options.grandchild_clears_env ? nothing : ::environ);
  ::_exit(70);
}

}  // namespace

void fork_grandchild(const Options& options, int listener) {
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return;
  const pid_t middle = ::fork();
  if (middle == 0) {
    ::setsid();
    const pid_t grandchild = ::fork();
    if (grandchild == 0) become_grandchild(options, listener);
    (void)!::write(report[1], &grandchild, sizeof grandchild);
    ::_exit(0);
  }
  pid_t grandchild = -1;
  (void)!::read(report[0], &grandchild, sizeof grandchild);
  ::close(report[0]);
  ::close(report[1]);
  ::waitpid(middle, nullptr, 0);
  std::printf("grandchild %d\n", grandchild);
  std::fflush(stdout);
}

void live_as_grandchild(const Options& options) {
  if (options.grandchild_ignores_sigterm) std::signal(SIGTERM, SIG_IGN);
  for (;;) ::pause();
}

}  // namespace hostile
