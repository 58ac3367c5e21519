// What Berth makes of a server that was ready: asked every now and then, and ended only when two signals agree.

#include <signal.h>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

ServerText& asked_often(ServerText& server) {
  return server.set("health.interval", "200ms").set("health.timeout", "500ms");
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("A server that answers 500 is ready, and that is told") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--http=500"});
  sandbox.write(config);
  sandbox.up({"--wait"});
  const Object web = sandbox.server("web");
  CHECK(text(web, "state") == "ready");
  CHECK(has(text(web, "detail"), "answers 500 to OPTIONS /mcp"));
  sandbox.down();
}

TEST_CASE("A stopped server is unhealthy with the reason, and as ready as before once it goes on") {
  Sandbox sandbox;
  auto config = sandbox.config();
  asked_often(config.server("web")).set("health.failures", 1000);
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto pid = static_cast<pid_t>(number(sandbox.server("web"), "pid"));

  REQUIRE(::kill(pid, SIGSTOP) == 0);
  const Object stopped =
      sandbox.await("web", "unhealthy", [](const Object& server) { return text(server, "state") == "unhealthy"; });
  CHECK(text(stopped, "reason") == "unhealthy");
  CHECK(has(text(stopped, "detail"), "(pid " + std::to_string(pid) + ") is stopped (SIGSTOP)"));
  CHECK(sandbox.berth({"url", "web"}).code == 3);

  REQUIRE(::kill(pid, SIGCONT) == 0);
  const Object again =
      sandbox.await("web", "ready again", [](const Object& server) { return text(server, "state") == "ready"; });
  CHECK(number(again, "starts") == 1);
  CHECK(number(again, "pid") == pid);
  CHECK(number(again, "consecutive_failures") == 0);
  sandbox.down();
}

TEST_CASE("With health.probe = none a server is asked once and left alone") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--silent-after=1"}).set("health.probe", "none").set("health.interval", "1ms");
  asked_often(config.server("other"));
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto pid = static_cast<pid_t>(number(sandbox.server("other"), "pid"));
  REQUIRE(::kill(pid, SIGSTOP) == 0);  // a clock: when this one has been found out, the other would have been
  sandbox.await("other", "restarted", [](const Object& server) { return number(server, "restarts") == 1; });
  CHECK(text(sandbox.server("web"), "state") == "ready");
  sandbox.down();
}

}  // namespace e2e
