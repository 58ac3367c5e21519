// `berth wait` said that a server was ready whose listener had gone since anybody last looked.

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("wait does not call a server ready that listens no more") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--close-listener-when=" + gate(sandbox, "web")});
  sandbox.write(config);
  sandbox.up({"--wait"});
  open_gate(sandbox, "web");
  const bool closed = eventually([&] { return !somebody_listens(sandbox.port()); });
  REQUIRE(closed);
  const Result wait = sandbox.berth({"wait", "web", "--timeout", "300ms"});
  INFO("stderr: " << wait.err);
  CHECK(wait.code == 124);
  CHECK(wait.err.find("unhealthy") != std::string::npos);
  sandbox.down();
}
