// `berth start` returned 0 when nothing had been launched for want of descriptors.

#include "e2e/restricted.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

namespace {

void set_soft_limit(Sandbox& sandbox, pid_t pid, std::size_t descriptors) {
  const Result result = run(sandbox.plan(
      "/usr/bin/prlimit", {"--pid=" + std::to_string(pid), "--nofile=" + std::to_string(descriptors) + ":"}));
  INFO("prlimit: " << result.err);
  REQUIRE(result.code == 0);
}

}  // namespace

TEST_CASE("start that could launch nothing says so") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("enabled", false).set("backoff.initial", "10m").set("backoff.max", "10m");
  sandbox.write(config);
  sandbox.up();
  const pid_t supervisor = supervisor_of(sandbox);
  // The last sixteen are for questions and answers: there is none for a server.
  set_soft_limit(sandbox, supervisor, descriptor_count(supervisor) + 8);
  const Result start = sandbox.berth({"start", "web"});
  CHECK(start.code == 1);
  CHECK(start.err.find("open files") != std::string::npos);
  CHECK(number(sandbox.server("web"), "starts") == 0);

  set_soft_limit(sandbox, supervisor, 256);
  const Result again = sandbox.berth({"start", "web"});
  INFO("stderr: " << again.err);
  CHECK(again.code == 0);
  sandbox.down();
}
