#include "os/guardian.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace berth::os {

namespace {

constexpr char farewell = '.';
constexpr int patience_ms = 2000;  // with one that was told to go

// True when it was told to go; false when the supervisor has ended without a word.
bool wait_for_farewell(int pipe) {
  char word = 0;
  ssize_t got = 0;
  do {
    got = ::read(pipe, &word, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1 && word == farewell;
}

// The environment that this process was forked with may bear the marker of an outer supervisor, whose guardian would
// then end this one before its work is done. The same goes for a brand.
void hide_environment() {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    std::memset(*entry, 0, std::strlen(*entry));
}

void close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned next = 3;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (fd < 3) continue;
    if (number > next) ::close_range(next, number - 1, 0);
    next = number + 1;
  }
  ::close_range(next, ~0U, 0);
}

[[noreturn]] void guard(int pipe, const SupervisorMark& mark, const LeaderTable& leaders, const std::vector<int>& locks,
                        const std::function<void()>& last_act) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  ::setsid();
  ::prctl(PR_SET_NAME, "berth-guardian");
  hide_environment();
  remove_own_brand();
  // What the supervisor has open would stay open for whoever waits for its end.
  std::vector<int> kept = locks;
  kept.push_back(pipe);
  close_all_but(std::move(kept));
  const int null = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2 && null >= 0; ++fd) ::dup2(null, fd);
  if (null > 2) ::close(null);
  [[maybe_unused]] const int moved = ::chdir("/");

  if (wait_for_farewell(pipe)) ::_exit(0);
  end_all_of(mark, leaders.all());
  for (std::size_t i = 1; i < locks.size(); ++i) ::close(locks[i]);
  if (last_act) last_act();
  ::_exit(0);
}

}  // namespace

Guardian::Guardian(SupervisorMark mark, std::vector<int> locks, std::function<void()> last_act)
    : mark_(std::move(mark)), locks_(std::move(locks)), last_act_(std::move(last_act)) {
  start();
}

Guardian::~Guardian() {
  if (!running()) return;
  say_farewell();
  pipe_.reset();
  ::kill(pid_, SIGCONT);  // somebody may have stopped it
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  pollfd ended{process.get(), POLLIN, 0};
  while (::poll(&ended, 1, patience_ms) < 0 && errno == EINTR) {
  }
  if (::waitpid(pid_, nullptr, WNOHANG) == pid_) return;
  ::kill(pid_, SIGKILL);
}

void Guardian::start() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  pid_ = ::fork();
  if (pid_ == 0) {
    write_end.reset();
    guard(read_end.get(), mark_, leaders_, locks_, last_act_);
  }
  if (pid_ <= 0) return;
  pipe_ = std::move(write_end);
  // A guardian that somebody has stopped must not stop the supervisor.
  ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
}

void Guardian::replace() {
  pid_ = -1;
  pipe_.reset();
  start();
}

void Guardian::retire(std::vector<int> locks) {
  say_farewell();
  locks_ = std::move(locks);
}

void Guardian::watch(pid_t leader) {
  leaders_.add(leader);
}

void Guardian::forget(pid_t leader) {
  leaders_.remove(leader);
}

void Guardian::say_farewell() {
  if (!running()) return;
  while (::write(pipe_.get(), &farewell, 1) < 0 && errno == EINTR) {  // SIGPIPE is ignored in this program
  }
}

}  // namespace berth::os
