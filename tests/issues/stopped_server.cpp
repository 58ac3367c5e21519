// A server that had been stopped kept a descriptor, of its log: where descriptors are few, others could not start.

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("A stopped server keeps no descriptor") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("resident");
  config.server("guest").set("enabled", false);
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto supervisor = static_cast<pid_t>(number(sandbox.status(), "pid"));
  const auto before = harness::descriptor_count(supervisor);
  REQUIRE(sandbox.berth({"start", "guest", "--wait"}).code == 0);
  CHECK(eventually([&] { return harness::descriptor_count(supervisor) > before; }));
  REQUIRE(sandbox.berth({"stop", "guest"}).code == 0);
  CHECK(eventually([&] { return harness::descriptor_count(supervisor) == before; }));
  sandbox.down();
}
