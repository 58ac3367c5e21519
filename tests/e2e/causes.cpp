// Why a server ended: out of memory, a signal, a core dump, a code, and the same once more.

#include <signal.h>

#include "e2e/e2e.hpp"
#include "support/memory_limit.hpp"

namespace e2e {
namespace {

std::string cause(const Object& server) {
  return text(server.at("last_exit").as_object(), "cause");
}

}  // namespace

TEST_CASE("A server that the kernel ends for want of memory is told from one that somebody kills") {
  const harness::MemoryLimit limit(16 << 20);
  if (!limit) {
    WARN("memory cannot be limited here: nothing tested");
    return;
  }
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("greedy")
      .command("/bin/sh", {"-c", "echo 0 > " + limit.entrance() + " && exec tail /dev/zero"})
      .set("restart", "never");
  config.server("below")
      .command("/bin/sh", {"-c", "echo 0 > " + limit.entrance() + " && tail /dev/zero; exit $?"})
      .set("restart", "never");
  config.server("killed").set("restart", "never");
  sandbox.write(config);
  sandbox.up();
  const Object greedy = sandbox.await("greedy", "exited");
  INFO(boost::json::serialize(greedy));
  CHECK(cause(greedy) == "oom_killed");
  CHECK(text(greedy, "reason") == "oom_killed");
  CHECK(text(greedy, "detail").find("out of memory") != std::string::npos);
  CHECK(text(greedy.at("last_exit").as_object(), "signal") == "SIGKILL");
  CHECK(cause(sandbox.await("below", "exited")) == "oom_killed");

  const Object killed = sandbox.await("killed", "ready");
  REQUIRE(::kill(static_cast<pid_t>(number(killed, "pid")), SIGKILL) == 0);
  CHECK(cause(sandbox.await("killed", "exited")) == "crash");
  sandbox.down();
}

TEST_CASE("The same failure again and again is said to be the same") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--exit=3"}).set("backoff.initial", "1ms").set("backoff.max", "5ms");
  sandbox.write(config);
  sandbox.up();
  CHECK(eventually([&] {
    return text(sandbox.server("web"), "detail").find("ended with code 3 before it was ready (the same ") !=
           std::string::npos;
  }));
  sandbox.down();
}

}  // namespace e2e
