// A server into whose descriptors Berth may not look was taken for a stranger on its own port, and called "berth",
// whose hold on that port was all that could be seen.

#include <unistd.h>

#include "e2e/restricted.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("A server that hides its descriptors is known as the own one") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--not-dumpable"}).set("conflict.attempts", 1);
  sandbox.write(config);
  PlainUser user(sandbox);
  if (!user.possible()) {
    WARN(user.why_not());
    return;
  }
  const Result up = user.run(BERTH_PROGRAM, {"up", "--detach", "--wait"});
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
  const Object web = sandbox.server("web");
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(web, "port_conflicts") == 0);
  CHECK(who_answers(web) == "web");
  sandbox.down();
}

TEST_CASE("What another server listens on is not taken for a port that a server has moved to") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("first").args({"--not-dumpable"});
  config.server("second")
      .args({"--not-dumpable", "--never-listen"})
      .set("depends_on", Arguments{"first"})
      .set("ready.timeout", "500ms");
  sandbox.write(config);
  PlainUser user(sandbox);
  if (!user.possible()) {
    WARN(user.why_not());
    return;
  }
  const Result up = user.run(BERTH_PROGRAM, {"up", "--detach"});
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
  const Object second = sandbox.await("second", "ended", [](const Object& it) { return !is_null(it, "last_exit"); });
  INFO(boost::json::serialize(second));
  CHECK(text(last_exit(second), "cause") == "not_listening");
  CHECK(text(second, "state") != "failed");
  sandbox.down();
}

TEST_CASE("A stranger of another user is a stranger, and not called berth") {
  Sandbox sandbox;
  if (::geteuid() != 0) {
    WARN("it takes another user: run as root");
    return;
  }
  auto config = sandbox.config();
  const std::string habit = GENERATE("--not-dumpable", "--two-ports");
  config.server("web").args({habit, "--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  PlainUser user(sandbox);
  if (!user.possible()) {
    WARN(user.why_not());
    return;
  }
  const Result up = user.run(BERTH_PROGRAM, {"up", "--detach"});
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
  await_launch(sandbox, "web", sandbox.port());
  const Thief thief(sandbox, sandbox.port());
  REQUIRE(thief.got_the_port());
  for (int i = 0; i < 3; ++i) open_port_gate(sandbox, sandbox.port(i));
  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "port") == sandbox.port(1));
  const auto dead = dead_ports(sandbox.status());
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].port == sandbox.port());
  CHECK(dead[0].holder.find("berth") == std::string::npos);
  sandbox.down();
}
