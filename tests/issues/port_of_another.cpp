// A server that was stopped was given its old port again although another one had it by then.

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("A server that starts again does not take its old port from the one who has it now") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("first");
  config.server("second").set("enabled", false);
  sandbox.write(config);
  sandbox.up({"--wait"});
  REQUIRE(sandbox.berth({"stop", "first"}).code == 0);
  REQUIRE(sandbox.berth({"start", "second", "--wait"}).code == 0);
  REQUIRE(number(sandbox.server("second"), "port") == sandbox.port(0));
  REQUIRE(sandbox.berth({"start", "first", "--wait"}).code == 0);

  CHECK(number(sandbox.server("first"), "port") == sandbox.port(1));
  CHECK(number(sandbox.server("first"), "port_conflicts") == 0);
  CHECK(dead_ports(sandbox.status()).empty());
  sandbox.down();
}
