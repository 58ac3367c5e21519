// Descriptors and processes that run out, and come back.

#include <signal.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "e2e/restricted.hpp"

namespace e2e {
namespace {

Arguments all_names(int count) {
  Arguments names;
  for (int i = 0; i < count; ++i) names.push_back("s" + std::to_string(i));
  return names;
}

// `count` servers under a hard limit of 64 descriptors, which is enough for some of them.
void start_crowd(Sandbox& sandbox, int count) {
  auto config = sandbox.config();
  for (const std::string& name : all_names(count)) {
    config.server(name).set("backoff.initial", "100ms").set("backoff.max", "300ms");
  }
  sandbox.write(config);
  const Result up = run(limited(sandbox, "--nofile=64:64", {"up", "--detach"}));
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
}

// The status once every server is ready or held back, and some are both.
Object await_crowd(Sandbox& sandbox) {
  Object status;
  const bool settled = eventually([&] {
    status = sandbox.status();
    return all_settled(status) && !servers_in(status, "ready").empty() && !servers_in(status, "crashloop").empty();
  });
  INFO("last seen: " << boost::json::serialize(status));
  REQUIRE(settled);
  return status;
}

void stop(Sandbox& sandbox, const Arguments& names) {
  Arguments args{"stop"};
  args.insert(args.end(), names.begin(), names.end());
  const Result result = sandbox.berth(args);
  INFO("stderr: " << result.err);
  REQUIRE(result.code == 0);
}

}  // namespace

TEST_CASE("The supervisor raises its soft limit of descriptors and its children have the old one") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  const Result up = run(limited(sandbox, "--nofile=64:512", {"up", "--detach", "--wait"}));
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);

  const Limit own = limit_of(supervisor_of(sandbox), "Max open files");
  CHECK(own.soft == "512");
  CHECK(own.hard == "512");
  const Limit child = limit_of(static_cast<pid_t>(number(sandbox.server("web"), "pid")), "Max open files");
  CHECK(child.soft == "64");
  CHECK(child.hard == "512");
  sandbox.down();
}

// Doubling a full table costs a process with threads tens of milliseconds.
TEST_CASE("The supervisor's table of descriptors has room for those of all servers before it needs them") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  for (const std::string& name : all_names(150)) config.server(name).set("enabled", false);
  sandbox.write(config);
  sandbox.up({"--wait"});

  std::ifstream status("/proc/" + std::to_string(supervisor_of(sandbox)) + "/status");
  std::string word;
  while (status >> word && word != "FDSize:") continue;
  unsigned room = 0;
  REQUIRE(status >> room);
  CHECK(room >= 5 * 151);
  sandbox.down();
}

TEST_CASE("Out of descriptors, what fits is ready and the rest is told what to do") {
  Sandbox sandbox(16);
  start_crowd(sandbox, 14);
  const Object status = await_crowd(sandbox);

  CHECK(servers_in(status, "ready").size() >= 6);
  for (const auto& entry : status.at("servers").as_array()) {
    const Object& server = entry.as_object();
    if (text(server, "state") == "ready") continue;
    INFO(text(server, "name") << ": " << text(server, "detail"));
    CHECK(text(server, "reason") == "spawn_failed");
    CHECK(text(server, "detail").find("ulimit -n") != std::string::npos);
    CHECK(number(server, "starts") == 0);
  }
  sandbox.down();
}

TEST_CASE("Servers that were held back for descriptors start by themselves once there are some") {
  Sandbox sandbox(16);
  start_crowd(sandbox, 14);
  const Object status = await_crowd(sandbox);
  const Arguments ready = servers_in(status, "ready");
  Arguments held_back = all_names(14);
  std::erase_if(held_back,
                [&](const std::string& name) { return std::find(ready.begin(), ready.end(), name) != ready.end(); });
  REQUIRE(held_back.size() <= ready.size());

  stop(sandbox, ready);
  for (const std::string& name : held_back) sandbox.await(name, "ready");
  sandbox.down();
}

// A server needs one descriptor for its port and two for its output: ports first for all would leave none for output.
TEST_CASE("Servers that start at the same time do not keep descriptors from each other") {
  Sandbox sandbox(16);
  auto config = sandbox.config();
  config.supervisor("start_concurrency", 16);
  for (const std::string& name : all_names(14)) config.server(name);
  sandbox.write(config);
  const Result up = run(limited(sandbox, "--nofile=48:48", {"up", "--detach"}));
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
  Object last;
  const bool some = eventually([&] {
    last = sandbox.status();
    return servers_in(last, "ready").size() >= 3;
  });
  INFO("last seen: " << boost::json::serialize(last));
  CHECK(some);
  sandbox.down();
}

TEST_CASE("Running out of descriptors leaks none") {
  Sandbox sandbox(16);
  start_crowd(sandbox, 14);
  const pid_t supervisor = supervisor_of(sandbox);
  await_crowd(sandbox);
  stop(sandbox, all_names(14));
  // A log file stays open once there was something to write.
  const std::size_t before = descriptor_count(supervisor);
  for (int round = 0; round < 3; ++round) {
    Arguments args{"start"};
    for (const std::string& name : all_names(14)) args.push_back(name);
    sandbox.berth(args);
    await_crowd(sandbox);
    stop(sandbox, all_names(14));
  }
  const bool none_more = eventually([&] { return descriptor_count(supervisor) <= before + 2; });
  INFO("before: " << before << ", now: " << descriptor_count(supervisor));
  CHECK(none_more);
  CHECK(zombie_children(supervisor) == 0);
  sandbox.down();
}

TEST_CASE("Logs do not use up what Berth needs to answer") {
  Sandbox sandbox(32);
  auto config = sandbox.config();
  config.supervisor("start_concurrency", 32);
  // Silent at first, so that their logs are opened when all descriptors for servers are in use.
  const std::string line =
      "while [ ! -e " + gate(sandbox, "talk") + " ]; do sleep 0.1; done; echo hello; exec sleep 600";
  for (int i = 0; i < 31; ++i) {
    config.server("s" + std::to_string(i)).command("/bin/sh", {"-c", line}).set("ready.probe", "none");
  }
  sandbox.write(config);
  const Result up = run(limited(sandbox, "--nofile=128:128", {"up", "--detach"}));
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
  const bool started = eventually([&] { return servers_in(sandbox.status(), "ready").size() >= 28; });
  REQUIRE(started);

  open_gate(sandbox, "talk");
  for (int i = 0; i < 31; ++i) {
    const std::string name = "s" + std::to_string(i);
    const bool written_or_told = eventually([&] {
      return text(sandbox.server(name), "state") != "ready" ||
             sandbox.server_log(name).find("hello") != std::string::npos ||
             !log_line(sandbox, {"/" + name + ".log cannot be written", "Too many open files"}).empty();
    });
    INFO(name);
    CHECK(written_or_told);
  }
  const Result status = sandbox.berth({"status", "--json"});
  INFO("stderr: " << status.err);
  CHECK((status.code == 0 || status.code == 3));
  sandbox.down();
}

TEST_CASE("A fork that fails is told and tried again until it succeeds") {
  Sandbox sandbox;
  PlainUser user(sandbox);
  if (!user.possible()) {
    WARN("skipped: " << user.why_not());
    return;
  }
  auto config = sandbox.config();
  config.server("web").args(misbehaving(sandbox, 1, {"--exit-when=" + gate(sandbox, "exit"), "--exit=5"}));
  config.server("other");
  sandbox.write(config);
  const Result up = user.run(BERTH_PROGRAM, {"up", "--detach", "--wait"});
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
  const auto other = number(sandbox.server("other"), "pid");
  const pid_t supervisor = supervisor_of(sandbox);

  const Limit limit = limit_of(supervisor, "Max processes");
  user.set_limit(supervisor, "--nproc=1:");
  open_gate(sandbox, "exit");
  const Object web = sandbox.await("web", "held back by fork", [](const Object& server) {
    return (text(server, "state") == "backoff" || text(server, "state") == "crashloop") &&
           text(server, "reason") == "spawn_failed";
  });
  INFO("detail: " << text(web, "detail"));
  CHECK(text(web, "detail").find("ulimit -u") != std::string::npos);
  CHECK(number(web, "starts") == 1);
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(sandbox.server("other"), "pid") == other);

  user.set_limit(supervisor, "--nproc=" + limit.soft + ":");
  const Object again = sandbox.await("web", "ready");
  CHECK(number(again, "starts") == 2);
  CHECK(who_answers(again) == "web");
  sandbox.down();
}

TEST_CASE("A guardian that could not be replaced at once is replaced as soon as it can be") {
  Sandbox sandbox;
  PlainUser user(sandbox);
  if (!user.possible()) {
    WARN("skipped: " << user.why_not());
    return;
  }
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  REQUIRE(user.run(BERTH_PROGRAM, {"up", "--detach", "--wait"}).code == 0);
  const pid_t supervisor = supervisor_of(sandbox);
  const Limit limit = limit_of(supervisor, "Max processes");
  const pid_t first = guardian_of(supervisor);
  REQUIRE(first != 0);

  user.set_limit(supervisor, "--nproc=1:");
  REQUIRE(::kill(first, SIGKILL) == 0);
  const bool told = eventually([&] { return !log_line(sandbox, {"guardian process was killed"}).empty(); });
  CHECK(told);
  user.set_limit(supervisor, "--nproc=" + limit.soft + ":");
  const bool again = eventually([&] { return guardian_of(supervisor) != 0 && guardian_of(supervisor) != first; });
  CHECK(again);
  // It does its work: nothing is left of a supervisor that is killed.
  REQUIRE(::kill(supervisor, SIGKILL) == 0);
  const bool silent = eventually([&] { return sandbox.nothing_left(); });
  CHECK(silent);
}

TEST_CASE("Started where nothing can be forked, Berth waits in the foreground until it can") {
  Sandbox sandbox;
  PlainUser user(sandbox);
  if (!user.possible()) {
    WARN("skipped: " << user.why_not());
    return;
  }
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  const Result detached = user.run("/usr/bin/prlimit", {"--nproc=1:", BERTH_PROGRAM, "up", "--detach"});
  CHECK(detached.code == 1);
  CHECK(detached.err.find("fork") != std::string::npos);

  Program up(user.plan("/usr/bin/prlimit", {"--nproc=1:", BERTH_PROGRAM, "up"}));
  sandbox.await_supervisor();
  sandbox.await("web", "held back by fork", [](const Object& server) {
    return !is_null(server, "reason") && text(server, "reason") == "spawn_failed";
  });
  CHECK_FALSE(log_line(sandbox, {"no guardian process"}).empty());
  user.set_limit(up.pid(), "--nproc=" + limit_of(up.pid(), "Max processes").hard + ":");
  sandbox.await("web", "ready");
  const bool guarded = eventually([&] { return guardian_of(up.pid()) != 0; });
  CHECK(guarded);
  sandbox.down();
  CHECK(up.wait().has_value());
}

}  // namespace e2e
