// `up -d --wait` did not end as it should when a `down` had overtaken it.

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

namespace {

// Keeps the supervisor until the test ends `last`: a command that waits can be answered meanwhile.
ConfigText slow_to_go_down(const Sandbox& sandbox) {
  auto config = sandbox.config();
  config.supervisor("shutdown_timeout", "10m");
  config.server("last").args({"--ignore-sigterm"}).set("stop.timeout", "10m");
  return config;
}

void check_overtaken(Program& up, const std::string& words) {
  const auto ended = up.wait();
  INFO("stderr: " << up.err());
  REQUIRE(ended.has_value());
  CHECK(ended->code == 1);
  CHECK(up.err().find(words) != std::string::npos);
}

void end_down(Sandbox& sandbox, Program& down, const Object& last) {
  REQUIRE(::kill(static_cast<pid_t>(number(last, "pid")), SIGKILL) == 0);
  const auto ended = down.wait();
  REQUIRE(ended.has_value());
  CHECK(ended->code == 0);
  CHECK(sandbox.nothing_left());
}

}  // namespace

TEST_CASE("up --wait ends when its servers are stopped by a down") {
  Sandbox sandbox;
  auto config = slow_to_go_down(sandbox);
  config.server("web").args({"--never-listen"});
  sandbox.write(config);
  Program up = sandbox.start_berth({"up", "--detach", "--wait"});
  sandbox.await_supervisor();
  const Object last = sandbox.await("last", "ready");
  sandbox.await("web", "starting");

  Program down = sandbox.start_berth({"down"});
  check_overtaken(up, "berth: ");
  end_down(sandbox, down, last);
}

TEST_CASE("up --wait that asks only when a down is under way is told so") {
  Sandbox sandbox;
  sandbox.write(slow_to_go_down(sandbox));
  // The supervisor waits for its lock, and the command for the supervisor: now it can be held where it is.
  std::filesystem::create_directory(sandbox.runtime_dir());
  REQUIRE(::chmod(sandbox.runtime_dir().c_str(), 0700) == 0);
  const std::string lock = (sandbox.runtime_dir() / (sandbox.project() + ".lock")).string();
  const int file = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(::flock(file, LOCK_EX | LOCK_NB) == 0);
  Program up = sandbox.start_berth({"up", "--detach", "--wait"});
  const bool forked = eventually([&] { return sandbox.all_processes().size() >= 3; });
  REQUIRE(forked);
  up.signal(SIGSTOP);
  ::close(file);

  sandbox.await_supervisor();
  const Object last = sandbox.await("last", "ready");
  Program down = sandbox.start_berth({"down"});
  sandbox.await("last", "stopping");
  up.signal(SIGCONT);
  check_overtaken(up, "going down");
  end_down(sandbox, down, last);
}
