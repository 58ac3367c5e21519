// How a child ends, and what is done about it.

#include <signal.h>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

bool ready_again(const Object& server) {
  return text(server, "state") == "ready" && number(server, "restarts") == 1;
}

void killed_by(const std::string& option, const std::string& signal) {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args(misbehaving(sandbox, 1, {option}));
  sandbox.write(config);
  sandbox.up();

  const Object web = sandbox.await("web", "ready after a restart", ready_again);
  CHECK(text(last_exit(web), "signal") == signal);
  CHECK(is_null(last_exit(web), "code"));
  CHECK(text(last_exit(web), "cause") == "crash");
  CHECK(number(web, "port") == sandbox.port());
  sandbox.down();
}

}  // namespace

TEST_CASE("A child that exits at once again and again is in a crash loop on its port") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--say=goodbye", "--exit=3"});
  sandbox.write(config);
  sandbox.up();

  const Object web = sandbox.await("web", "crashloop");
  CHECK(number(web, "consecutive_failures") >= 5);
  CHECK(number(web, "restarts") >= 4);
  CHECK(number(web, "port") == sandbox.port());
  CHECK(decimal(web, "next_retry_in_s") >= 0);
  CHECK(number(last_exit(web), "code") == 3);
  CHECK(is_null(last_exit(web), "signal"));
  CHECK(text(last_exit(web), "cause") == "crash");
  const Object exit = last_exit(web);
  const auto& tail = exit.at("output_tail").as_array();
  REQUIRE_FALSE(tail.empty());
  CHECK(boost::json::serialize(tail).find("goodbye") != std::string::npos);
  CHECK(dead_ports(sandbox.status()).empty());
  CHECK(ports_in_use(sandbox.status()) == 1);
  sandbox.down();
}

TEST_CASE("An exit with 0 before a listener is a failure and is retried") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args(misbehaving(sandbox, 1, {"--exit=0"})).set("restart", "on-failure");
  sandbox.write(config);
  sandbox.up();

  const Object web = sandbox.await("web", "ready after a restart", ready_again);
  CHECK(number(last_exit(web), "code") == 0);
  CHECK(text(last_exit(web), "cause") == "not_listening");
  CHECK(dead_ports(sandbox.status()).empty());
  sandbox.down();
}

TEST_CASE("A ready server that crashes is restarted on its port") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args(misbehaving(sandbox, 1, {"--exit-when=" + gate(sandbox, "exit"), "--exit=5"}));
  sandbox.write(config);
  sandbox.up({"--wait"});

  const auto first = number(sandbox.server("web"), "pid");
  open_gate(sandbox, "exit");
  const Object web = sandbox.await("web", "ready after a restart", ready_again);
  CHECK(number(web, "pid") != first);
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(web, "starts") == 2);
  CHECK(number(last_exit(web), "code") == 5);
  CHECK(text(last_exit(web), "cause") == "crash");
  CHECK(who_answers(web) == "web");
  sandbox.down();
}

TEST_CASE("A server killed from outside is restarted") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});

  REQUIRE(::kill(static_cast<pid_t>(number(sandbox.server("web"), "pid")), SIGKILL) == 0);
  const Object web = sandbox.await("web", "ready after a restart", ready_again);
  CHECK(text(last_exit(web), "signal") == "SIGKILL");
  CHECK(text(last_exit(web), "cause") == "crash");
  CHECK(number(web, "port") == sandbox.port());
  sandbox.down();
}

TEST_CASE("A child that aborts is told by its signal") {
  killed_by("--abort", "SIGABRT");
}
TEST_CASE("A child that dies of SIGSEGV is told by its signal") {
  killed_by("--kill-self=SIGSEGV", "SIGSEGV");
}
TEST_CASE("A child that kills itself is told by its signal") {
  killed_by("--kill-self=SIGKILL", "SIGKILL");
}

TEST_CASE("A child that ends after a while without a listener is a crash") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args(misbehaving(sandbox, 1, {"--never-listen", "--exit-after-ms=200", "--exit=9"}));
  sandbox.write(config);
  sandbox.up();

  const Object web = sandbox.await("web", "ready after a restart", ready_again);
  CHECK(number(last_exit(web), "code") == 9);
  CHECK(text(last_exit(web), "cause") == "crash");
  sandbox.down();
}

TEST_CASE("A bridge that listens first and dies after is never ready") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--listen-then-exit-ms=200", "--exit=127"}).set("ready.settle", "5s");
  sandbox.write(config);
  sandbox.up();

  const Object web =
      sandbox.await("web", "three starts", [](const Object& server) { return number(server, "starts") >= 3; });
  CHECK(number(last_exit(web), "code") == 127);
  CHECK(text(last_exit(web), "cause") == "crash");
  CHECK(number(web, "port") == sandbox.port());
  CHECK_FALSE(ever_ready(sandbox, "web"));
  sandbox.down();
}

TEST_CASE("give_up_after ends in failed until somebody asks") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args(misbehaving(sandbox, 3, {"--exit=3"})).set("backoff.give_up_after", 3);
  sandbox.write(config);
  sandbox.up();

  const Object failed = sandbox.await("web", "failed");
  CHECK(text(failed, "reason") == "budget_spent");
  CHECK(number(failed, "starts") == 3);
  CHECK(is_null(failed, "port"));
  CHECK(ports_in_use(sandbox.status()) == 0);

  REQUIRE(sandbox.berth({"start", "web", "--wait"}).code == 0);
  CHECK(number(sandbox.server("web"), "consecutive_failures") == 0);
  sandbox.down();
}

TEST_CASE("restart never leaves a server that ended as exited") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--exit-when=" + gate(sandbox, "exit"), "--exit=5"}).set("restart", "never");
  sandbox.write(config);
  sandbox.up({"--wait"});

  open_gate(sandbox, "exit");
  const Object web = sandbox.await("web", "exited");
  CHECK(number(last_exit(web), "code") == 5);
  CHECK(number(web, "starts") == 1);
  CHECK(is_null(web, "port"));
  CHECK(is_null(web, "pid"));
  CHECK(ports_in_use(sandbox.status()) == 0);
  sandbox.down();
}

TEST_CASE("restart on-failure leaves a clean exit alone") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--exit-when=" + gate(sandbox, "exit"), "--exit=0"}).set("restart", "on-failure");
  sandbox.write(config);
  sandbox.up({"--wait"});

  open_gate(sandbox, "exit");
  const Object web = sandbox.await("web", "exited");
  CHECK(text(last_exit(web), "cause") == "clean_exit");
  CHECK(number(web, "starts") == 1);
  sandbox.down();
}

TEST_CASE("restart always restarts a clean exit") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args(misbehaving(sandbox, 1, {"--exit-when=" + gate(sandbox, "exit"), "--exit=0"}));
  sandbox.write(config);
  sandbox.up({"--wait"});

  open_gate(sandbox, "exit");
  const Object web = sandbox.await("web", "a second start and ready", [](const Object& server) {
    return text(server, "state") == "ready" && number(server, "starts") == 2;
  });
  CHECK(text(last_exit(web), "cause") == "clean_exit");
  CHECK(number(web, "port") == sandbox.port());
  sandbox.down();
}

TEST_CASE("The port is held while a server waits for its next start") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--exit=3"}).set("backoff.initial", "10m").set("backoff.max", "10m");
  sandbox.write(config);
  sandbox.up();

  const Object web = sandbox.await("web", "backoff");
  CHECK(number(web, "port") == sandbox.port());
  CHECK_FALSE(is_null(web, "url"));
  CHECK(is_null(web, "pid"));
  CHECK(decimal(web, "next_retry_in_s") > 60);
  CHECK(text(web, "reason") == "crash");
  CHECK(ports_in_use(sandbox.status()) == 1);
  CHECK_FALSE(port_is_free(sandbox.port()));
  CHECK_FALSE(somebody_listens(sandbox.port()));
  sandbox.down();
}

TEST_CASE("start cuts a backoff short") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .args(misbehaving(sandbox, 1, {"--exit=3"}))
      .set("backoff.initial", "10m")
      .set("backoff.max", "10m");
  sandbox.write(config);
  sandbox.up();

  sandbox.await("web", "backoff");
  REQUIRE(sandbox.berth({"start", "web", "--wait"}).code == 0);
  CHECK(number(sandbox.server("web"), "consecutive_failures") == 0);
  sandbox.down();
}

}  // namespace e2e
