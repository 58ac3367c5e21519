// A fixed port never moves and is never given to another.

#include "e2e/e2e.hpp"

namespace e2e {

TEST_CASE("A fixed port is used inside the range and outside") {
  Sandbox outside(2);
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("inside").set("port", sandbox.port(2));
  config.server("outside").set("port", outside.port(1));
  sandbox.write(config);
  sandbox.up({"--wait"});

  CHECK(number(sandbox.server("inside"), "port") == sandbox.port(2));
  CHECK(number(sandbox.server("outside"), "port") == outside.port(1));
  CHECK(who_answers(sandbox.server("outside")) == "outside");
  sandbox.down();
}

TEST_CASE("A fixed port is never given to another server") {
  Sandbox sandbox(3);
  auto config = sandbox.config();
  config.server("first");
  config.server("fixed").set("port", sandbox.port(0)).set("enabled", false);
  sandbox.write(config);
  sandbox.up({"--wait"});

  CHECK(number(sandbox.server("first"), "port") == sandbox.port(1));
  REQUIRE(sandbox.berth({"start", "fixed", "--wait"}).code == 0);
  CHECK(number(sandbox.server("fixed"), "port") == sandbox.port(0));
  sandbox.down();
}

TEST_CASE("A fixed port that a stranger holds fails the server until the stranger has left") {
  Sandbox sandbox(3);
  Thief stranger(sandbox, sandbox.port(1));
  REQUIRE(stranger.got_the_port());
  auto config = sandbox.config();
  config.server("web").set("port", sandbox.port(1));
  sandbox.write(config);
  sandbox.up();

  const Object failed = sandbox.await("web", "failed");
  CHECK(text(failed, "reason") == "fixed_port_held");
  CHECK(text(failed, "detail").find(stranger.holder()) != std::string::npos);
  CHECK(is_null(failed, "port"));

  stranger.leave();
  REQUIRE(sandbox.berth({"start", "web", "--wait"}).code == 0);
  CHECK(number(sandbox.server("web"), "port") == sandbox.port(1));
  sandbox.down();
}

TEST_CASE("A fixed port that is stolen from a slow child fails the server and is not moved") {
  Sandbox sandbox(3);
  auto config = sandbox.config();
  config.server("web").set("port", sandbox.port(0)).args({"--listen-when=" + gate(sandbox, "web")});
  sandbox.write(config);
  sandbox.up();

  await_launch(sandbox, "web", sandbox.port(0));
  const Thief thief(sandbox, sandbox.port(0));
  REQUIRE(thief.got_the_port());
  open_gate(sandbox, "web");
  const Object failed = sandbox.await("web", "failed");
  CHECK(text(failed, "reason") == "fixed_port_held");
  CHECK(number(failed, "starts") == 1);
  CHECK(sandbox.server_processes().empty());
  sandbox.down();
}

TEST_CASE("A crash keeps a fixed port") {
  Sandbox sandbox(3);
  auto config = sandbox.config();
  config.server("web").set("port", sandbox.port(2)).args(misbehaving(sandbox, 2, {"--exit=3"}));
  sandbox.write(config);
  sandbox.up();

  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "port") == sandbox.port(2));
  CHECK(number(web, "restarts") == 2);
  sandbox.down();
}

TEST_CASE("One fixed port for two servers is an error in the config") {
  Sandbox sandbox(3);
  auto config = sandbox.config();
  config.server("one").set("port", sandbox.port(0));
  config.server("two").set("port", sandbox.port(0));
  sandbox.write(config);
  const Result result = sandbox.berth({"check"});
  CHECK(result.code == 2);
  CHECK(result.err.find(std::to_string(sandbox.port(0))) != std::string::npos);
}

}  // namespace e2e
