// A supervisor that was stopped by a signal kept `down` waiting beyond its --timeout.

#include <signal.h>

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("down gives up after its timeout when the supervisor does not answer") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto supervisor = static_cast<pid_t>(number(sandbox.status(), "pid"));
  REQUIRE(::kill(supervisor, SIGSTOP) == 0);
  const auto start = std::chrono::steady_clock::now();
  const Result down = sandbox.berth({"down", "--timeout", "1s"});
  const auto took = std::chrono::steady_clock::now() - start;
  INFO("stderr: " << down.err);
  CHECK(down.code == 124);
  CHECK_FALSE(down.err.empty());
  CHECK(took >= 1s);
  CHECK(took < 13s);  // without a timeout of its own it would be 15 s

  REQUIRE(::kill(supervisor, SIGCONT) == 0);
  sandbox.down();
}
