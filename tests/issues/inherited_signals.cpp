// Whoever starts Berth may have blocked signals, or ignore them: blocked ones left Berth deaf to the end of its
// children and to SIGTERM; `nohup berth up` died of SIGHUP all the same.

#include <signal.h>

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

namespace {

int end_of(Program& program) {
  const auto ended = program.wait();
  REQUIRE(ended.has_value());
  return ended->signal != 0 ? 128 + ended->signal : ended->code;
}

}  // namespace

TEST_CASE("Signals that were blocked when Berth was started are heeded") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  Program up(sandbox.plan("/usr/bin/env", {"--block-signal=CHLD,TERM,INT", BERTH_PROGRAM, "up"}));
  sandbox.await_supervisor();
  sandbox.await("web", "ready");
  const Result stop = sandbox.berth({"stop", "web", "--timeout", "20s"});  // it is reaped
  INFO("stderr: " << stop.err);
  CHECK(stop.code == 0);
  up.signal(SIGTERM);
  CHECK(end_of(up) == 128 + SIGTERM);
  CHECK(sandbox.nothing_left());
}

TEST_CASE("Signals that were ignored when Berth was started stay ignored") {
  struct Row {
    int number;
    const char* name;
  };
  const auto row = GENERATE(Row{SIGHUP, "HUP"}, Row{SIGINT, "INT"}, Row{SIGQUIT, "QUIT"});
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  const std::string line = std::string("trap '' ") + row.name + "; exec " + BERTH_PROGRAM + " up";
  Program up(sandbox.plan("/bin/sh", {"-c", line}));
  sandbox.await_supervisor();
  sandbox.await("web", "ready");
  INFO(row.name);
  up.signal(row.number);
  CHECK(sandbox.berth({"status"}).code == 0);  // what is answered after the signal
  up.signal(SIGTERM);                          // the first signal that is heeded decides how the program ends
  CHECK(end_of(up) == 128 + SIGTERM);
  CHECK(sandbox.nothing_left());
}
