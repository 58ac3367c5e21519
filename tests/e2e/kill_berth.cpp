// kill -9 of Berth itself: no child survives, and the next `up` starts cleanly.

#include <signal.h>

#include "e2e/e2e.hpp"
#include "e2e/restricted.hpp"

namespace e2e {
namespace {

// Kills the supervisor that the foreground program is and waits until nothing of the project is left.
void kill_and_expect_silence(Sandbox& sandbox, Program& up) {
  up.signal(SIGKILL);
  REQUIRE(up.wait().has_value());
  const bool silent = eventually([&] { return sandbox.nothing_left(); });
  INFO("left: " << sandbox.describe_processes());
  REQUIRE(silent);
}

void no_child_survives(const std::function<void(ServerText&)>& shape) {
  Sandbox sandbox;
  auto config = sandbox.config();
  shape(config.server("web"));
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  sandbox.await_supervisor();
  sandbox.await("web", "ready");

  kill_and_expect_silence(sandbox, up);
  CHECK_FALSE(somebody_listens(sandbox.port()));

  sandbox.up({"--wait"});
  const Object web = sandbox.server("web");
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(web, "port_conflicts") == 0);
  CHECK(dead_ports(sandbox.status()).empty());
  CHECK(who_answers(web) == "web");
  sandbox.down();
}

}  // namespace

TEST_CASE("kill -9 of Berth ends a plain child") {
  no_child_survives([](ServerText&) {});
}

TEST_CASE("kill -9 of Berth ends a child below a shell") {
  no_child_survives([](ServerText& web) { web.through_shell(); });
}

TEST_CASE("kill -9 of Berth ends a child that ignores SIGTERM") {
  no_child_survives([](ServerText& web) { web.args({"--ignore-sigterm"}); });
}

TEST_CASE("kill -9 of Berth ends a grandchild in a session of its own") {
  no_child_survives([](ServerText& web) { web.args({"--fork-grandchild", "--grandchild-ignores-sigterm"}); });
}

TEST_CASE("kill -9 of Berth ends a grandchild that has cleared its environment") {
  no_child_survives([](ServerText& web) {
    web.args({"--fork-grandchild", "--grandchild-clears-env", "--grandchild-keeps=nothing"});
  });
}

TEST_CASE("kill -9 of Berth ends a child that is still starting") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--never-listen"});
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  sandbox.await_supervisor();
  await_launch(sandbox, "web", sandbox.port());
  kill_and_expect_silence(sandbox, up);
}

TEST_CASE("kill -9 of Berth among many trees leaves none") {
  Sandbox sandbox(16);
  auto config = sandbox.config();
  for (int i = 0; i < 4; ++i) {
    const std::string number = std::to_string(i);
    config.server("plain" + number);
    config.server("shell" + number).through_shell();
    config.server("fork" + number).args({"--fork-grandchild", "--ignore-sigterm"});
    config.server("crash" + number).args({"--exit-after-ms=20", "--exit=9"});
  }
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  sandbox.await_supervisor();
  for (int i = 0; i < 4; ++i) sandbox.await("fork" + std::to_string(i), "ready");
  kill_and_expect_silence(sandbox, up);
}

TEST_CASE("kill -9 of a detached Berth leaves no child and a clean start") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});

  REQUIRE(::kill(static_cast<pid_t>(number(sandbox.status(), "pid")), SIGKILL) == 0);
  const bool silent = eventually([&] { return sandbox.nothing_left(); });
  INFO("left: " << sandbox.describe_processes());
  REQUIRE(silent);
  CHECK(sandbox.berth({"status"}).code == 4);
  sandbox.up({"--wait"});
  CHECK(who_answers(sandbox.server("web")) == "web");
  sandbox.down();
}

TEST_CASE("kill -9 of the whole process group leaves no child") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  config.server("forker").args({"--fork-grandchild", "--grandchild-clears-env"});
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  sandbox.await_supervisor();
  sandbox.await("web", "ready");
  sandbox.await("forker", "ready");

  REQUIRE(::kill(-up.pid(), SIGKILL) == 0);
  REQUIRE(up.wait().has_value());
  const bool silent = eventually([&] { return sandbox.nothing_left(); });
  INFO("left: " << sandbox.describe_processes());
  CHECK(silent);
}

TEST_CASE("What is left when Berth and its guardian are killed at once is ended by the next up, and nothing else") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  config.server("forker").args({"--fork-grandchild", "--grandchild-clears-env", "--grandchild-ignores-sigterm"});
  sandbox.write(config);
  Program bystander(
      {.path = "/bin/sleep", .args = {"1000"}, .folder = "/", .output = sandbox.log_dir().parent_path() / "bystander"});
  sandbox.up({"--wait"});
  const auto supervisor = static_cast<pid_t>(number(sandbox.status(), "pid"));
  const auto guardian = guardian_of(supervisor);
  REQUIRE(guardian > 0);

  REQUIRE(::kill(guardian, SIGSTOP) == 0);  // or it might be quicker than the second kill
  REQUIRE(::kill(supervisor, SIGKILL) == 0);
  REQUIRE(::kill(guardian, SIGKILL) == 0);
  REQUIRE(eventually([&] { return sandbox.berth({"status"}).code == 4; }));
  CHECK_FALSE(sandbox.nothing_left());  // the grandchild, at least

  sandbox.up({"--wait"});
  const Object web = sandbox.server("web");
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(sandbox.server("forker"), "port_conflicts") == 0);
  CHECK(harness::read_file(sandbox.log_dir() / "berth.log").find("was killed; ended what it had left") !=
        std::string::npos);
  CHECK(bystander.running());
  sandbox.down();
  CHECK(sandbox.nothing_left());
}

}  // namespace e2e
