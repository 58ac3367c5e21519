// What the kernel has noted about processes that do not answer.

#include "os/vital_signs.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

using core::Pulse;

// Looks until the pulse is this one, with new looks each time; for a moment that the scheduler decides.
bool has_pulse(pid_t pid, Pulse wanted) {
  return eventually([&] {
    const auto before = vital_signs({pid});
    std::this_thread::sleep_for(50ms);
    return core::pulse_between(before, vital_signs({pid})) == wanted;
  });
}

}  // namespace

TEST_CASE("A process that sleeps has no pulse, one that computes has") {
  const Fork sleeper([] {
    for (;;) ::pause();
  });
  const Fork worker([] {
    for (;;) ::getppid();
  });
  CHECK(has_pulse(sleeper.pid(), Pulse::idle));
  CHECK(has_pulse(worker.pid(), Pulse::busy));
}

TEST_CASE("A stopped process is seen to be stopped, at a glance") {
  const Fork worker([] {
    for (;;) ::pause();
  });
  REQUIRE(::kill(worker.pid(), SIGSTOP) == 0);
  CHECK(eventually([&] { return vital_signs({worker.pid()}).stopped; }));
  CHECK(core::pulse_between({}, vital_signs({worker.pid()})) == Pulse::stopped);
  REQUIRE(::kill(worker.pid(), SIGCONT) == 0);
  CHECK(has_pulse(worker.pid(), Pulse::idle));
}

TEST_CASE("A process in a debugger is told from one that was stopped") {
  const Fork worker([] {
    for (;;) ::pause();
  });
  if (::ptrace(PTRACE_ATTACH, worker.pid(), nullptr, nullptr) != 0) {
    WARN("ptrace is not allowed here");
    return;
  }
  REQUIRE(::waitpid(worker.pid(), nullptr, __WALL) == worker.pid());
  CHECK(core::pulse_between({}, vital_signs({worker.pid()})) == Pulse::traced);
  ::ptrace(PTRACE_DETACH, worker.pid(), nullptr, nullptr);
}

TEST_CASE("Nothing is known of a process that has gone") {
  pid_t gone = 0;
  {
    const Fork short_lived([] {
      for (;;) ::pause();
    });
    gone = short_lived.pid();
  }
  CHECK_FALSE(vital_signs({gone}).known);
  CHECK_FALSE(vital_signs({}).known);
}

TEST_CASE("The owners of a socket are those of the processes asked about that have it open") {
  const Fd socket = bound_socket("127.0.0.1", 0);
  const Fork heir([] {
    for (;;) ::pause();
  });
  const Fd other = bound_socket("127.0.0.1", 0);
  CHECK(owners_of(inode_of(socket), {heir.pid()}) == std::vector<pid_t>{heir.pid()});
  CHECK(owners_of(inode_of(other), {heir.pid()}).empty());
  CHECK(owners_of(inode_of(other), {heir.pid(), ::getpid()}) == std::vector<pid_t>{::getpid()});
}

}  // namespace berth::os::test
