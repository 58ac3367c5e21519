// Ctrl-\ ended the supervisor by its default action: no stop signal, no order, and a kill for every server.

#include <signal.h>

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("SIGQUIT stops all servers and ends with 131") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--slow-stop-ms=300"});
  config.server("other").set("depends_on", Arguments{"web"});
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  sandbox.await_supervisor();
  sandbox.await("other", "ready");
  up.signal(SIGQUIT);
  const auto ended = up.wait();
  REQUIRE(ended.has_value());
  CHECK(ended->code == 131);
  INFO("left: " << sandbox.describe_processes());
  CHECK(sandbox.nothing_left());
  const std::string log = read_file(sandbox.log_dir() / "berth.log");
  const auto other = log.find("other is stopped");
  REQUIRE(other != std::string::npos);
  CHECK(log.find("web is stopped") > other);
  CHECK(log.find("web is stopped") != std::string::npos);
  CHECK(log.find("SIGKILL") == std::string::npos);
}
