// A grandchild that had left its session and had shed its environment and its brand (a resource limit) survived `down`.

#include <signal.h>

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("What bears no sign of any server is ended by down") {
  Sandbox sandbox;
  auto config = sandbox.config();
  const std::string stray = "/usr/bin/prlimit --rttime=unlimited:unlimited /usr/bin/env -i /usr/bin/setsid " +
                            std::string(HOSTILE_PROGRAM) + " --never-listen --tag=" + sandbox.project();
  config.server("web")
      .command("/bin/sh", {"-c", stray + " & exec sleep 600"})
      .set("ready.probe", "none")
      .set("restart", "never");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const bool shed = eventually([&] {
    const auto left = processes_with_marker("", "--tag=" + sandbox.project());
    return left.size() == 1 && command_line(left.front()).starts_with(HOSTILE_PROGRAM);
  });
  INFO(sandbox.describe_processes());
  REQUIRE(shed);
  SECTION("while its server runs") {}
  SECTION("after its server's end") {
    REQUIRE(::kill(static_cast<pid_t>(number(sandbox.server("web"), "pid")), SIGKILL) == 0);
    sandbox.await("web", "exited");
  }
  sandbox.down();  // and nothing is left
}
