// Started with closed descriptors, Berth gave their numbers to its lock and its logs, and wrote output there.

#include <csignal>

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("Closed standard descriptors do not become files of Berth") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--say=hello harbour"});
  sandbox.write(config);
  ProgramPlan plan = sandbox.plan("/bin/sh", {"-c", std::string("exec ") + BERTH_PROGRAM + " up <&- >&- 2>&-"});
  Program up(plan);
  sandbox.await_supervisor();
  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "starts") == 1);
  const std::string lock = read_file(sandbox.runtime_dir() / (sandbox.project() + ".lock"));
  CHECK(lock.find("hello") == std::string::npos);
  up.signal(SIGTERM);
  const auto ended = up.wait();
  REQUIRE(ended.has_value());
  CHECK(ended->code == 143);
}
