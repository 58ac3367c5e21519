// depends_on and required, from the first start to the last stop.

#include <signal.h>

#include <algorithm>

#include "e2e/commands.hpp"

namespace e2e {
namespace {

// Servers that write their starts and their ends into one file, in order: `NAME up`, `NAME down`.
class Diary {
 public:
  explicit Diary(const Sandbox& sandbox) : script_(sandbox.file("member.sh")), diary_(sandbox.file("diary")) {
    write_file(script_, "trap 'kill $child; wait $child; echo \"$BERTH_SERVER down\" >> " + diary_.string() +
                            "; exit 0' TERM\n" + "echo \"$BERTH_SERVER up\" >> " + diary_.string() + "\n" +
                            HOSTILE_PROGRAM + " --tag=" + sandbox.project() + " \"$@\" & child=$!\nwait $child\n");
  }

  ServerText& server(ConfigText& config, const std::string& name, const Arguments& needs, const Arguments& args = {}) {
    Arguments all{script_.string()};
    all.insert(all.end(), args.begin(), args.end());
    return config.server(name).command("/bin/sh", all).set("depends_on", needs);
  }

  // Whether the line `first` stands before the line `second`.
  [[nodiscard]] bool in_order(const std::string& first, const std::string& second) const {
    const std::string text = read_file(diary_);
    const auto one = text.find(first + "\n");
    const auto two = text.find(second + "\n");
    return one != std::string::npos && two != std::string::npos && one < two;
  }
  [[nodiscard]] std::string text() const { return read_file(diary_); }
  void clear() const { write_file(diary_, ""); }

 private:
  std::filesystem::path script_;
  std::filesystem::path diary_;
};

// base <- left, right <- top
ConfigText diamond(const Sandbox& sandbox, Diary& diary) {
  auto config = sandbox.config();
  diary.server(config, "top", {"left", "right"});
  diary.server(config, "left", {"base"});
  diary.server(config, "right", {"base"});
  diary.server(config, "base", {});
  return config;
}

struct Life {
  long long pid;
  long long starts;

  friend bool operator==(const Life&, const Life&) = default;
};
Life life_of(Sandbox& sandbox, const std::string& name) {
  const Object server = sandbox.server(name);
  return {number(server, "pid"), number(server, "starts")};
}

}  // namespace

TEST_CASE("Servers start after those they depend on and end before them") {
  Sandbox sandbox;
  Diary diary(sandbox);
  sandbox.write(diamond(sandbox, diary));
  sandbox.up({"--wait"});
  INFO(diary.text());
  for (const char* side : {"left", "right"}) {
    CHECK(diary.in_order("base up", std::string(side) + " up"));
    CHECK(diary.in_order(std::string(side) + " up", "top up"));
  }
  sandbox.down();
  INFO(diary.text());
  for (const char* side : {"left", "right"}) {
    CHECK(diary.in_order("top down", std::string(side) + " down"));
    CHECK(diary.in_order(std::string(side) + " down", "base down"));
  }
}

TEST_CASE("stop of several servers ends them in order") {
  Sandbox sandbox;
  Diary diary(sandbox);
  sandbox.write(diamond(sandbox, diary));
  sandbox.up({"--wait"});
  REQUIRE(sandbox.berth({"stop", "base", "left", "right", "top"}).code == 0);
  INFO(diary.text());
  CHECK(diary.in_order("top down", "left down"));
  CHECK(diary.in_order("top down", "right down"));
  CHECK(diary.in_order("left down", "base down"));
  CHECK(diary.in_order("right down", "base down"));
  for (const char* name : {"base", "left", "right", "top"}) {
    CHECK(text(sandbox.server(name), "state") == "stopped");
  }
  sandbox.down();
}

TEST_CASE("stop of a dependency alone leaves its dependents as they are") {
  Sandbox sandbox;
  Diary diary(sandbox);
  sandbox.write(diamond(sandbox, diary));
  sandbox.up({"--wait"});
  const Life top = life_of(sandbox, "top");
  REQUIRE(sandbox.berth({"stop", "base"}).code == 0);
  CHECK(text(sandbox.server("base"), "state") == "stopped");
  CHECK(life_of(sandbox, "top") == top);
  CHECK(text(sandbox.server("left"), "state") == "ready");

  REQUIRE(sandbox.berth({"restart", "base", "--wait"}).code == 0);
  CHECK(life_of(sandbox, "top") == top);
  sandbox.down();
}

TEST_CASE("A dependency that crashes and comes back does not restart its dependents") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("database");
  config.server("app").set("depends_on", Arguments{"database"});
  sandbox.write(config);
  sandbox.up({"--wait"});
  const Life app = life_of(sandbox, "app");

  REQUIRE(::kill(static_cast<pid_t>(number(sandbox.server("database"), "pid")), SIGKILL) == 0);
  sandbox.await("database", "ready after a restart", [](const Object& server) {
    return text(server, "state") == "ready" && number(server, "restarts") == 1;
  });
  CHECK(life_of(sandbox, "app") == app);
  CHECK(text(sandbox.server("app"), "state") == "ready");
  sandbox.down();
}

TEST_CASE("A server that restarts while its dependency is down waits for it") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("database");
  config.server("app").set("depends_on", Arguments{"database"});
  sandbox.write(config);
  sandbox.up({"--wait"});
  REQUIRE(sandbox.berth({"stop", "database"}).code == 0);
  REQUIRE(::kill(static_cast<pid_t>(number(sandbox.server("app"), "pid")), SIGKILL) == 0);

  const Object app = sandbox.await("app", "failed");
  CHECK(text(app, "reason") == "dependency");
  REQUIRE(sandbox.berth({"start", "database"}).code == 0);
  sandbox.await("app", "ready");
  sandbox.down();
}

TEST_CASE("A dependency that has failed for good fails its dependents until it is started again") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("top").set("depends_on", Arguments{"app"});
  config.server("app").set("depends_on", Arguments{"database"});
  config.server("database").args(misbehaving(sandbox, 1, {"--exit=5"})).set("backoff.give_up_after", 1);
  config.server("other");
  sandbox.write(config);
  const Result up = sandbox.berth({"up", "--detach", "--wait"});
  CHECK(up.code == 1);
  CHECK(up.err.find("database") != std::string::npos);

  CHECK(text(sandbox.await("database", "failed"), "reason") == "budget_spent");
  for (const char* name : {"app", "top"}) {
    const Object server = sandbox.await(name, "failed");
    CHECK(text(server, "reason") == "dependency");
    CHECK(number(server, "starts") == 0);
    CHECK(is_null(server, "port"));
  }
  CHECK(text(sandbox.server("app"), "detail").find("`database`") != std::string::npos);
  CHECK(text(sandbox.server("top"), "detail").find("`app`") != std::string::npos);
  sandbox.await("other", "ready");

  REQUIRE(sandbox.berth({"start", "database", "--wait"}).code == 0);
  sandbox.await("top", "ready");
  CHECK(number(sandbox.server("app"), "starts") == 1);
  sandbox.down();
}

TEST_CASE("start of a server whose dependency has failed tries both again") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("app").set("depends_on", Arguments{"database"});
  config.server("database").args(misbehaving(sandbox, 1, {"--exit=5"})).set("restart", "never");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("database", "exited");
  sandbox.await("app", "failed");
  CHECK(sandbox.berth({"start", "app", "--wait"}).code == 0);
  CHECK(text(sandbox.server("database"), "state") == "ready");
  sandbox.down();
}

TEST_CASE("A required server that spends its budget ends a foreground up with 1, in order") {
  Sandbox sandbox;
  Diary diary(sandbox);
  auto config = sandbox.config();
  diary.server(config, "base", {});
  diary.server(config, "middle", {"base"});
  config.server("web")
      .args({"--exit=5"})
      .set("required", true)
      .set("backoff.give_up_after", 3)
      .set("depends_on", Arguments{"middle"});
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  check_ended(up, 1, "`web` is required and has failed");
  INFO(diary.text());
  CHECK(diary.in_order("middle down", "base down"));
  CHECK(sandbox.nothing_left());
}

TEST_CASE("A required server that fails for its dependency ends a foreground up with 1") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("required", true).set("depends_on", Arguments{"database"});
  config.server("database").command("no-such-command-anywhere", {});
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  check_ended(up, 1, "`web` is required and has failed");
  CHECK(sandbox.nothing_left());
}

TEST_CASE("A required server that is stopped or ends cleanly leaves a foreground up alone") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("once")
      .args({"--exit-when=" + gate(sandbox, "exit"), "--exit=0"})
      .set("restart", "on-failure")
      .set("required", true);
  config.server("web").set("required", true);
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  sandbox.await_supervisor();
  sandbox.await("once", "ready");
  sandbox.await("web", "ready");
  open_gate(sandbox, "exit");
  sandbox.await("once", "exited");
  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  CHECK(up.running());
  sandbox.down();
  check_ended(up, 0, "");
}

}  // namespace e2e
