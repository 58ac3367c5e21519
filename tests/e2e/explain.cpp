// berth explain: a person reads one screen and knows what happened, why, and what to do.

#include <algorithm>
#include <csignal>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

Object explanation(Sandbox& sandbox, const std::string& name) {
  const Result result = sandbox.berth({"explain", name, "--json"});
  INFO(result.err);
  REQUIRE(result.code == 0);
  REQUIRE(is_one_json_document(result.out));
  return boost::json::parse(result.out).as_object();
}

std::string screen(Sandbox& sandbox, const std::string& name) {
  const Result result = sandbox.berth({"explain", name});
  INFO(result.err);
  REQUIRE(result.code == 0);
  return result.out;
}

void check_says(const std::string& screen, const Arguments& words) {
  INFO(screen);
  for (const std::string& word : words) {
    INFO("should say: " << word);
    CHECK(screen.find(word) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("explain tells which port was lost to whom, and what followed") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  sandbox.up();
  await_launch(sandbox, "web", sandbox.port(0));
  const Thief thief(sandbox, sandbox.port(0));
  REQUIRE(thief.got_the_port());
  sandbox.await("web", "a stranger on its port",
                [](const Object& server) { return text(server, "reason") == "foreign_listener"; });
  check_says(screen(sandbox, "web"), {"web: starting", "(foreign_listener)", thief.holder() + " listens on its port",
                                      "Berth starts it on the next one by itself"});
  open_port_gate(sandbox, sandbox.port(0));
  open_port_gate(sandbox, sandbox.port(1));
  sandbox.await("web", "ready");

  check_says(
      screen(sandbox, "web"),
      {"web: ready since ", "port " + std::to_string(sandbox.port(1)), "lost to " + thief.holder(), "port_conflict",
       "listens on 127.0.0.1:" + std::to_string(sandbox.port(1)), "HTTP 200", "1 port conflict"});
  const Object document = explanation(sandbox, "web");
  const auto& ports = document.at("ports").as_array();
  REQUIRE(ports.size() == 2);
  CHECK(number(ports[0].as_object(), "port") == sandbox.port(1));
  CHECK(text(ports[0].as_object(), "end") == "held");
  CHECK(is_null(ports[0].as_object(), "until"));
  CHECK(number(ports[1].as_object(), "port") == sandbox.port(0));
  CHECK(text(ports[1].as_object(), "end") == "lost");
  CHECK(text(ports[1].as_object(), "holder") == thief.holder());
  CHECK(text(ports[1].as_object(), "reason") == "address already in use");
  const auto& exits = document.at("exits").as_array();
  REQUIRE(exits.size() == 1);
  CHECK(text(exits[0].as_object(), "cause") == "port_conflict");
  sandbox.down();
}

TEST_CASE("explain of a crash loop tells the exits, the last words, the next try and what to do") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .args({"--say=no such table: users", "--never-listen", "--exit=7", "--exit-after-ms=10", "--tag={port}"})
      .set("backoff.max", "300s")
      .set("backoff.factor", 50);
  sandbox.write(config);
  sandbox.up();
  sandbox.await("web", "three failures, and a long pause", [](const Object& server) {
    return number(server, "consecutive_failures") == 3 && text(server, "state") == "backoff";
  });
  const std::string port = std::to_string(sandbox.port());
  check_says(screen(sandbox, "web"),
             {"web: backoff", "(crash)", "ended with code 7", "launched again in", "on the same port " + port, "to do",
              "web.log", "| no such table: users", "--tag=" + port, "3 failures in a row", "code 7"});
  const Object document = explanation(sandbox, "web");
  CHECK(document.at("exits").as_array().size() == 3);
  for (const auto& exit : document.at("exits").as_array()) {
    CHECK(number(exit.as_object(), "code") == 7);
    CHECK(text(exit.as_object(), "cause") == "crash");
    CHECK(number(exit.as_object(), "port") == sandbox.port());
    CHECK(number(exit.as_object(), "pid") > 1);
  }
  CHECK(document.at("output").as_array().at(0).as_string() == "no such table: users");
  CHECK(document.at("ports").as_array().size() == 1);  // it never left it
  sandbox.down();
}

TEST_CASE("explain of a command that is not there says where it was looked for and what to do") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").command("no-such-program", {});
  config.server("app").set("depends_on", Arguments{"web"});
  sandbox.write(config);
  sandbox.up();
  sandbox.await("app", "failed");
  check_says(screen(sandbox, "web"), {"web: failed (command_not_found)", "no-such-program",
                                      "searched PATH=", "nothing, until `berth start web`", "install it"});
  check_says(screen(sandbox, "app"), {"app: failed (dependency)", "`web`, which it depends on, is failed",
                                      "starts by itself when that is back", "`berth explain web`"});
  sandbox.down();
}

TEST_CASE("explain reads well in the states in which nothing runs") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("database").args({"--listen-when=" + gate(sandbox, "database")});
  config.server("app").set("depends_on", Arguments{"database"});
  config.server("spare").set("enabled", false).args({"--tag={port}"});
  config.server("once").args({"--listen-then-exit-ms=300", "--exit=0"}).set("restart", "never");
  config.server("web");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("app", "waiting");
  sandbox.await("database", "starting");
  sandbox.await("once", "exited");
  check_says(screen(sandbox, "app"), {"app: waiting (dependency)", "waits for `database` to be ready",
                                      "as soon as that is so", "not launched yet"});
  check_says(screen(sandbox, "database"),
             {"database: starting", "nobody was seen to listen on its port", "ready.timeout"});
  check_says(screen(sandbox, "spare"), {"spare: stopped", "disabled (enabled = false)", "`berth start spare`",
                                        "'--tag={port}'", "no process of it lives"});
  check_says(screen(sandbox, "once"), {"once: exited (clean_exit)", "restart = \"never\"", "code 0"});
  sandbox.await("web", "ready");
  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  check_says(screen(sandbox, "web"), {"web: stopped (stopped_by_user)", "asked to stop", "released", "SIGTERM"});
  sandbox.down();
}

TEST_CASE("explain of one that does not want to stop says when it is killed") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--ignore-sigterm"}).set("stop.timeout", "300s");
  sandbox.write(config);
  sandbox.up({"--wait"});
  Program stop = sandbox.start_berth({"stop", "web"});
  sandbox.await("web", "stopping");
  check_says(screen(sandbox, "web"), {"web: stopping", "SIGKILL in", "asked to"});
  const auto pid = number(sandbox.server("web"), "pid");
  REQUIRE(::kill(static_cast<pid_t>(pid), SIGKILL) == 0);
  REQUIRE(stop.wait());
  sandbox.down();
}

TEST_CASE("explain of one that lost its listener says so") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .args({"--close-listener-when=" + gate(sandbox, "close")})
      .set("health.interval", "60s")
      .set("health.failures", 100);
  sandbox.write(config);
  sandbox.up({"--wait"});
  open_gate(sandbox, "close");
  sandbox.await("web", "unhealthy");
  check_says(screen(sandbox, "web"),
             {"web: unhealthy", "(unhealthy)", "no longer listens", "nobody was seen to listen"});
  sandbox.down();
}

TEST_CASE("explain shows no secret and sends a terminal no commands") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--say=\x1b[2J\x1b]0;title\x07 key is swordfish-4711", "--tag=swordfish-4711"});
  std::string text = config.text();
  text += "env = { API_TOKEN = \"swordfish-4711\" }\n";
  sandbox.write(text);
  sandbox.up({"--wait"});
  for (const Arguments& words :
       {Arguments{"explain", "web"}, Arguments{"explain", "web", "--json"}, Arguments{"events"}}) {
    const Result result = sandbox.berth(words);
    REQUIRE(result.code == 0);
    INFO(result.out);
    CHECK(result.out.find("swordfish") == std::string::npos);
    CHECK(std::all_of(result.out.begin(), result.out.end(),
                      [](char c) { return c == '\n' || static_cast<unsigned char>(c) >= 0x20; }));
  }
  check_says(screen(sandbox, "web"), {"[redacted]", "key is"});
  sandbox.down();
}

}  // namespace e2e
