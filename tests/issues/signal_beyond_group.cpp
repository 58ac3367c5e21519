// What had left the leader's group never got the stop signal: a stop took the whole of stop.timeout.

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("A server in a session of its own gets the stop signal too") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .command("sh", {"-c", std::string("setsid ") + HOSTILE_PROGRAM + " --tag=" + sandbox.project() + " & wait"})
      .set("stop.timeout", "5m");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const Result stop = sandbox.berth({"stop", "web", "--timeout", "60"}, 90s);
  CHECK(stop.code == 0);
  CHECK(sandbox.server_processes().empty());
  sandbox.down();
}
