// A server with `ready.probe = "none"` was ready and its URL was not told.

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("url of a server that nobody probes is told once it is ready") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--never-listen"}).set("ready.probe", "none");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const std::string expected = "http://127.0.0.1:" + std::to_string(sandbox.port()) + "/mcp";
  const Result url = sandbox.berth({"url", "web"});
  INFO("stderr: " << url.err);
  CHECK(url.code == 0);
  CHECK(url.out == expected + "\n");
  CHECK(text(sandbox.server("web"), "detail") == expected);
  CHECK(sandbox.berth({"env", "web"}).out == "WEB_URL='" + expected + "'\n");
  sandbox.down();
}
