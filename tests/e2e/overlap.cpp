// Two commands at once: each pair has one result.

#include <signal.h>

#include "e2e/commands.hpp"

namespace e2e {
namespace {

// One server that only dies when the test says so.
struct Stubborn {
  Sandbox sandbox;

  Stubborn() {
    auto config = sandbox.config();
    config.supervisor("shutdown_timeout", "10m");
    config.server("web").args({"--ignore-sigterm"}).set("stop.timeout", "10m");
    sandbox.write(config);
    sandbox.up({"--wait"});
  }

  void end_child() { REQUIRE(::kill(static_cast<pid_t>(number(sandbox.server("web"), "pid")), SIGKILL) == 0); }

  // A command that has taken effect, and waits for the end of the child.
  Program begin(const Arguments& args, const std::string& wanted) {
    Program program = sandbox.start_berth(args);
    sandbox.await("web", "stopping and wanted " + wanted, [&](const Object& server) {
      return text(server, "state") == "stopping" && text(server, "wanted") == wanted;
    });
    await_asking(program);
    return program;
  }

  // Berth's last command: stubborn or not, it must go.
  void leave() {
    Program down = sandbox.start_berth({"down"});
    sandbox.await("web", "stopping");
    end_child();
    check_ended(down, 0, "");
    CHECK(sandbox.nothing_left());
  }
};

}  // namespace

TEST_CASE("stop of a server that up --wait waits for ends the wait") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--never-listen"});
  config.server("other");
  sandbox.write(config);
  Program up = sandbox.start_berth({"up", "--detach", "--wait"});
  sandbox.await_supervisor();
  await_launch(sandbox, "web", sandbox.port());
  await_asking(up);

  CHECK(sandbox.berth({"stop", "web"}).code == 0);
  check_ended(up, 1, "`web` is stopped");
  CHECK(text(sandbox.server("web"), "state") == "stopped");
  sandbox.await("other", "ready");
  sandbox.down();
}

TEST_CASE("start during a stop brings the server up again when the old one is gone") {
  Stubborn stubborn;
  Sandbox& sandbox = stubborn.sandbox;
  const auto first = number(sandbox.server("web"), "pid");
  Program stop = stubborn.begin({"stop", "web"}, "down");
  Program start = stubborn.begin({"start", "web", "--wait"}, "up");
  CHECK(sandbox.server_processes().size() == 1);  // never two at once

  stubborn.end_child();
  check_ended(start, 0, "");
  const Object web = sandbox.server("web");
  CHECK(text(web, "state") == "ready");
  CHECK(number(web, "pid") != first);
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(web, "starts") == 2);
  CHECK(number(web, "restarts") == 0);
  // It was overtaken: it says so and does not wait for a stop that nobody wants any more.
  check_ended(stop, 1, "web");
  stubborn.leave();
}

TEST_CASE("stop during a restart leaves the server stopped") {
  Stubborn stubborn;
  Sandbox& sandbox = stubborn.sandbox;
  Program restart = stubborn.begin({"restart", "web"}, "up");
  Program stop = stubborn.begin({"stop", "web"}, "down");

  stubborn.end_child();
  check_ended(stop, 0, "");
  check_ended(restart, 1, "`web` is stopped");
  const Object web = sandbox.server("web");
  CHECK(text(web, "state") == "stopped");
  CHECK(number(web, "starts") == 1);
  CHECK(sandbox.server_processes().empty());
  sandbox.down();
}

TEST_CASE("restart during a stop brings the server up again") {
  Stubborn stubborn;
  Sandbox& sandbox = stubborn.sandbox;
  Program stop = stubborn.begin({"stop", "web"}, "down");
  Program restart = stubborn.begin({"restart", "web", "--wait"}, "up");

  stubborn.end_child();
  check_ended(restart, 0, "");
  check_ended(stop, 1, "web");
  CHECK(number(sandbox.server("web"), "starts") == 2);
  stubborn.leave();
}

TEST_CASE("Two restarts at once are one new process at the end") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--slow-stop-ms=200"});
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto first = number(sandbox.server("web"), "pid");
  Program one = sandbox.start_berth({"restart", "web", "--wait"});
  Program two = sandbox.start_berth({"restart", "web", "--wait"});
  check_ended(one, 0, "");
  check_ended(two, 0, "");

  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "pid") != first);
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(web, "starts") <= 3);
  CHECK(number(web, "restarts") == 0);
  CHECK(number(web, "consecutive_failures") == 0);
  CHECK(sandbox.server_processes().size() == 1);
  sandbox.down();
}

TEST_CASE("Two restarts while the old process ends make one new one") {
  Stubborn stubborn;
  Sandbox& sandbox = stubborn.sandbox;
  Program one = stubborn.begin({"restart", "web", "--wait"}, "up");
  Program two = stubborn.begin({"restart", "web", "--wait"}, "up");
  stubborn.end_child();
  check_ended(one, 0, "");
  check_ended(two, 0, "");
  CHECK(number(sandbox.server("web"), "starts") == 2);
  stubborn.leave();
}

TEST_CASE("stop and restart at once end, and the server is as one of them left it") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  for (int round = 0; round < 5; ++round) {
    Program stop = sandbox.start_berth({"stop", "web"});
    Program restart = sandbox.start_berth({"restart", "web", "--wait"});
    const auto stopped = stop.wait();
    const auto restarted = restart.wait();
    REQUIRE(stopped.has_value());
    REQUIRE(restarted.has_value());
    INFO("stop: " << stopped->code << " " << stop.err() << "restart: " << restarted->code << " " << restart.err());
    const Object web = sandbox.server("web");
    const std::string state = text(web, "state");
    CHECK((state == "ready" || state == "stopped"));  // both have done it when the other came after
    CHECK((state == "ready" ? restarted->code : stopped->code) == 0);
    CHECK(sandbox.server_processes().size() == (state == "ready" ? 1 : 0));
    REQUIRE(sandbox.berth({"start", "web", "--wait"}).code == 0);
  }
  sandbox.down();
}

TEST_CASE("restart during a backoff starts at once and with new counters") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .args(misbehaving(sandbox, 1, {"--exit=3"}))
      .set("backoff.initial", "10m")
      .set("backoff.max", "10m");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("web", "backoff");

  CHECK(sandbox.berth({"restart", "web", "--wait"}).code == 0);
  const Object web = sandbox.server("web");
  CHECK(number(web, "starts") == 2);
  CHECK(number(web, "restarts") == 0);
  CHECK(number(web, "consecutive_failures") == 0);
  CHECK(is_null(web, "next_retry_in_s"));
  CHECK(number(web, "port") == sandbox.port());
  sandbox.down();
}

TEST_CASE("restart during a crash loop starts at once and with new counters") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .args(misbehaving(sandbox, 2, {"--exit=3"}))
      .set("backoff.crashloop_after", 1)
      .set("backoff.initial", "10m")
      .set("backoff.max", "10m");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("web", "crashloop");

  CHECK(sandbox.berth({"restart", "web"}).code == 0);
  const Object again = sandbox.await("web", "a second failure", [](const Object& server) {
    return number(server, "starts") == 2 && text(server, "state") == "crashloop";
  });
  CHECK(number(again, "consecutive_failures") == 1);
  CHECK(sandbox.berth({"restart", "web", "--wait"}).code == 0);
  CHECK(number(sandbox.server("web"), "consecutive_failures") == 0);
  sandbox.down();
}

TEST_CASE("stop during a backoff is at once") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--exit=3"}).set("backoff.initial", "10m").set("backoff.max", "10m");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("web", "backoff");
  CHECK(sandbox.berth({"stop", "web"}).code == 0);
  const Object web = sandbox.server("web");
  CHECK(text(web, "state") == "stopped");
  CHECK(is_null(web, "next_retry_in_s"));
  CHECK(ports_in_use(sandbox.status()) == 0);
  sandbox.down();
}

TEST_CASE("stop of a server that waits for its dependency is at once") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("database").args({"--never-listen"});
  config.server("app").set("depends_on", Arguments{"database"});
  sandbox.write(config);
  sandbox.up();
  sandbox.await("app", "waiting");
  Program start = sandbox.start_berth({"start", "app", "--wait"});
  await_asking(start);
  CHECK(sandbox.berth({"stop", "app"}).code == 0);
  check_ended(start, 1, "`app` is stopped");
  CHECK(number(sandbox.server("app"), "starts") == 0);
  CHECK(text(sandbox.server("database"), "state") == "starting");
  sandbox.down();
}

}  // namespace e2e
