// Ending a child and all that it has started.

#include <signal.h>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

// Stops a server that has started a grandchild in a session of its own: nothing of it may stay.
void stop_takes_the_grandchild(const Arguments& args) {
  Sandbox sandbox;
  Arguments all{"--fork-grandchild"};
  all.insert(all.end(), args.begin(), args.end());
  auto config = sandbox.config();
  config.server("web").args(all).set("stop.timeout", "1s");
  sandbox.write(config);
  sandbox.up({"--wait"});
  REQUIRE(sandbox.server_processes().size() == 2);
  CHECK(number(sandbox.server("web"), "processes") == 2);

  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  INFO("left: " << sandbox.describe_processes());
  CHECK(sandbox.server_processes().empty());
  CHECK_FALSE(somebody_listens(sandbox.port()));
  CHECK(text(sandbox.server("web"), "state") == "stopped");
  sandbox.down();
}

// The child dies and leaves a grandchild behind, which must not keep the next one from its port.
void crash_takes_the_grandchild(const Arguments& args) {
  Sandbox sandbox;
  Arguments all{"--fork-grandchild", "--listen-then-exit-ms=100", "--exit=9"};
  all.insert(all.end(), args.begin(), args.end());
  auto config = sandbox.config();
  config.server("web").args(misbehaving(sandbox, 1, all)).set("stop.timeout", "1s");
  sandbox.write(config);
  sandbox.up();

  const Object web = sandbox.await("web", "ready after a restart", [](const Object& server) {
    return text(server, "state") == "ready" && number(server, "starts") >= 2;
  });
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(web, "restarts") == 1);
  CHECK(number(web, "port_conflicts") == 0);
  CHECK(number(last_exit(web), "code") == 9);
  CHECK(who_answers(web) == "web");
  INFO("left: " << sandbox.describe_processes());
  CHECK(sandbox.server_processes().size() == 1);
  CHECK(dead_ports(sandbox.status()).empty());
  sandbox.down();
}

}  // namespace

TEST_CASE("A stopped server is gone when stop returns") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});

  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  CHECK(sandbox.server_processes().empty());
  const Object web = sandbox.server("web");
  CHECK(text(web, "state") == "stopped");
  CHECK(text(web, "wanted") == "down");
  CHECK(is_null(web, "pid"));
  CHECK(is_null(web, "port"));
  CHECK(is_null(web, "url"));
  CHECK(text(last_exit(web), "cause") == "stopped_by_user");
  CHECK(text(last_exit(web), "signal") == "SIGTERM");
  CHECK(number(web, "restarts") == 0);
  CHECK(ports_in_use(sandbox.status()) == 0);
  sandbox.down();
}

TEST_CASE("An ignored SIGTERM ends in SIGKILL after stop.timeout") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--ignore-sigterm"}).set("stop.timeout", "300ms");
  sandbox.write(config);
  sandbox.up({"--wait"});

  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  const Object web = sandbox.server("web");
  CHECK(text(web, "state") == "stopped");
  CHECK(text(last_exit(web), "signal") == "SIGKILL");
  CHECK(text(last_exit(web), "cause") == "stopped_by_user");
  CHECK(sandbox.server_processes().empty());
  sandbox.down();
}

TEST_CASE("A slow stop within stop.timeout is waited for") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--slow-stop-ms=700"}).set("stop.timeout", "30s");
  sandbox.write(config);
  sandbox.up({"--wait"});

  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  const Object web = sandbox.server("web");
  CHECK(text(web, "state") == "stopped");
  CHECK(number(last_exit(web), "code") == 0);
  CHECK(is_null(last_exit(web), "signal"));
  sandbox.down();
}

TEST_CASE("stop.signal is the signal that is sent") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--ignore-sigterm"}).set("stop.signal", "SIGINT").set("stop.timeout", "60s");
  sandbox.write(config);
  sandbox.up({"--wait"});

  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  CHECK(text(last_exit(sandbox.server("web")), "signal") == "SIGINT");
  sandbox.down();
}

TEST_CASE("A server is stopped while it is still starting") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--never-listen"});
  sandbox.write(config);
  sandbox.up();
  await_launch(sandbox, "web", sandbox.port());

  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  CHECK(text(sandbox.server("web"), "state") == "stopped");
  CHECK(sandbox.server_processes().empty());
  sandbox.down();
}

TEST_CASE("A frozen server is stopped too") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("stop.timeout", "500ms").set("health.probe", "none");
  sandbox.write(config);
  sandbox.up({"--wait"});
  REQUIRE(::kill(static_cast<pid_t>(number(sandbox.server("web"), "pid")), SIGSTOP) == 0);

  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  CHECK(sandbox.server_processes().empty());
  sandbox.down();
}

TEST_CASE("stop ends the server below a shell") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").through_shell();
  sandbox.write(config);
  sandbox.up({"--wait"});

  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  CHECK(sandbox.server_processes().empty());
  CHECK_FALSE(somebody_listens(sandbox.port()));
  sandbox.down();
}

TEST_CASE("stop ends a grandchild that keeps the port") {
  stop_takes_the_grandchild({"--grandchild-keeps=port"});
}
TEST_CASE("stop ends a grandchild that keeps the pipe") {
  stop_takes_the_grandchild({"--grandchild-keeps=pipe"});
}
TEST_CASE("stop ends a grandchild that keeps nothing") {
  stop_takes_the_grandchild({"--grandchild-keeps=nothing"});
}

TEST_CASE("stop ends a grandchild that has cleared its environment") {
  stop_takes_the_grandchild({"--grandchild-keeps=nothing", "--grandchild-clears-env"});
}

TEST_CASE("stop ends a grandchild that ignores SIGTERM") {
  stop_takes_the_grandchild({"--grandchild-keeps=port", "--grandchild-ignores-sigterm"});
}

TEST_CASE("A crash leaves no grandchild on the port") {
  crash_takes_the_grandchild({"--grandchild-keeps=port"});
}

TEST_CASE("A crash is noticed though a grandchild keeps the pipe open") {
  crash_takes_the_grandchild({"--grandchild-keeps=pipe", "--grandchild-ignores-sigterm"});
}

TEST_CASE("A crash leaves no grandchild with a cleared environment") {
  crash_takes_the_grandchild({"--grandchild-keeps=port", "--grandchild-clears-env"});
}

TEST_CASE("down ends every kind of tree") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("plain");
  config.server("shell").through_shell();
  config.server("forker").args({"--fork-grandchild", "--grandchild-clears-env"});
  config.server("stubborn").args({"--ignore-sigterm"}).set("stop.timeout", "300ms");
  config.server("crashing").args({"--exit=3"});
  sandbox.write(config);
  sandbox.up();
  for (const char* name : {"plain", "shell", "forker", "stubborn"}) sandbox.await(name, "ready");
  sandbox.down();
}

TEST_CASE("While it lasts, going down tells who is still there and for how long") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("base");
  config.server("stubborn").args({"--ignore-sigterm"}).set("depends_on", Arguments{"base"}).set("stop.timeout", "3s");
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  sandbox.await_supervisor();
  sandbox.await("stubborn", "ready");
  const Result down = sandbox.berth({"down"});
  CHECK(down.code == 0);
  CHECK(down.err.find("still going down after 1 s; ") != std::string::npos);
  CHECK(down.err.find("stubborn: SIGKILL in ") != std::string::npos);
  REQUIRE(up.wait().has_value());
  CHECK(up.err().find("still going down after 1 s: ") != std::string::npos);
  CHECK(up.err().find("stubborn (pid ") != std::string::npos);
  CHECK(up.err().find(", SIGKILL in ") != std::string::npos);
  CHECK(up.err().find(", waits for those that depend on it)") != std::string::npos);
}

}  // namespace e2e
