// A bridge over a dead server: its child has ended, and it listens and answers as before.

#include "app/offspring.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "os/process.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::app::test {
namespace {

using os::test::eventually;
using os::test::Fork;

// Has a child, waits for its end, and on SIGUSR1 has another.
void bridge(bool talks) {
  int pipe[2];
  if (talks && ::pipe(pipe) == 0) ::dup2(pipe[0], 0);
  if (!talks) ::dup2(::open("/dev/null", O_RDONLY), 0);
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &action, nullptr);
  for (;;) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) ::pause();
    }
    ::waitpid(child, nullptr, 0);
    ::pause();
  }
}

pid_t child_of(pid_t parent) {
  pid_t child = 0;
  REQUIRE(eventually([&] {
    const auto children = os::children_of(parent);
    if (!children.empty()) child = children.front();
    return child != 0;
  }));
  return child;
}

TEST_CASE("A child process that ends is told once, by name, and what it means") {
  const Fork parent([] { bridge(true); });
  const pid_t child = child_of(parent.pid());
  Offspring offspring;
  offspring.remember({parent.pid()});
  CHECK(offspring.look().empty());
  CHECK(offspring.loss().empty());

  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(eventually([&] { return os::children_of(parent.pid()).empty(); }));
  const std::string news = offspring.look();
  CHECK(news.find("(pid " + std::to_string(child) + ") has ended") != std::string::npos);
  CHECK(news.find("what it served may be gone") != std::string::npos);
  CHECK(offspring.look().empty());
  CHECK_FALSE(offspring.loss().empty());
}

TEST_CASE("A child process in place of the one that ended makes it good") {
  const Fork parent([] { bridge(true); });
  const pid_t child = child_of(parent.pid());
  Offspring offspring;
  offspring.remember({parent.pid()});
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(eventually([&] { return os::children_of(parent.pid()).empty(); }));
  REQUIRE_FALSE(offspring.look().empty());

  REQUIRE(eventually([&] {
    ::kill(parent.pid(), SIGUSR1);  // it may not have come to its pause yet
    return !os::children_of(parent.pid()).empty();
  }));
  CHECK(offspring.look() == "its child processes are complete again");
  CHECK(offspring.loss().empty());
}

TEST_CASE("A helper that nobody talks to may come and go") {
  const Fork parent([] { bridge(false); });
  const pid_t child = child_of(parent.pid());
  Offspring offspring;
  offspring.remember({parent.pid()});
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(eventually([&] { return os::children_of(parent.pid()).empty(); }));
  CHECK(offspring.look().empty());
}

TEST_CASE("A server that had no child processes when it became ready loses none") {
  const Fork parent([] {
    for (;;) ::pause();
  });
  Offspring offspring;
  offspring.remember({parent.pid()});
  CHECK(offspring.look().empty());
  CHECK(offspring.loss().empty());
}

}  // namespace
}  // namespace berth::app::test
