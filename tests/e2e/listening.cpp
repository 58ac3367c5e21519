// Where and when a child listens, and what Berth makes of it.

#include <netdb.h>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

void ready_when_bound_to(const std::string& address) {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--bind=" + address});
  sandbox.write(config);
  sandbox.up({"--wait"});

  const Object web = sandbox.server("web");
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(web, "starts") == 1);
  CHECK(who_answers(web) == "web");
  sandbox.down();
}

// The child listens on another port than its own: told while it lives, given up at ready.timeout.
void wrong_port(const std::string& option) {
  Sandbox sandbox(6);
  auto config = sandbox.config();
  config.server("web").args({option}).set("ready.timeout", "5s");
  sandbox.write(config);
  sandbox.up();

  const Object told = sandbox.await("web", "reason wrong_port",
                                    [](const Object& server) { return text(server, "reason") == "wrong_port"; });
  CHECK(text(told, "state") == "starting");
  CHECK_FALSE(told.at("ready").as_bool());
  CHECK(text(told, "detail").find(std::to_string(sandbox.port(1))) != std::string::npos);

  const Object failed = sandbox.await("web", "failed");
  CHECK(text(failed, "reason") == "wrong_port");
  CHECK(is_null(failed, "port"));
  CHECK(number(failed, "starts") == 1);
  CHECK(number(failed, "port_conflicts") == 0);
  CHECK(dead_ports(sandbox.status()).empty());
  CHECK(sandbox.server_processes().empty());
  sandbox.down();
}

}  // namespace

TEST_CASE("A server on 127.0.0.1 is ready") {
  ready_when_bound_to("127.0.0.1");
}
TEST_CASE("A server on 0.0.0.0 is ready") {
  ready_when_bound_to("0.0.0.0");
}
TEST_CASE("A server on whatever localhost means is ready") {
  addrinfo* found = nullptr;
  if (::getaddrinfo("localhost", nullptr, nullptr, &found) != 0) {
    WARN("nobody knows `localhost` here: nothing tested");
    return;
  }
  ::freeaddrinfo(found);
  ready_when_bound_to("localhost-style");
}

TEST_CASE("A server on both families is ready") {
  if (has_ipv6_loopback()) ready_when_bound_to("::");
}

TEST_CASE("A server on ::1 only is ready and its URL leads there") {
  if (has_ipv6_loopback()) ready_when_bound_to("::1");
}

TEST_CASE("A server that listens late is ready late and not restarted") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--listen-delay-ms=1000"});
  sandbox.write(config);
  sandbox.up({"--wait"});

  const Object web = sandbox.server("web");
  CHECK(number(web, "starts") == 1);
  CHECK(decimal(web, "time_to_ready_s") >= 1.1);  // the delay and the settling
  sandbox.down();
}

TEST_CASE("A server on the port beside its own is a wrong port") {
  wrong_port("--port-offset=1");
}

TEST_CASE("A server that ignores PORT is a wrong port") {
  Sandbox other;  // its second port stands for the one that the server insists on
  Sandbox sandbox(2);
  auto config = sandbox.config();
  config.server("web").args({"--fixed-port=" + std::to_string(other.port(1))}).set("ready.timeout", "3s");
  sandbox.write(config);
  sandbox.up();

  const Object failed = sandbox.await("web", "failed");
  CHECK(text(failed, "reason") == "wrong_port");
  CHECK(text(failed, "detail").find(std::to_string(other.port(1))) != std::string::npos);
  CHECK(dead_ports(sandbox.status()).empty());
  sandbox.down();
}

TEST_CASE("A second port of its own does no harm") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--two-ports"});
  sandbox.write(config);
  sandbox.up({"--wait"});

  const Object web = sandbox.server("web");
  CHECK(number(web, "port") == sandbox.port());
  CHECK(who_answers(web) == "web");
  sandbox.down();
}

TEST_CASE("A server that never listens is retried with its port kept") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--never-listen"}).set("ready.timeout", "400ms");
  sandbox.write(config);
  sandbox.up();

  const Object web =
      sandbox.await("web", "three starts", [](const Object& server) { return number(server, "starts") >= 3; });
  CHECK(text(last_exit(web), "cause") == "not_listening");
  CHECK(number(web, "restarts") >= 2);
  CHECK(number(web, "consecutive_failures") >= 2);
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(web, "port_conflicts") == 0);
  CHECK(dead_ports(sandbox.status()).empty());
  CHECK_FALSE(ever_ready(sandbox, "web"));
  sandbox.down();
}

TEST_CASE("A server that Berth ends at ready.timeout has failed under restart never") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--never-listen"}).set("ready.timeout", "400ms").set("restart", "never");
  sandbox.write(config);
  sandbox.up();

  const Object web = sandbox.await("web", "failed");
  CHECK(text(web, "reason") == "not_listening");
  CHECK(number(web, "starts") == 1);
  CHECK(is_null(web, "port"));
  CHECK(sandbox.server_processes().empty());
  sandbox.down();
}

TEST_CASE("A listener that comes and goes is never ready") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--close-listener-after-ms=100"}).set("ready.settle", "2s").set("ready.timeout", "3s");
  sandbox.write(config);
  sandbox.up();

  const Object web =
      sandbox.await("web", "a second start", [](const Object& server) { return number(server, "starts") >= 2; });
  CHECK(text(last_exit(web), "cause") == "start_timeout");
  CHECK_FALSE(ever_ready(sandbox, "web"));
  sandbox.down();
}

TEST_CASE("A ready server that stops listening is restarted on its port") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .args(misbehaving(sandbox, 1, {"--close-listener-when=" + gate(sandbox, "close")}))
      .set("health.interval", "100ms")
      .set("health.timeout", "500ms")
      .set("health.failures", 2);
  sandbox.write(config);
  sandbox.up({"--wait"});

  open_gate(sandbox, "close");
  const Object web = sandbox.await("web", "ready after a restart", [](const Object& server) {
    return text(server, "state") == "ready" && number(server, "restarts") == 1;
  });
  CHECK(text(last_exit(web), "cause") == "unhealthy");
  CHECK(number(web, "port") == sandbox.port());
  CHECK(who_answers(web) == "web");
  CHECK(dead_ports(sandbox.status()).empty());
  sandbox.down();
}

}  // namespace e2e
