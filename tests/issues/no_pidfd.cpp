// Where pidfd_open is refused (old seccomp profiles of containers), the first launch ended the supervisor, and `down`
// said that all was well. They know neither clone3 nor close_range, without which a launch has to do as well.

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

namespace {

Result run_confined(Sandbox& sandbox, const Arguments& args) {
  Arguments all{BERTH_PROGRAM};
  all.insert(all.end(), args.begin(), args.end());
  return run(sandbox.plan(CONFINED_PROGRAM, all));
}

}  // namespace

TEST_CASE("A supervisor that may not open a pidfd launches servers and sees them end") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--exit-when=" + gate(sandbox, "web")});
  sandbox.write(config);
  const Result up = run_confined(sandbox, {"up", "--detach", "--wait"});
  if (up.code == 69) {
    WARN("no system call can be refused here: " << up.err);
    return;
  }
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
  open_gate(sandbox, "web");
  sandbox.await("web", "launched again", [](const Object& server) { return number(server, "starts") > 1; });
  sandbox.down();
}

TEST_CASE("A down that may not watch the supervisor says so") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const Result down = run_confined(sandbox, {"down"});
  if (down.code == 69) {
    WARN("no system call can be refused here: " << down.err);
    return;
  }
  CHECK(down.code == 1);
  CHECK(down.err.find("cannot watch") != std::string::npos);
  sandbox.down();
}
