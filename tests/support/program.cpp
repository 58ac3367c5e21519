#include "support/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace harness {
namespace {

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

// posix_spawn's two argument objects, with the settings that every program of a test gets.
struct SpawnSettings {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};

  SpawnSettings() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    // An own process group: a test's Ctrl-C reaches the program and nobody else.
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

Ended decode(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {info.si_status, 0};
  return {-1, info.si_status};
}

}  // namespace

Program::Program(const ProgramPlan& plan) : output_(plan.output) {
  int input[2] = {-1, -1};
  if (plan.stdin_is == Stdin::pipe && ::pipe2(input, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  const std::string out = output_.string() + ".out";
  const std::string err = output_.string() + ".err";
  SpawnSettings settings;
  if (input[0] >= 0) {
    posix_spawn_file_actions_adddup2(&settings.files, input[0], 0);
  } else {
    posix_spawn_file_actions_addopen(&settings.files, 0, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_addopen(&settings.files, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  posix_spawn_file_actions_addopen(&settings.files, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  posix_spawn_file_actions_addchdir_np(&settings.files, plan.folder.c_str());

  std::vector<std::string> words{plan.path};
  words.insert(words.end(), plan.args.begin(), plan.args.end());
  std::vector<std::string> variables;
  for (const auto& [name, value] : plan.environment) variables.push_back(name + "=" + value);
  const int error = ::posix_spawn(&pid_, plan.path.c_str(), &settings.files, &settings.attributes,
                                  pointers(words).data(), pointers(variables).data());
  if (input[0] >= 0) ::close(input[0]);
  stdin_ = input[1];
  if (error != 0) {
    close_stdin();
    throw std::system_error(error, std::generic_category(), "cannot start " + plan.path);
  }
  pidfd_ = open_pidfd(pid_);
}

Program::Program(Program&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::exchange(other.pidfd_, -1)),
      stdin_(std::exchange(other.stdin_, -1)),
      ended_(other.ended_),
      output_(std::move(other.output_)) {}

Program::~Program() {
  if (pid_ > 0 && !ended_) {
    signal(SIGKILL);
    wait();
  }
  close_stdin();
  if (pidfd_ >= 0) ::close(pidfd_);
}

bool Program::running() {
  return !wait(0ms);
}
std::string Program::out() const {
  return read_file(output_.string() + ".out");
}
std::string Program::err() const {
  return read_file(output_.string() + ".err");
}

void Program::signal(int number) const {
  if (!ended_) ::kill(pid_, number);  // not yet reaped, so the pid is still ours
}

void Program::close_stdin() {
  if (stdin_ >= 0) ::close(std::exchange(stdin_, -1));
}

std::optional<Ended> Program::wait(std::chrono::milliseconds deadline) {
  if (ended_) return ended_;
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd polled{pidfd_, POLLIN, 0};
    const int ready = ::poll(&polled, 1, static_cast<int>(left > 0 ? left : 0));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) == 0) ended_ = decode(info);
    return ended_;
  }
}

Result run(const ProgramPlan& plan, std::chrono::milliseconds deadline) {
  Program program(plan);
  const auto ended = program.wait(deadline);
  if (!ended) return {124, program.out(), program.err() + "\n(killed by the test at its deadline)\n"};
  return {ended->signal != 0 ? 128 + ended->signal : ended->code, program.out(), program.err()};
}

std::string read_file(const std::filesystem::path& path) {
  // Not a stream: those throw when a file of /proc goes away with its process in the middle of a read.
  std::string text;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char block[4096];
  for (ssize_t got = 0; file >= 0 && (got = ::read(file, block, sizeof(block))) > 0;) {
    text.append(block, static_cast<std::size_t>(got));
  }
  if (file >= 0) ::close(file);
  return text;
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace harness
