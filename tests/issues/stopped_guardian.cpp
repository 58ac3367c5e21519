// A guardian that somebody had stopped (SIGSTOP) was waited for at the end, for ever.

#include <signal.h>

#include "e2e/restricted.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("A stopped guardian does not keep down waiting") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const pid_t guardian = guardian_of(supervisor_of(sandbox));
  REQUIRE(guardian > 0);
  REQUIRE(::kill(guardian, SIGSTOP) == 0);
  const Result down = sandbox.berth({"down", "--timeout", "20s"});
  INFO("stderr: " << down.err);
  CHECK(down.code == 0);
  const bool gone = eventually([&] { return !process_lives(guardian); });
  CHECK(gone);
  if (!gone) ::kill(guardian, SIGKILL);
  CHECK(sandbox.nothing_left());
}
