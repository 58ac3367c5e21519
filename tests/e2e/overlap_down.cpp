// The end of the supervisor while something else is asked of it.

#include <signal.h>

#include "e2e/commands.hpp"

namespace e2e {
namespace {

// A supervisor that is going down for as long as the test likes: `web` dies when the test says so.
struct GoingDown {
  Sandbox sandbox;
  std::optional<Program> down;

  explicit GoingDown(const std::function<void(ConfigText&)>& more = {}) {
    auto config = sandbox.config();
    config.supervisor("shutdown_timeout", "10m");
    config.server("web").args({"--ignore-sigterm"}).set("stop.timeout", "10m");
    if (more) more(config);
    sandbox.write(config);
    sandbox.up();
    sandbox.await("web", "ready");
  }

  void begin() {
    down.emplace(sandbox.start_berth({"down"}));
    sandbox.await("web", "stopping");
  }

  void end(std::vector<Program> others = {}) {
    REQUIRE(::kill(static_cast<pid_t>(number(sandbox.server("web"), "pid")), SIGKILL) == 0);
    check_ended(*down, 0, "");
    for (Program& other : others) check_ended(other, 0, "");
    INFO("left: " << sandbox.describe_processes());
    CHECK(sandbox.nothing_left());
    CHECK(sandbox.berth({"status"}).code == 4);
  }
};

}  // namespace

TEST_CASE("down during an up of fifty servers leaves nothing") {
  Sandbox sandbox(16);
  auto config = sandbox.config();
  for (int i = 0; i < 50; ++i) config.server("s" + std::to_string(i)).args({"--listen-when=" + gate(sandbox, "never")});
  sandbox.write(config);
  Program up = sandbox.start_berth({"up", "--detach"});
  const bool exists = eventually([&] { return std::filesystem::exists(sandbox.socket_path()); });
  REQUIRE(exists);

  CHECK(sandbox.berth({"down"}).code == 0);
  const auto ended = up.wait();
  REQUIRE(ended.has_value());
  INFO("up: " << ended->code << " " << up.err());
  CHECK((ended->code == 0 || (ended->code == 1 && !up.err().empty())));
  INFO("left: " << sandbox.describe_processes());
  CHECK(sandbox.nothing_left());
  CHECK(sandbox.berth({"status"}).code == 4);
}

TEST_CASE("down during an up --wait of fifty servers ends the wait") {
  Sandbox sandbox(16);
  auto config = sandbox.config();
  for (int i = 0; i < 50; ++i) config.server("s" + std::to_string(i)).args({"--listen-when=" + gate(sandbox, "never")});
  sandbox.write(config);
  Program up = sandbox.start_berth({"up", "--detach", "--wait"});
  sandbox.await_supervisor();
  await_asking(up);
  sandbox.down();
  check_ended(up, 1, "berth: ");
}

TEST_CASE("up during down is refused with a message and works when down has returned") {
  GoingDown going_down;
  Sandbox& sandbox = going_down.sandbox;
  const auto supervisor = std::to_string(number(sandbox.status(), "pid"));
  going_down.begin();
  for (const Arguments& args : {Arguments{"up"}, Arguments{"up", "--detach"}, Arguments{"up", "--detach", "--wait"}}) {
    const Result up = sandbox.berth(args);
    INFO("stderr: " << up.err);
    CHECK(up.code == 1);
    CHECK(up.err.find(supervisor) != std::string::npos);
  }
  going_down.end();

  sandbox.up();
  sandbox.await("web", "ready");
  going_down.begin();
  going_down.end();
}

TEST_CASE("start and restart during down are refused") {
  GoingDown going_down([](ConfigText& config) { config.server("other").set("enabled", false); });
  Sandbox& sandbox = going_down.sandbox;
  going_down.begin();
  for (const char* command : {"start", "restart"}) {
    for (const char* name : {"web", "other"}) {
      const Result result = sandbox.berth({command, name});
      INFO(command << " " << name << ": " << result.err);
      CHECK(result.code == 1);
      CHECK(result.err.find("going down") != std::string::npos);
    }
  }
  CHECK(text(sandbox.server("other"), "state") == "stopped");
  CHECK(number(sandbox.server("other"), "starts") == 0);
  going_down.end();
}

TEST_CASE("stop during down waits for the same end") {
  GoingDown going_down;
  going_down.begin();
  std::vector<Program> stops;
  stops.push_back(going_down.sandbox.start_berth({"stop", "web"}));
  await_asking(stops.front());
  going_down.end(std::move(stops));
}

TEST_CASE("Many downs at once all succeed") {
  GoingDown going_down;
  Sandbox& sandbox = going_down.sandbox;
  going_down.begin();
  std::vector<Program> others;
  for (int i = 0; i < 5; ++i) others.push_back(sandbox.start_berth({"down"}));
  going_down.end(std::move(others));
}

TEST_CASE("down of a supervisor that ends before it can answer succeeds") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto supervisor = static_cast<pid_t>(number(sandbox.status(), "pid"));
  REQUIRE(::kill(supervisor, SIGSTOP) == 0);
  Program down = sandbox.start_berth({"down"});
  await_asking(down);
  REQUIRE(::kill(supervisor, SIGKILL) == 0);
  check_ended(down, 0, "");
  const bool silent = eventually([&] { return sandbox.nothing_left(); });
  CHECK(silent);
}

TEST_CASE("wait for ready during down ends at once with 1") {
  GoingDown going_down([](ConfigText& config) { config.server("late").args({"--never-listen"}); });
  Sandbox& sandbox = going_down.sandbox;
  Program early = sandbox.start_berth({"wait", "late"});
  await_asking(early);
  going_down.begin();
  check_ended(early, 1, "late");
  const Result late = sandbox.berth({"wait", "web"});
  CHECK(late.code == 1);
  CHECK(late.err.find("going down") != std::string::npos);
  going_down.end();
}

TEST_CASE("wait for stopped during down returns with 0") {
  GoingDown going_down;
  Sandbox& sandbox = going_down.sandbox;
  std::vector<Program> waits;
  waits.push_back(sandbox.start_berth({"wait", "web", "--for", "stopped"}));
  await_asking(waits.front());
  going_down.begin();
  waits.push_back(sandbox.start_berth({"wait", "web", "--for", "stopped"}));
  await_asking(waits.back());
  going_down.end(std::move(waits));
}

TEST_CASE("up --wait ends at once when a down overtakes it, however long the servers take") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.supervisor("shutdown_timeout", "10m");
  config.server("web").args({"--ignore-sigterm", "--never-listen"}).set("stop.timeout", "10m");
  sandbox.write(config);
  Program up = sandbox.start_berth({"up", "--detach", "--wait"});
  sandbox.await_supervisor();
  const Object web = await_launch(sandbox, "web", sandbox.port());
  await_asking(up);
  Program down = sandbox.start_berth({"down"});
  check_ended(up, 1, "`web` is stopping");
  CHECK(text(sandbox.server("web"), "state") == "stopping");
  REQUIRE(::kill(static_cast<pid_t>(number(web, "pid")), SIGKILL) == 0);
  check_ended(down, 0, "");
  CHECK(sandbox.nothing_left());
}

}  // namespace e2e
