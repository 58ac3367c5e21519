#include "cli/run_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "os/fd.hpp"

namespace berth::cli {

namespace {

struct Pipe {
  os::Fd read_end;
  os::Fd write_end;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
};

// False when nothing more can come.
bool read_some(const os::Fd& pipe, std::string& text) {
  char block[4096];
  const ssize_t got = ::read(pipe.get(), block, sizeof(block));
  if (got < 0) return errno == EINTR;
  text.append(block, static_cast<std::size_t>(got));
  return got > 0;
}

void read_both(const Pipe& out, const Pipe& err, ProgramResult& result) {
  std::array<pollfd, 2> polled{pollfd{out.read_end.get(), POLLIN, 0}, pollfd{err.read_end.get(), POLLIN, 0}};
  while (polled[0].fd >= 0 || polled[1].fd >= 0) {
    if (::poll(polled.data(), polled.size(), -1) < 0) {
      if (errno != EINTR) return;
      continue;
    }
    if (polled[0].revents != 0 && !read_some(out.read_end, result.out)) polled[0].fd = -1;
    if (polled[1].revents != 0 && !read_some(err.read_end, result.err)) polled[1].fd = -1;
  }
}

}  // namespace

Expected<ProgramResult, std::string> run_program(const std::vector<std::string>& words) {
  using Error = Unexpected<std::string>;
  Pipe out;
  Pipe err;
  if (!out.read_end || !err.read_end) return Error(std::string("cannot make a pipe: ") + std::strerror(errno));
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, out.write_end.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, err.write_end.get(), STDERR_FILENO);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0], &files, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0) return Error("cannot run `" + words.front() + "`: " + std::strerror(error));
  out.write_end.reset();
  err.write_end.reset();
  ProgramResult result;
  read_both(out, err, result);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

}  // namespace berth::cli
