// berth events: what has happened, and what happens.

#include <algorithm>
#include <csignal>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

// A sanitizer keeps what was given back for a while.
#if defined(__SANITIZE_ADDRESS__)
constexpr long most_growth = 256L * 1024;  // KiB
#else
constexpr long most_growth = 8L * 1024;
#endif

std::vector<Object> events_of(Sandbox& sandbox, const std::string& name) {
  const Result result = sandbox.berth({"events", name});
  INFO(result.err);
  REQUIRE(result.code == 0);
  return json_lines(result.out);
}

// The first event from `begin` on for which `is_so` holds; fails the test when there is none.
template <class Predicate>
std::size_t find_event(const std::vector<Object>& events, std::size_t begin, const std::string& what, Predicate is_so) {
  for (std::size_t i = begin; i < events.size(); ++i) {
    if (is_so(events[i])) return i;
  }
  FAIL("no event: " << what);
  return events.size();
}

long long supervisor_memory(Sandbox& sandbox) {
  const std::string status = read_file("/proc/" + std::to_string(number(sandbox.status(), "pid")) + "/status");
  return std::stoll(status.substr(status.find("VmRSS:") + 6));
}

bool has_line(const Program& program, const std::string& server, const std::string& to) {
  const std::string all = program.out();
  const auto lines = json_lines(all.substr(0, all.rfind('\n') + 1));
  return std::any_of(lines.begin(), lines.end(),
                     [&](const Object& event) { return text(event, "server") == server && text(event, "to") == to; });
}

}  // namespace

TEST_CASE("A port that is lost to a stranger is a whole story of events") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  sandbox.up();
  await_launch(sandbox, "web", sandbox.port(0));
  const Thief thief(sandbox, sandbox.port(0));
  REQUIRE(thief.got_the_port());
  open_port_gate(sandbox, sandbox.port(0));
  open_port_gate(sandbox, sandbox.port(1));
  sandbox.await("web", "ready");

  const auto events = events_of(sandbox, "web");
  const auto on = [&](const Object& event, int index) {
    return !is_null(event, "port") && number(event, "port") == sandbox.port(index);
  };
  auto at = find_event(events, 0, "the first port", [&](const Object& event) {
    return text(event, "from") == "waiting" && text(event, "to") == "starting" && on(event, 0);
  });
  at =
      find_event(events, at, "its launch", [&](const Object& event) { return on(event, 0) && !is_null(event, "pid"); });
  at = find_event(events, at, "the loss", [&](const Object& event) {
    return text(event, "cause") == "port_conflict" && on(event, 0) &&
           text(event, "message").find(thief.holder()) != std::string::npos;
  });
  at = find_event(events, at, "the next port", [&](const Object& event) {
    return text(event, "from") == "waiting" && text(event, "to") == "starting" && on(event, 1);
  });
  at = find_event(events, at, "the next launch",
                  [&](const Object& event) { return on(event, 1) && !is_null(event, "pid"); });
  const auto ready = find_event(events, at, "ready", [&](const Object& event) {
    return text(event, "to") == "ready" && is_null(event, "cause") && on(event, 1);
  });
  CHECK(number(events[ready], "pid") == number(sandbox.server("web"), "pid"));
  // Each begins where the one before has ended.
  for (std::size_t i = 1; i < events.size(); ++i) {
    INFO(boost::json::serialize(events[i]));
    CHECK(text(events[i], "from") == text(events[i - 1], "to"));
    CHECK(text(events[i], "at") >= text(events[i - 1], "at"));
  }
  sandbox.down();
}

TEST_CASE("events -f goes on over restarts, tells the end, and ends with the supervisor") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  config.server("other");
  sandbox.write(config);
  sandbox.up({"--wait"});
  Program all = sandbox.start_berth({"events", "-f"});
  Program web = sandbox.start_berth({"events", "--follow", "--json", "web"});
  REQUIRE(eventually([&] { return has_line(all, "other", "ready") && has_line(web, "web", "ready"); }));
  const auto pid = number(sandbox.server("web"), "pid");
  REQUIRE(::kill(static_cast<pid_t>(pid), SIGKILL) == 0);
  REQUIRE(eventually([&] {
    const std::string said = web.out();
    const auto killed = said.find("SIGKILL");
    return killed != std::string::npos && said.find("\"to\":\"ready\"", killed) != std::string::npos;
  }));
  CHECK(all.running());
  sandbox.down();
  for (Program* program : {&all, &web}) {
    const auto ended = program->wait();
    REQUIRE(ended);
    CHECK(*ended == Ended{0, 0});
    CHECK(program->err().empty());
    const auto last = json_lines(program->out()).back();
    CHECK(text(last, "to") == "stopped");
  }
  CHECK_FALSE(has_line(web, "other", "ready"));
  CHECK(has_line(all, "other", "stopped"));
}

TEST_CASE("events -f ends when the supervisor was killed") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  Program follower = sandbox.start_berth({"events", "-f"});
  REQUIRE(eventually([&] { return has_line(follower, "web", "ready"); }));
  REQUIRE(::kill(static_cast<pid_t>(number(sandbox.status(), "pid")), SIGKILL) == 0);
  const auto ended = follower.wait();
  REQUIRE(ended);
  CHECK(*ended == Ended{4, 0});
  CHECK(follower.err().find("went away") != std::string::npos);
}

TEST_CASE("events -f ends quietly when nobody reads it any more, though nothing happens") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  for (const char* command : {"events", "events -f"}) {
    const std::string line = std::string(BERTH_PROGRAM) + " " + command + " | head -n 1";
    const Result result = run(sandbox.plan("/bin/sh", {"-c", line}));
    CHECK(result.code == 0);
    CHECK(json_lines(result.out).size() == 1);
    CHECK(result.err.empty());
  }
  sandbox.down();
}

TEST_CASE("events of nobody, and without a supervisor, is an error") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  for (const char* command : {"events", "explain"}) CHECK(sandbox.berth({command, "web"}).code == 4);
  sandbox.up({"--wait"});
  for (const Arguments& words :
       {Arguments{"events", "wbe"}, Arguments{"events", "-f", "wbe"}, Arguments{"explain", "wbe"}}) {
    const Result result = sandbox.berth(words);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK(result.err.find("`wbe`") != std::string::npos);
  }
  CHECK(sandbox.berth({"explain"}).code == 2);
  for (const char* command : {"events", "explain"}) CHECK(sandbox.berth({command, "--help"}).code == 0);
  sandbox.down();
}

TEST_CASE("A server that crashes without end keeps the last two hundred events, and stuck readers cost nothing") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("calm");
  config.server("wild")
      .args({"--never-listen", "--exit=3", "--exit-after-ms=0"})
      .set("backoff.initial", "0s")
      .set("backoff.max", "0s");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("calm", "ready");
  // It is stopped at once, and so reads nothing of what follows.
  Program stuck = sandbox.start_berth({"events", "-f"});
  REQUIRE(eventually([&] { return has_line(stuck, "calm", "ready"); }));
  stuck.signal(SIGSTOP);
  const auto starts = [&](const Object& server) { return number(server, "starts") > 60; };
  sandbox.await("wild", "started 60 times", starts, 4 * patience);
  const auto before = supervisor_memory(sandbox);
  sandbox.await(
      "wild", "started 200 times", [&](const Object& server) { return number(server, "starts") > 200; }, 4 * patience);
  CHECK(supervisor_memory(sandbox) < before + most_growth);
  REQUIRE(sandbox.berth({"stop", "wild"}).code == 0);

  CHECK(events_of(sandbox, "wild").size() == 200);
  const auto calm = events_of(sandbox, "calm");
  CHECK(text(calm.front(), "from") == "stopped");  // its beginning was not pushed out
  const auto document = boost::json::parse(sandbox.berth({"explain", "wild", "--json"}).out).as_object();
  CHECK(number(document.at("dropped").as_object(), "events") > 200);
  CHECK(number(document.at("dropped").as_object(), "exits") > 100);
  CHECK(document.at("exits").as_array().size() == 10);
  CHECK(number(sandbox.server("calm"), "starts") == 1);

  stuck.signal(SIGCONT);
  sandbox.down();
  const auto ended = stuck.wait();
  REQUIRE(ended);
  CHECK(ended->code == 0);
}

TEST_CASE("The events of the control API are server-sent events with numbers to go on from") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const HttpReply all = http_over_unix(sandbox.socket_path(), "GET", "/v1/events?follow=0");
  REQUIRE(all.status == 200);
  CHECK(all.body.starts_with("id: 1\ndata: {\"at\":\""));
  CHECK(all.body.ends_with("}\n\n"));
  const HttpReply rest = http_over_unix(sandbox.socket_path(), "GET", "/v1/events?follow=0&after=2");
  CHECK(rest.body.starts_with("id: 3\n"));
  CHECK(all.body.ends_with(rest.body));
  CHECK(http_over_unix(sandbox.socket_path(), "GET", "/v1/events?follow=0&name=nobody").status == 404);
  CHECK(http_over_unix(sandbox.socket_path(), "POST", "/v1/events").status == 405);
  CHECK(http_over_unix(sandbox.socket_path(), "GET", "/v1/servers/nobody/explain").status == 404);
  CHECK(http_over_unix(sandbox.socket_path(), "GET", "/v1/servers/web/explain").status == 200);
  sandbox.down();
}

}  // namespace e2e
