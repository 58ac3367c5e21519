// A supervisor that is frozen for longer than its timeouts finds nothing overdue when it goes on.

#include <signal.h>

#include <thread>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

// Nothing but time passes here: it is what these tests are about.
void freeze(pid_t supervisor, std::chrono::milliseconds time) {
  REQUIRE(::kill(supervisor, SIGSTOP) == 0);
  std::this_thread::sleep_for(time);
}

}  // namespace

TEST_CASE("A server that becomes ready while Berth is frozen beyond ready.timeout is ready and not killed") {
  Sandbox sandbox;
  auto config = sandbox.config();
  const auto signal = sandbox.log_dir().parent_path() / "listen";
  config.server("slow").args({"--listen-when=" + signal.string()}).set("ready.timeout", "2s");
  sandbox.write(config);
  sandbox.up();
  const auto supervisor = static_cast<pid_t>(number(sandbox.status(), "pid"));
  const Object before = sandbox.await("slow", "starting");
  freeze(supervisor, 4s);
  harness::write_file(signal, "");
  REQUIRE(eventually([&] { return somebody_listens(static_cast<int>(number(before, "port"))); }));
  REQUIRE(::kill(supervisor, SIGCONT) == 0);
  const Object slow = sandbox.await("slow", "ready");
  CHECK(number(slow, "starts") == 1);
  CHECK(number(slow, "restarts") == 0);
  CHECK(number(slow, "consecutive_failures") == 0);
  CHECK(number(slow, "pid") == number(before, "pid"));
  sandbox.down();
}

TEST_CASE("Servers in backoff do not start all at once after Berth was frozen") {
  Sandbox sandbox(16);
  auto config = sandbox.config();
  for (int i = 0; i < 6; ++i) {
    config.server("s" + std::to_string(i)).args({"--exit=3"}).set("backoff.initial", "5s").set("backoff.max", "5s");
  }
  sandbox.write(config);
  sandbox.up();
  for (int i = 0; i < 6; ++i) sandbox.await("s" + std::to_string(i), "backoff");
  const auto supervisor = static_cast<pid_t>(number(sandbox.status(), "pid"));
  freeze(supervisor, 7s);
  REQUIRE(::kill(supervisor, SIGCONT) == 0);
  const Object status = sandbox.status();
  for (const auto& server : status.at("servers").as_array()) {
    CHECK(text(server.as_object(), "state") == "backoff");
    CHECK(number(server.as_object(), "starts") == 1);
  }
  sandbox.down();
}

}  // namespace e2e
