// Ctrl-C once and twice, and SIGTERM, for a foreground up.

#include <signal.h>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

struct Foreground {
  Sandbox sandbox;
  std::optional<Program> up;

  void start(const ConfigText& config) {
    sandbox.write(config);
    up.emplace(sandbox.start_berth({"up"}));
    sandbox.await_supervisor();
    sandbox.await("web", "ready");
  }

  void check_ended(int code) {
    const auto ended = up->wait(2 * patience);
    REQUIRE(ended.has_value());
    // 128 + N, or a death by that very signal, which a shell shows as the same number.
    CHECK((ended->signal != 0 ? 128 + ended->signal : ended->code) == code);
    INFO("left: " << sandbox.describe_processes());
    CHECK(sandbox.nothing_left());
    CHECK_FALSE(somebody_listens(sandbox.port()));
  }
};

}  // namespace

TEST_CASE("Ctrl-C stops all servers and ends with 130") {
  Foreground foreground;
  auto config = foreground.sandbox.config();
  config.server("web").args({"--slow-stop-ms=300"});
  config.server("other");
  foreground.start(config);
  foreground.up->signal(SIGINT);
  foreground.check_ended(130);
  CHECK(foreground.sandbox.berth({"status"}).code == 4);
}

TEST_CASE("SIGTERM stops all servers and ends with 143") {
  Foreground foreground;
  auto config = foreground.sandbox.config();
  config.server("web");
  foreground.start(config);
  foreground.up->signal(SIGTERM);
  foreground.check_ended(143);
}

TEST_CASE("A second Ctrl-C kills at once") {
  Foreground foreground;
  auto config = foreground.sandbox.config();
  config.supervisor("shutdown_timeout", "10m");
  config.server("web").args({"--ignore-sigterm", "--fork-grandchild"}).set("stop.timeout", "10m");
  foreground.start(config);

  foreground.up->signal(SIGINT);
  foreground.sandbox.await("web", "stopping");
  foreground.up->signal(SIGINT);
  foreground.check_ended(130);
}

TEST_CASE("Ctrl-C of the whole foreground group reaches the servers through Berth only") {
  Foreground foreground;
  auto config = foreground.sandbox.config();
  config.server("web").args({"--ignore-sigterm"}).set("stop.timeout", "500ms");
  foreground.start(config);
  REQUIRE(::kill(-foreground.up->pid(), SIGINT) == 0);  // what a terminal does
  foreground.check_ended(130);
}

TEST_CASE("shutdown_timeout bounds the end whatever the servers do") {
  Foreground foreground;
  auto config = foreground.sandbox.config();
  config.supervisor("shutdown_timeout", "500ms");
  config.server("web").args({"--ignore-sigterm"}).set("stop.timeout", "10m");
  foreground.start(config);
  foreground.up->signal(SIGTERM);
  foreground.check_ended(143);
}

TEST_CASE("Servers stop before those that they depend on") {
  Foreground foreground;
  auto config = foreground.sandbox.config();
  config.supervisor("shutdown_timeout", "10m");
  config.server("database");
  config.server("web")
      .args({"--slow-stop-ms=600000"})
      .set("stop.timeout", "10m")
      .set("depends_on", Arguments{"database"});
  foreground.start(config);

  foreground.up->signal(SIGINT);
  foreground.sandbox.await("web", "stopping");
  CHECK(text(foreground.sandbox.server("database"), "state") == "ready");
  foreground.up->signal(SIGINT);
  foreground.check_ended(130);
}

}  // namespace e2e
