// Out of descriptors and with `backoff.initial = "0s"`, a server that could not be launched was tried again and again
// within one turn of the loop: Berth answered nobody any more.

#include "e2e/restricted.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("Out of descriptors and without a backoff Berth answers and goes down") {
  Sandbox sandbox(32);
  auto config = sandbox.config();
  for (int i = 0; i < 24; ++i) {
    config.server("s" + std::to_string(i)).set("backoff.initial", "0s").set("backoff.max", "0s");
  }
  sandbox.write(config);
  const Result up = run(limited(sandbox, "--nofile=64:64", {"up", "--detach"}));
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
  const bool held_back = eventually([&] {
    const Object status = sandbox.status();
    for (const auto& server : status.at("servers").as_array()) {
      const std::string reason = text(server.as_object(), "reason");
      if (reason == "spawn_failed" && number(server.as_object(), "consecutive_failures") > 2) return true;
    }
    return false;
  });
  CHECK(held_back);
  sandbox.down();
}
