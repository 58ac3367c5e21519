// What a process of the same user can do to Berth, and what comes of it. It is not kept from it: see
// docs/threat-model.md.

#include <csignal>

#include "e2e/restricted.hpp"

namespace e2e {

TEST_CASE("A server may ask its own supervisor: it is a process of the same user") {
  Sandbox sandbox;
  auto config = sandbox.config();
  const std::string ask = std::string(BERTH_PROGRAM) + " ps -p " + sandbox.project() + " -c " +
                          sandbox.config_path().string() + " --runtime-dir " + sandbox.runtime_dir().string();
  config.server("web").command("/bin/sh", {"-c", ask + "; echo code $?; exec sleep 1000"}).set("ready.probe", "none");
  sandbox.write(config);
  sandbox.up();
  CHECK(eventually([&] { return sandbox.server_log("web").find("code ") != std::string::npos; }));
  CHECK(sandbox.server_log("web").find("NAME ") != std::string::npos);
  sandbox.down();
}

TEST_CASE("A signal that Berth has no use for ends it, and no server outlives it") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  // SIGSYS dumps core as SIGSEGV does, but AddressSanitizer does not report it.
  for (const int signal : {SIGUSR1, SIGSYS}) {
    sandbox.up({"--wait"});
    const pid_t supervisor = supervisor_of(sandbox);
    REQUIRE(::kill(supervisor, signal) == 0);
    CHECK(eventually([&] { return !process_lives(supervisor); }));
    CHECK(eventually([&] { return sandbox.nothing_left(); }));
  }
  sandbox.up({"--wait"});
  sandbox.down();
}

TEST_CASE("While Berth is stopped its servers serve, and what ended meanwhile is restarted after") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  config.server("other");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const Object web = sandbox.server("web");
  const Object other = sandbox.server("other");
  const pid_t supervisor = supervisor_of(sandbox);
  REQUIRE(::kill(supervisor, SIGSTOP) == 0);
  REQUIRE(::kill(static_cast<pid_t>(number(other, "pid")), SIGKILL) == 0);
  CHECK(who_answers(web) == "web");
  REQUIRE(::kill(supervisor, SIGCONT) == 0);
  sandbox.await("other", "ready again",
                [](const Object& it) { return number(it, "restarts") == 1 && text(it, "state") == "ready"; });
  CHECK(number(sandbox.server("web"), "restarts") == 0);
  sandbox.down();
}

}  // namespace e2e
