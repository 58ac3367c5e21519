// [servers.limits]: what a server may take, who it is, and what is said when it runs into a limit.

#include <signal.h>
#include <unistd.h>

#include "e2e/restricted.hpp"

namespace e2e {
namespace {

std::string cause(const Object& server) {
  return text(server.at("last_exit").as_object(), "cause");
}

// Control groups are not used: each process is held by itself, on every machine.
void up_without_groups(Sandbox& sandbox) {
  auto plan = sandbox.plan(BERTH_PROGRAM, {"up", "--detach"});
  plan.environment["BERTH_CGROUPS"] = "off";
  const Result up = run(plan);
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
}

std::string limits_of(Sandbox& sandbox, const std::string& name) {
  const Result result = sandbox.berth({"explain", name, "--json"});
  INFO(result.err);
  REQUIRE(result.code == 0);
  return boost::json::serialize(boost::json::parse(result.out).as_object().at("limits"));
}

bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

// `name` ends at this limit, and everything says so.
void check_reached(Sandbox& sandbox, const std::string& name, const std::string& limit,
                   const std::string& why = "resource_limit") {
  const Object server = sandbox.await(name, "exited");
  INFO(boost::json::serialize(server));
  CHECK(cause(server) == why);
  CHECK(text(server, "reason") == why);
  CHECK(says(text(server, "detail"), "it reached " + limit));
  const Result screen = sandbox.berth({"explain", name});
  INFO(screen.out);
  CHECK(says(screen.out, limit));
  CHECK(says(screen.out, "\n  limits   "));
}

Object await_ready_or_failed(Sandbox& sandbox, const std::string& name) {
  return sandbox.await(name, "ready or failed", [](const Object& server) {
    return text(server, "state") == "ready" || text(server, "state") == "failed";
  });
}

// Another user cannot reach this build of the tests' own programs.
bool out_of_reach(const Object& server) {
  if (text(server, "reason") != "not_executable") return false;
  WARN(text(server, "detail") << ": nothing tested");
  return true;
}

bool is_root() {
  if (::geteuid() == 0) return true;
  WARN("only root can run a server as another user: nothing tested");
  return false;
}

}  // namespace

TEST_CASE("A server within its limits has them, is ready, and explain tells them") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .set("limits.memory", "256MiB")
      .set("limits.open_files", 100)
      .set("limits.nice", 19)
      .set("limits.no_new_privs", true);
  config.server("free");
  sandbox.write(config);
  up_without_groups(sandbox);
  const auto pid = static_cast<pid_t>(number(sandbox.await("web", "ready"), "pid"));
  CHECK(limit_of(pid, "Max open files").hard == "100");
  CHECK(limit_of(pid, "Max data size").soft == "268435456");
  CHECK(says(read_file("/proc/" + std::to_string(pid) + "/status"), "NoNewPrivs:\t1"));
  CHECK(limits_of(sandbox, "web") ==
        R"x(["memory 256 MiB (the data of each process, RLIMIT_DATA)","open files 100 (each process)","nice 19",)x"
        R"x("no new privileges"])x");
  CHECK(limits_of(sandbox, "free") == "[]");
  CHECK_FALSE(says(sandbox.berth({"explain", "free"}).out, "\n  limits   "));
  CHECK(log_lines(sandbox, {"web: limits.memory = 256 MiB holds for the data of each of its processes"}) == 1);
  CHECK(sandbox.berth({"restart", "web", "--wait"}).code == 0);
  CHECK(log_lines(sandbox, {"web: limits.memory = 256 MiB"}) == 1);  // said once
  sandbox.down();
}

TEST_CASE("A server that cannot have the memory or the files that it wants has reached its limit") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("memory").args({"--eat-memory=256"}).set("limits.memory", "64MiB").set("restart", "never");
  config.server("files").args({"--eat-files=500"}).set("limits.open_files", 64).set("restart", "never");
  sandbox.write(config);
  up_without_groups(sandbox);
  check_reached(sandbox, "memory", "limits.memory = 64 MiB");
  check_reached(sandbox, "files", "limits.open_files = 64");
  sandbox.down();
}

TEST_CASE("A server that reaches a limit after it was ready is restarted as after a crash") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .args({"--eat-files=500", "--eat-when=" + gate(sandbox, "greed")})
      .set("limits.open_files", 64)
      .set("backoff.initial", "20s")
      .set("backoff.max", "20s");
  sandbox.write(config);
  sandbox.up({"--wait"});
  open_gate(sandbox, "greed");
  const Object web = sandbox.await("web", "backoff");
  CHECK(text(web, "reason") == "resource_limit");
  CHECK(number(web, "consecutive_failures") >= 1);
  sandbox.down();
}

TEST_CASE("The same words of a server without a limit are a crash") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--say=Error: EMFILE: too many open files", "--exit=1"}).set("restart", "never");
  sandbox.write(config);
  sandbox.up();
  CHECK(cause(sandbox.await("web", "exited")) == "crash");
  sandbox.down();
}

TEST_CASE("Where there is no control group the processes of its user are counted") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--fork-many=150"}).set("limits.processes", 40).set("restart", "never");
  sandbox.write(config);
  PlainUser user(sandbox);
  if (!user.possible()) {
    WARN(user.why_not() << ": nothing tested");
    return;
  }
  auto plan = user.plan(BERTH_PROGRAM, {"up", "--detach"});
  plan.environment["BERTH_CGROUPS"] = "off";
  REQUIRE(run(plan).code == 0);
  check_reached(sandbox, "web", "limits.processes = 40");
  CHECK(log_lines(sandbox, {"web: limits.processes = 40 counts all that its user runs"}) == 1);
  sandbox.down();
}

TEST_CASE("A control group holds the whole server to its limits") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("probe").set("limits.memory", "512MiB").set("limits.processes", 50);
  sandbox.write(config);
  sandbox.up({"--wait"});
  const std::string held = limits_of(sandbox, "probe");
  if (!says(held, "memory 512 MiB (control group)") || !says(held, "processes 50 (control group)")) {
    WARN("no control group with the controllers memory and pids here: nothing tested");
    return sandbox.down();
  }
  config.server("memory").args({"--eat-memory=256"}).set("limits.memory", "64MiB").set("restart", "never");
  config.server("forks").args({"--fork-many=100"}).set("limits.processes", 20).set("restart", "never");
  sandbox.write(config);
  REQUIRE(sandbox.berth({"reload"}).code == 0);
  check_reached(sandbox, "memory", "limits.memory = 64 MiB", "oom_killed");
  check_reached(sandbox, "forks", "limits.processes = 20");
  sandbox.down();
}

TEST_CASE("A server runs as another user, is seen to listen, and ends with Berth") {
  if (!is_root()) return;
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--print-env"}).set("cwd", "/").set("limits.user", "nobody");
  config.server("homely").args({"--print-env"}).set("cwd", "/").set("limits.user", "nobody").set("env.HOME", "/tmp");
  config.server("outside").set("cwd", sandbox.runtime_dir().string()).set("limits.user", "nobody");
  sandbox.write(config);
  sandbox.up();
  const Object web = await_ready_or_failed(sandbox, "web");
  if (out_of_reach(web)) return sandbox.down();
  const auto pid = static_cast<pid_t>(number(web, "pid"));
  CHECK(says(read_file("/proc/" + std::to_string(pid) + "/status"), "Uid:\t65534\t65534\t65534\t65534"));
  CHECK(eventually([&] { return says(sandbox.server_log("web"), "env USER=nobody\n"); }));
  CHECK(says(sandbox.server_log("web"), "env LOGNAME=nobody\n"));
  CHECK_FALSE(says(sandbox.server_log("web"), "env HOME=/root\n"));
  sandbox.await("homely", "ready");
  CHECK(eventually([&] { return says(sandbox.server_log("homely"), "env HOME=/tmp\n"); }));
  const Object outside = sandbox.await("outside", "failed");
  CHECK(text(outside, "reason") == "bad_cwd");
  CHECK(says(text(outside, "detail"), "by `nobody` (limits.user)"));

  CHECK(sandbox.berth({"restart", "web", "--wait"}).code == 0);
  CHECK(static_cast<pid_t>(number(sandbox.server("web"), "pid")) != pid);
  // The supervisor alone, and without a word: those of other users end, too.
  REQUIRE(::kill(supervisor_of(sandbox), SIGKILL) == 0);
  CHECK(eventually([&] { return sandbox.nothing_left(); }));
}

TEST_CASE("A server of another user is seen to listen where root may not look into others' processes") {
  if (!is_root()) return;
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("cwd", "/").set("limits.user", "nobody");
  sandbox.write(config);
  // As in a container.
  const Arguments without{"--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace", BERTH_PROGRAM, "up", "--detach"};
  const Result up = run(sandbox.plan("/usr/bin/setpriv", without));
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
  const Object web = await_ready_or_failed(sandbox, "web");
  if (!out_of_reach(web)) CHECK(text(web, "state") == "ready");
  sandbox.down();
}

TEST_CASE("What needs privilege and has none has failed until that is mended") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("nice").set("limits.nice", -10);
  config.server("user").set("limits.user", "nobody");
  sandbox.write(config);
  PlainUser user(sandbox);
  if (!user.possible()) {
    WARN(user.why_not() << ": nothing tested");
    return;
  }
  REQUIRE(user.run(BERTH_PROGRAM, {"up", "--detach"}).code == 0);
  const Object nice = sandbox.await("nice", "failed");
  CHECK(text(nice, "reason") == "resource_limit");
  CHECK(says(text(nice, "detail"), "could not set limits.nice = -10"));
  const Object other = sandbox.await("user", "failed");
  CHECK(text(other, "reason") == "resource_limit");
  CHECK(says(text(other, "detail"), "`nobody` (limits.user)"));
  CHECK(says(sandbox.berth({"explain", "user"}).out, "mend its `limits`"));
  CHECK(number(other, "restarts") == 0);
  sandbox.down();
}

}  // namespace e2e
