// The happy way, and every fact of the status document.

#include "e2e/e2e.hpp"

namespace e2e {

TEST_CASE("up --detach --wait returns when every server is ready") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("alpha");
  config.server("beta").args({"--listen-delay-ms=400"});
  sandbox.write(config);
  sandbox.up({"--wait"});

  CHECK(text(sandbox.server("alpha"), "state") == "ready");
  CHECK(text(sandbox.server("beta"), "state") == "ready");
  CHECK(who_answers(sandbox.server("alpha")) == "alpha");
  CHECK(who_answers(sandbox.server("beta")) == "beta");
  sandbox.down();
}

TEST_CASE("The status document tells the project and its ports") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});

  const Object status = sandbox.status();
  CHECK(number(status, "schema") == 1);
  CHECK(text(status, "project") == sandbox.project());
  CHECK_FALSE(text(status, "version").empty());
  CHECK(process_lives(static_cast<pid_t>(number(status, "pid"))));
  CHECK(text(status, "config") == sandbox.config_path());
  CHECK(text(status, "started_at").size() == std::string("2026-11-21T10:00:00.123Z").size());
  CHECK(decimal(status, "uptime_s") >= 0);
  CHECK(ports_in_use(status) == 1);
  CHECK(dead_ports(status).empty());
  const auto& range = status.at("ports").at("range").as_array();
  CHECK(range.at(0).to_number<int>() == sandbox.port(0));
  CHECK(range.at(1).to_number<int>() == sandbox.port(3));
  sandbox.down();
}

TEST_CASE("The status document tells everything about a ready server") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});

  const Object web = sandbox.server("web");
  CHECK(text(web, "name") == "web");
  CHECK(text(web, "state") == "ready");
  CHECK(text(web, "wanted") == "up");
  CHECK(web.at("ready").as_bool());
  CHECK(process_lives(static_cast<pid_t>(number(web, "pid"))));
  CHECK(number(web, "port") == sandbox.port());
  CHECK(text(web, "url") == "http://127.0.0.1:" + std::to_string(sandbox.port()) + "/mcp");
  CHECK_FALSE(text(web, "started_at").empty());
  CHECK(decimal(web, "uptime_s") >= 0);
  CHECK(decimal(web, "time_to_ready_s") >= 0.1);  // settle
  CHECK(number(web, "starts") == 1);
  CHECK(number(web, "restarts") == 0);
  CHECK(number(web, "consecutive_failures") == 0);
  CHECK(number(web, "port_conflicts") == 0);
  CHECK(is_null(web, "next_retry_in_s"));
  CHECK(is_null(web, "last_exit"));
  CHECK(is_null(web, "reason"));
  CHECK(web.contains("detail"));
  CHECK(is_null(web, "mcp"));
  CHECK(decimal(web, "cpu_s") >= 0);
  CHECK(number(web, "memory_bytes") > 0);
  CHECK(number(web, "processes") == 1);
  sandbox.down();
}

TEST_CASE("A server is starting for as long as it does not listen") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + gate(sandbox, "web")});
  sandbox.write(config);
  sandbox.up();

  const Object starting = await_launch(sandbox, "web", sandbox.port());
  CHECK_FALSE(starting.at("ready").as_bool());
  open_gate(sandbox, "web");
  sandbox.await("web", "ready");
  sandbox.down();
}

TEST_CASE("Servers get the lowest ports in the order of the file") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  for (const char* name : {"one", "two", "three"}) config.server(name);
  sandbox.write(config);
  sandbox.up({"--wait"});

  CHECK(number(sandbox.server("one"), "port") == sandbox.port(0));
  CHECK(number(sandbox.server("two"), "port") == sandbox.port(1));
  CHECK(number(sandbox.server("three"), "port") == sandbox.port(2));
  CHECK(ports_in_use(sandbox.status()) == 3);
  sandbox.down();
}

TEST_CASE("A port on which a stranger listens already is passed over without a conflict") {
  Sandbox sandbox(4);
  const Thief stranger(sandbox, sandbox.port(0));
  REQUIRE(stranger.got_the_port());
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});

  const Object web = sandbox.server("web");
  CHECK(number(web, "port") == sandbox.port(1));
  CHECK(number(web, "starts") == 1);
  CHECK(number(web, "port_conflicts") == 0);
  CHECK(who_answers(web) == "web");
  sandbox.down();
}

TEST_CASE("A server with a path has it in its URL") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("path", "/other/mcp");
  sandbox.write(config);
  sandbox.up({"--wait"});

  CHECK(text(sandbox.server("web"), "url") == "http://127.0.0.1:" + std::to_string(sandbox.port()) + "/other/mcp");
  sandbox.down();
}

TEST_CASE("The whole tree below a shell counts as the server") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").through_shell();
  sandbox.write(config);
  sandbox.up({"--wait"});

  const Object web = sandbox.server("web");
  CHECK(number(web, "processes") == 2);
  CHECK(who_answers(web) == "web");
  sandbox.down();
}

TEST_CASE("down frees the ports and leaves no process") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  sandbox.down();

  CHECK_FALSE(somebody_listens(sandbox.port()));
  CHECK(sandbox.berth({"status"}).code == 4);
}

}  // namespace e2e
