// A server whose first thread has ended while others serve looks like a zombie: it was not seen to listen, and its
// port went to somebody else.

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("A server whose first thread has ended is ready on its port and stops") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--main-thread-ends"}).set("conflict.attempts", 1);
  sandbox.write(config);
  sandbox.up({"--wait"});
  const Object web = sandbox.server("web");
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(web, "port_conflicts") == 0);
  CHECK(number(web, "processes") == 1);
  CHECK(who_answers(web) == "web");
  sandbox.down();
  CHECK_FALSE(somebody_listens(sandbox.port()));
}

TEST_CASE("A grandchild whose first thread has ended does not outlive its server") {
  Sandbox sandbox;
  auto config = sandbox.config();
  const std::string grandchild = std::string(HOSTILE_PROGRAM) + " --main-thread-ends --tag=" + sandbox.project();
  config.server("web").command("/bin/sh", {"-c", "setsid " + grandchild + " & wait"}).set("conflict.attempts", 1);
  sandbox.write(config);
  sandbox.up({"--wait"});
  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  CHECK_FALSE(somebody_listens(sandbox.port()));
  sandbox.down();
}
