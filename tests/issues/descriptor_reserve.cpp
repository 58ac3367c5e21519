// With all descriptors in use for servers, Berth could neither be asked how it is nor told to stop.

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("Out of descriptors, Berth answers and goes down") {
  Sandbox sandbox(32);
  auto config = sandbox.config();
  for (int i = 0; i < 24; ++i) config.server("s" + std::to_string(i));
  sandbox.write(config);
  const Result up = run(sandbox.plan("/usr/bin/prlimit", {"--nofile=64:64", BERTH_PROGRAM, "up", "--detach"}));
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);

  bool held_back = false;
  for (int i = 0; i < 24; ++i) {
    const Object server = sandbox.await("s" + std::to_string(i), "ready or held back", [](const Object& it) {
      return text(it, "state") == "ready" || (!is_null(it, "reason") && text(it, "reason") == "spawn_failed");
    });
    held_back = held_back || text(server, "state") != "ready";
  }
  CHECK(held_back);
  CHECK(sandbox.berth({"status"}).code == 3);
  CHECK(sandbox.berth({"ports"}).code == 0);
  sandbox.down();
}
