// How a child answers: the readiness and the health probe.

#include <signal.h>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

void ready_whatever_the_status(const std::string& status) {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--http=" + status});
  sandbox.write(config);
  sandbox.up({"--wait"});
  CHECK(number(sandbox.server("web"), "starts") == 1);
  sandbox.down();
}

void never_ready_but_retried(const std::string& answer) {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--http=" + answer}).set("ready.timeout", "2s");
  sandbox.write(config);
  sandbox.up();

  const Object web =
      sandbox.await("web", "a second start", [](const Object& server) { return number(server, "starts") >= 2; });
  CHECK(text(last_exit(web), "cause") == "probe_failed");
  CHECK(number(web, "restarts") >= 1);
  CHECK(number(web, "port") == sandbox.port());
  CHECK_FALSE(ever_ready(sandbox, "web"));
  sandbox.down();
}

}  // namespace

TEST_CASE("An answer of 200 is ready") {
  ready_whatever_the_status("200");
}
TEST_CASE("An answer of 404 is ready") {
  ready_whatever_the_status("404");
}
TEST_CASE("An answer of 500 is ready") {
  ready_whatever_the_status("500");
}
TEST_CASE("A server that accepts and says nothing is not ready") {
  never_ready_but_retried("silent");
}
TEST_CASE("A server that answers garbage is not ready") {
  never_ready_but_retried("garbage");
}

TEST_CASE("The listen probe asks a server nothing") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--http=silent"}).set("ready.probe", "listen").set("health.probe", "listen");
  sandbox.write(config);
  sandbox.up({"--wait"});
  CHECK(text(sandbox.server("web"), "state") == "ready");
  sandbox.down();
}

TEST_CASE("Without a probe a server is ready once it has lived for settle") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--never-listen"}).set("ready.probe", "none").set("health.probe", "none");
  sandbox.write(config);
  sandbox.up({"--wait"});

  const Object web = sandbox.server("web");
  CHECK(number(web, "starts") == 1);
  CHECK(decimal(web, "time_to_ready_s") >= 0.1);
  sandbox.down();
}

TEST_CASE("A server that falls silent is restarted as unhealthy") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .args(misbehaving(sandbox, 1, {"--silent-after=3"}))
      .set("health.interval", "100ms")
      .set("health.timeout", "300ms")
      .set("health.failures", 2);
  sandbox.write(config);
  sandbox.up();

  const Object web = sandbox.await("web", "ready after a restart", [](const Object& server) {
    return text(server, "state") == "ready" && number(server, "restarts") == 1;
  });
  CHECK(text(last_exit(web), "cause") == "unhealthy");
  CHECK(number(web, "port") == sandbox.port());
  CHECK(who_answers(web) == "web");
  sandbox.down();
}

TEST_CASE("A stopped process is found out by the health probe") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("health.interval", "100ms").set("health.timeout", "300ms").set("health.failures", 2);
  sandbox.write(config);
  sandbox.up({"--wait"});

  const auto frozen = static_cast<pid_t>(number(sandbox.server("web"), "pid"));
  REQUIRE(::kill(frozen, SIGSTOP) == 0);
  const Object web = sandbox.await("web", "ready after a restart", [](const Object& server) {
    return text(server, "state") == "ready" && number(server, "restarts") == 1;
  });
  CHECK(text(last_exit(web), "cause") == "unhealthy");
  CHECK_FALSE(process_lives(frozen));
  sandbox.down();
}

}  // namespace e2e
