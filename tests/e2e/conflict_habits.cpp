// What servers do when their port is taken differs; what Berth makes of it does not.

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

// The first port is stolen from a child with this habit: one conflict, the next port, nobody lied to.
void lose_the_first_port(const std::string& habit) {
  Sandbox sandbox(6);
  auto config = sandbox.config();
  config.server("web").args({"--on-busy=" + habit, "--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  sandbox.up();
  await_launch(sandbox, "web", sandbox.port(0));
  const Thief thief(sandbox, sandbox.port(0));
  REQUIRE(thief.got_the_port());
  open_port_gate(sandbox, sandbox.port(1));
  open_port_gate(sandbox, sandbox.port(0));

  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "port") == sandbox.port(1));
  CHECK(number(web, "port_conflicts") == 1);
  CHECK(number(web, "starts") == 2);
  CHECK(number(web, "restarts") == 0);
  CHECK(text(last_exit(web), "cause") == "port_conflict");
  CHECK(who_answers(web) == "web");
  const auto dead = dead_ports(sandbox.status());
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].port == sandbox.port(0));
  CHECK(dead[0].holder == thief.holder());
  sandbox.down();
}

}  // namespace

TEST_CASE("A taken port is seen in an exit with 1 and a message") {
  lose_the_first_port("exit1-message");
}
TEST_CASE("A taken port is seen in an exit with 1 without a word") {
  lose_the_first_port("exit1-silent");
}
TEST_CASE("A taken port is seen in an exit with 2 and a message") {
  lose_the_first_port("exit2-message");
}
TEST_CASE("A taken port is seen in an exit with 2 without a word") {
  lose_the_first_port("exit2-silent");
}
TEST_CASE("A taken port is seen through the lie of a server that exits with 0") {
  lose_the_first_port("exit0-lie");
}
TEST_CASE("A taken port is seen in a silent exit with 0") {
  lose_the_first_port("exit0-silent");
}
TEST_CASE("A server that shifts to the next port is brought back to its berth") {
  lose_the_first_port("shift");
}
TEST_CASE("A server that complains about its port and stays is moved") {
  lose_the_first_port("stay");
}
TEST_CASE("A server that stays without a listener and without a word is moved") {
  lose_the_first_port("stay-silent");
}
TEST_CASE("A server that tries its port again and again is moved") {
  lose_the_first_port("retry");
}

TEST_CASE("An exit with 2 on a free port is a crash and burns no port") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web").args(misbehaving(sandbox, 2, {"--exit=2"}));
  sandbox.write(config);
  sandbox.up();

  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "port") == sandbox.port(0));
  CHECK(number(web, "restarts") == 2);
  CHECK(number(web, "port_conflicts") == 0);
  CHECK(text(last_exit(web), "cause") == "crash");
  CHECK(number(last_exit(web), "code") == 2);
  CHECK(dead_ports(sandbox.status()).empty());
  sandbox.down();
}

TEST_CASE("A message about a taken port with nobody on it rests the port and declares it not dead") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  // The first time the hold on its port is suspected and dropped, the second time there is nothing left to suspect.
  config.server("web").args(
      misbehaving(sandbox, 2, {"--say=Error: listen EADDRINUSE: address already in use 127.0.0.1:{port}", "--exit=1"}));
  sandbox.write(config);
  sandbox.up();

  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "port") == sandbox.port(1));
  CHECK(number(web, "port_conflicts") == 1);
  CHECK(number(web, "restarts") == 0);
  CHECK(dead_ports(sandbox.status()).empty());
  sandbox.down();
}

TEST_CASE("An own pattern tells a conflict too") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web")
      .args(misbehaving(sandbox, 2, {"--say=the harbour is full", "--exit=1"}))
      .set("conflict.patterns", Arguments{"harbou?r is full"});
  sandbox.write(config);
  sandbox.up();

  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "port_conflicts") == 1);
  CHECK(number(web, "restarts") == 0);
  sandbox.down();
}

TEST_CASE("A child without SO_REUSEADDR is ready on its first port") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  // No connection is made: one in TIME_WAIT would keep such a child from its port for a minute.
  config.server("web").args({"--no-reuseaddr"}).set("ready.probe", "listen").set("health.probe", "none");
  sandbox.write(config);
  sandbox.up({"--wait"});

  const Object web = sandbox.server("web");
  CHECK(number(web, "port") == sandbox.port(0));
  CHECK(number(web, "port_conflicts") == 0);
  CHECK(number(web, "restarts") == 0);
  CHECK(dead_ports(sandbox.status()).empty());

  // What was learned about this server is remembered.
  const auto starts = number(web, "starts");
  REQUIRE(sandbox.berth({"restart", "web", "--wait"}).code == 0);
  const Object again = sandbox.server("web");
  CHECK(number(again, "port") == sandbox.port(0));
  CHECK(number(again, "starts") == starts + 1);
  sandbox.down();
}

}  // namespace e2e
