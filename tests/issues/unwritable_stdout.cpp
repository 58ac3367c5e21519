// What could not be printed was lost, and the exit code said that all was well.

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("A standard output that takes nothing is an error") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  for (const char* command :
       {"status", "status --json", "check", "check --json", "url web", "env", "ports", "version"}) {
    const std::string line = std::string("exec ") + BERTH_PROGRAM + " " + command + " > /dev/full";
    const Result result = run(sandbox.plan("/bin/sh", {"-c", line}));
    INFO(command << ": " << result.err);
    CHECK(result.code == 1);
    CHECK(result.err.find("standard output") != std::string::npos);
  }
  sandbox.down();
}
