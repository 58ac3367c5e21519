// A plain `up` started a disabled server because an enabled one depends on it.

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("A plain up leaves a disabled dependency alone, and start brings both up") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("database").set("enabled", false);
  config.server("app").set("depends_on", Arguments{"database"});
  sandbox.write(config);
  sandbox.up();
  const Object app = sandbox.await("app", "failed");
  CHECK(text(app, "reason") == "dependency");
  CHECK(number(sandbox.server("database"), "starts") == 0);

  REQUIRE(sandbox.berth({"start", "database", "--wait"}).code == 0);
  sandbox.await("app", "ready");
  sandbox.down();
}
