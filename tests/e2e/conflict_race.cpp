// A stranger takes the port between Berth's check and the child's bind.

#include <memory>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

// The server lost `lost` to the thief and lives on the next port, as if nothing had happened.
void check_moved_on(Sandbox& sandbox, const Thief& thief, int lost, int next) {
  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "port") == next);
  CHECK(number(web, "port_conflicts") == 1);
  CHECK(number(web, "starts") == 2);
  CHECK(number(web, "restarts") == 0);
  CHECK(number(web, "consecutive_failures") == 0);
  CHECK(who_answers(web) == "web");
  CHECK(text(last_exit(web), "cause") == "port_conflict");

  const auto dead = dead_ports(sandbox.status());
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].port == lost);
  CHECK_FALSE(dead[0].reason.empty());
  CHECK(dead[0].holder == thief.holder());
}

void steal_while_the_child_is_slow(bool hold) {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.ports("hold", hold);
  config.server("web").args({"--listen-delay-ms=1500"});
  sandbox.write(config);
  sandbox.up();

  await_launch(sandbox, "web", sandbox.port(0));
  const Thief thief(sandbox, sandbox.port(0));
  REQUIRE(thief.got_the_port());
  check_moved_on(sandbox, thief, sandbox.port(0), sandbox.port(1));
  sandbox.down();
}

// Takes the first `count` ports one after the other, each from a child that is about to bind it.
std::vector<std::unique_ptr<Thief>> steal_in_a_row(Sandbox& sandbox, int count) {
  std::vector<std::unique_ptr<Thief>> thieves;
  for (int i = 0; i < count; ++i) {
    await_launch(sandbox, "web", sandbox.port(i));
    thieves.push_back(std::make_unique<Thief>(sandbox, sandbox.port(i)));
    REQUIRE(thieves.back()->got_the_port());
    open_port_gate(sandbox, sandbox.port(i));
  }
  return thieves;
}

}  // namespace

TEST_CASE("A held port that is stolen while the child is slow costs one port and nothing else") {
  steal_while_the_child_is_slow(true);
}

TEST_CASE("Without held ports a stolen port costs one port and nothing else") {
  steal_while_the_child_is_slow(false);
}

TEST_CASE("A stranger without SO_REUSEADDR cannot take a held port") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  sandbox.up();

  await_launch(sandbox, "web", sandbox.port(0));
  const Thief thief(sandbox, sandbox.port(0), {});
  CHECK_FALSE(thief.got_the_port());
  open_port_gate(sandbox, sandbox.port(0));
  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "port") == sandbox.port(0));
  CHECK(number(web, "starts") == 1);
  CHECK(number(web, "port_conflicts") == 0);
  sandbox.down();
}

TEST_CASE("A stranger who lies in wait gets the port neither at a crash nor at a restart") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web").args(misbehaving(sandbox, 3, {"--listen-then-exit-ms=50", "--exit=9"}));
  sandbox.write(config);
  sandbox.up();
  sandbox.await("web", "a port", [](const Object& server) { return !is_null(server, "port"); });
  Program lurker(thief_plan(sandbox, sandbox.port(0), {"--watch-listen"}));

  const Object web = sandbox.await("web", "ready after three crashes", [](const Object& server) {
    return text(server, "state") == "ready" && number(server, "restarts") >= 3;
  });
  CHECK(number(web, "port") == sandbox.port(0));
  REQUIRE(sandbox.berth({"restart", "web", "--wait"}).code == 0);
  CHECK(number(sandbox.server("web"), "port") == sandbox.port(0));
  CHECK(number(sandbox.server("web"), "port_conflicts") == 0);
  CHECK(lurker.out().empty());
  CHECK(lurker.running());
  sandbox.down();
}

TEST_CASE("A stranger on all addresses takes the port of a server on one") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  sandbox.up();

  await_launch(sandbox, "web", sandbox.port(0));
  const Thief thief(sandbox, sandbox.port(0), {"--reuseaddr", "--bind", "0.0.0.0"});
  REQUIRE(thief.got_the_port());
  open_port_gate(sandbox, sandbox.port(1));
  open_port_gate(sandbox, sandbox.port(0));
  check_moved_on(sandbox, thief, sandbox.port(0), sandbox.port(1));
  sandbox.down();
}

TEST_CASE("A stranger on the other address family is no matter for a server on 127.0.0.1") {
  if (!has_ipv6_loopback()) return;
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  sandbox.up();

  await_launch(sandbox, "web", sandbox.port(0));
  const Thief thief(sandbox, sandbox.port(0), {"--reuseaddr", "--bind", "::1"});
  REQUIRE(thief.got_the_port());
  open_port_gate(sandbox, sandbox.port(0));
  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "port") == sandbox.port(0));
  CHECK(number(web, "port_conflicts") == 0);
  CHECK(who_answers(web) == "web");
  sandbox.down();
}

TEST_CASE("Ten ports stolen in a row end on the eleventh") {
  Sandbox sandbox(12);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  sandbox.up();

  const auto thieves = steal_in_a_row(sandbox, 10);
  open_port_gate(sandbox, sandbox.port(10));
  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "port") == sandbox.port(10));
  CHECK(number(web, "port_conflicts") == 10);
  CHECK(number(web, "starts") == 11);
  CHECK(number(web, "restarts") == 0);
  CHECK(number(web, "consecutive_failures") == 0);
  CHECK(who_answers(web) == "web");

  const auto dead = dead_ports(sandbox.status());
  REQUIRE(dead.size() == 10);
  for (const DeadPort& port : dead) {
    const auto index = static_cast<std::size_t>(port.port - sandbox.port(0));
    REQUIRE(index < thieves.size());
    CHECK(port.holder == thieves[index]->holder());
  }
  sandbox.down();
}

TEST_CASE("More conflicts in a row than conflict.attempts end in failed") {
  Sandbox sandbox(8);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)}).set("conflict.attempts", 2);
  sandbox.write(config);
  sandbox.up();

  const auto thieves = steal_in_a_row(sandbox, 3);  // the first port and two attempts beyond it
  const Object web = sandbox.await("web", "failed");
  CHECK(text(web, "reason") == "port_conflict");
  CHECK(number(web, "port_conflicts") == 3);
  CHECK(is_null(web, "port"));
  CHECK(is_null(web, "url"));
  CHECK(dead_ports(sandbox.status()).size() == 3);
  sandbox.down();
}

TEST_CASE("A range whose every port is stolen is exhausted and says so") {
  Sandbox sandbox(2);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)}).set("conflict.attempts", 0);
  sandbox.write(config);
  sandbox.up();

  const auto thieves = steal_in_a_row(sandbox, 2);
  const Object web = sandbox.await("web", "failed");
  CHECK(text(web, "reason") == "port_range_exhausted");
  CHECK(is_null(web, "port"));
  sandbox.down();
}

TEST_CASE("A dead port is tried again only when the range is exhausted otherwise") {
  Sandbox sandbox(1);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  sandbox.up();

  auto thieves = steal_in_a_row(sandbox, 1);
  sandbox.await("web", "failed");
  thieves[0]->leave();
  REQUIRE(sandbox.berth({"start", "web", "--wait"}).code == 0);
  CHECK(number(sandbox.server("web"), "port") == sandbox.port(0));
  CHECK(dead_ports(sandbox.status()).empty());
  sandbox.down();
}

TEST_CASE("A stranger who answers on the port is never taken for the server") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  sandbox.up();

  await_launch(sandbox, "web", sandbox.port(0));
  const Thief thief(sandbox, sandbox.port(0));
  REQUIRE(thief.got_the_port());
  const Object seen = sandbox.await(
      "web", "reason foreign_listener",
      [](const Object& server) { return text(server, "reason") == "foreign_listener"; }, 10s);
  CHECK(text(seen, "state") == "starting");
  CHECK_FALSE(seen.at("ready").as_bool());
  CHECK(number(seen, "port_conflicts") == 0);  // the child has yet to try
  const Result url = sandbox.berth({"url", "web"});
  CHECK(url.code == 3);
  CHECK(url.out.empty());
  CHECK_FALSE(ever_ready(sandbox, "web"));

  open_port_gate(sandbox, sandbox.port(1));
  open_port_gate(sandbox, sandbox.port(0));
  check_moved_on(sandbox, thief, sandbox.port(0), sandbox.port(1));
  sandbox.down();
}

TEST_CASE("A stranger on the port of a child that never tries becomes a conflict") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  sandbox.up();

  await_launch(sandbox, "web", sandbox.port(0));
  const Thief thief(sandbox, sandbox.port(0));
  REQUIRE(thief.got_the_port());
  open_port_gate(sandbox, sandbox.port(1));
  check_moved_on(sandbox, thief, sandbox.port(0), sandbox.port(1));
  sandbox.down();
}

TEST_CASE("A stolen port comes back neither after a restart nor after the thief has left") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  sandbox.up();

  auto thieves = steal_in_a_row(sandbox, 1);
  open_port_gate(sandbox, sandbox.port(1));
  sandbox.await("web", "ready");
  thieves[0]->leave();
  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  REQUIRE(sandbox.berth({"start", "web", "--wait"}).code == 0);
  CHECK(number(sandbox.server("web"), "port") == sandbox.port(1));
  CHECK(dead_ports(sandbox.status()).size() == 1);
  sandbox.down();
}

}  // namespace e2e
