// start, stop, restart, reload; dependencies and the order of starts.

#include <algorithm>

#include "e2e/e2e.hpp"

namespace e2e {

TEST_CASE("restart is a new process on the same port and no failure") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto first = number(sandbox.server("web"), "pid");

  REQUIRE(sandbox.berth({"restart", "web", "--wait"}).code == 0);
  const Object web = sandbox.server("web");
  CHECK(text(web, "state") == "ready");
  CHECK(number(web, "pid") != first);
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(web, "starts") == 2);
  CHECK(number(web, "restarts") == 0);
  CHECK(number(web, "consecutive_failures") == 0);
  CHECK(who_answers(web) == "web");
  sandbox.down();
}

TEST_CASE("start and restart both start what is stopped") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  for (const char* command : {"start", "restart"}) {
    REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
    REQUIRE(sandbox.berth({command, "web", "--wait"}).code == 0);
    CHECK(who_answers(sandbox.server("web")) == "web");
  }
  sandbox.down();
}

TEST_CASE("start of a running server and stop of a stopped one change nothing") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto pid = number(sandbox.server("web"), "pid");

  CHECK(sandbox.berth({"start", "web", "--wait"}).code == 0);
  CHECK(number(sandbox.server("web"), "pid") == pid);
  CHECK(sandbox.berth({"stop", "web"}).code == 0);
  CHECK(sandbox.berth({"stop", "web"}).code == 0);
  sandbox.down();
}

TEST_CASE("A stopped server's port is free for another") {
  Sandbox sandbox(1);
  auto config = sandbox.config();
  config.server("one");
  config.server("two").set("enabled", false);
  sandbox.write(config);
  sandbox.up({"--wait"});

  REQUIRE(sandbox.berth({"stop", "one"}).code == 0);
  REQUIRE(sandbox.berth({"start", "two", "--wait"}).code == 0);
  CHECK(number(sandbox.server("two"), "port") == sandbox.port());
  sandbox.down();
}

TEST_CASE("A full range fails the one server that has no port") {
  Sandbox sandbox(1);
  auto config = sandbox.config();
  config.server("one");
  config.server("two");
  sandbox.write(config);
  sandbox.up();

  sandbox.await("one", "ready");
  const Object two = sandbox.await("two", "failed");
  CHECK(text(two, "reason") == "port_range_exhausted");
  CHECK(is_null(two, "port"));
  sandbox.down();
}

TEST_CASE("A disabled server waits for start") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("enabled", false);
  config.server("other");
  sandbox.write(config);
  sandbox.up({"--wait"});

  CHECK(text(sandbox.server("web"), "state") == "stopped");
  REQUIRE(sandbox.berth({"start", "web", "--wait"}).code == 0);
  CHECK(who_answers(sandbox.server("web")) == "web");
  sandbox.down();
}

TEST_CASE("up with names starts only these") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("one");
  config.server("two");
  sandbox.write(config);
  sandbox.up({"--wait", "two"});

  CHECK(text(sandbox.server("two"), "state") == "ready");
  CHECK(text(sandbox.server("one"), "state") == "stopped");
  sandbox.down();
}

TEST_CASE("A server waits for its dependency to be ready") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("app").set("depends_on", Arguments{"database"});
  config.server("database").args({"--listen-when=" + gate(sandbox, "database")});
  sandbox.write(config);
  sandbox.up();

  sandbox.await("database", "starting");
  const Object app = sandbox.await("app", "waiting");
  CHECK(text(app, "reason") == "dependency");
  CHECK(number(app, "starts") == 0);
  open_gate(sandbox, "database");
  sandbox.await("app", "ready");
  CHECK(text(sandbox.server("database"), "state") == "ready");
  sandbox.down();
}

TEST_CASE("start starts the dependencies too") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("app").set("depends_on", Arguments{"database"}).set("enabled", false);
  config.server("database").set("enabled", false);
  sandbox.write(config);
  sandbox.up();

  REQUIRE(sandbox.berth({"start", "app", "--wait"}).code == 0);
  CHECK(text(sandbox.server("database"), "state") == "ready");
  CHECK(text(sandbox.server("app"), "state") == "ready");
  sandbox.down();
}

TEST_CASE("start_concurrency holds servers back until others are ready") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.supervisor("start_concurrency", 1);
  config.server("one").args({"--listen-when=" + gate(sandbox, "one")});
  config.server("two");
  sandbox.write(config);
  sandbox.up();

  await_launch(sandbox, "one", sandbox.port());
  CHECK(text(sandbox.server("two"), "state") == "waiting");
  open_gate(sandbox, "one");
  sandbox.await("two", "ready");
  sandbox.down();
}

TEST_CASE("reload adds and removes and leaves the rest alone") {
  Sandbox sandbox;
  auto before = sandbox.config();
  before.server("stays");
  before.server("goes");
  sandbox.write(before);
  sandbox.up({"--wait"});
  const auto pid = number(sandbox.server("stays"), "pid");

  auto after = sandbox.config();
  after.server("stays");
  after.server("comes");
  sandbox.write(after);
  REQUIRE(sandbox.berth({"reload"}).code == 0);
  sandbox.await("comes", "ready");
  CHECK(number(sandbox.server("stays"), "pid") == pid);
  const bool removed = eventually(
      [&] { return sandbox.status().at("servers").as_array().size() == 2 && sandbox.server_processes().size() == 2; });
  CHECK(removed);
  sandbox.down();
}

TEST_CASE("reload of a broken file is refused and changes nothing") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto pid = number(sandbox.server("web"), "pid");

  sandbox.write(std::string("name = \n"));
  CHECK(sandbox.berth({"reload"}).code != 0);
  sandbox.write(config);
  CHECK(number(sandbox.server("web"), "pid") == pid);
  sandbox.down();
}

TEST_CASE("reload restarts a server whose command line has changed") {
  Sandbox sandbox;
  auto before = sandbox.config();
  before.server("web");
  sandbox.write(before);
  sandbox.up({"--wait"});
  const auto pid = number(sandbox.server("web"), "pid");

  auto after = sandbox.config();
  after.server("web").args({"--http=404"});
  sandbox.write(after);
  REQUIRE(sandbox.berth({"reload"}).code == 0);
  const Object web = sandbox.await("web", "ready with a new pid", [pid](const Object& server) {
    return text(server, "state") == "ready" && number(server, "pid") != pid;
  });
  CHECK(http_get_url(text(web, "url")).status == 404);
  CHECK(number(web, "restarts") == 0);
  sandbox.down();
}

TEST_CASE("events tells the way of a server in order") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);

  std::vector<std::string> way;
  for (const Object& event : json_lines(sandbox.berth({"events"}).out)) {
    if (text(event, "server") == "web" && !is_null(event, "to")) way.push_back(text(event, "to"));
  }
  const auto starting = std::find(way.begin(), way.end(), "starting");
  const auto ready = std::find(starting, way.end(), "ready");
  const auto stopping = std::find(ready, way.end(), "stopping");
  const auto stopped = std::find(stopping, way.end(), "stopped");
  CHECK(stopped != way.end());
  sandbox.down();
}

}  // namespace e2e
