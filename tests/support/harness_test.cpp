// The harness and the hostile child, proven without Berth: a test that leans on them must not be green by chance.

#include <signal.h>

#include <cstdlib>

#include "support/catch.hpp"
#include "support/config_text.hpp"
#include "support/eventually.hpp"
#include "support/facts.hpp"
#include "support/http.hpp"
#include "support/ports.hpp"
#include "support/proc.hpp"
#include "support/program.hpp"
#include "support/sandbox.hpp"
#include "support/thief.hpp"

namespace harness {
namespace {

// A hostile child on the sandbox's first port, as Berth would start it.
Program start_hostile(Sandbox& sandbox, Arguments args) {
  args.push_back("--tag=" + sandbox.project());
  ProgramPlan plan = sandbox.plan(HOSTILE_PROGRAM, args);
  plan.environment["PORT"] = std::to_string(sandbox.port());
  plan.environment["BERTH_SERVER"] = "web";
  return Program(plan);
}

bool listens(const Sandbox& sandbox) {
  return eventually([&] { return somebody_listens(sandbox.port()); });
}

Ended exit_of(const Arguments& args) {
  Sandbox sandbox;
  const auto ended = start_hostile(sandbox, args).wait();
  REQUIRE(ended);
  return *ended;
}

struct Busy {
  std::optional<Ended> ended;  // empty: it lives
  std::string output;
};

// What a hostile child does when a thief has its port; waits for its end or its first word.
Busy on_busy(const std::string& habit) {
  Sandbox sandbox;
  const Thief thief(sandbox, sandbox.port());
  REQUIRE(thief.got_the_port());
  Program child = start_hostile(sandbox, {"--on-busy=" + habit});
  const bool reacted = eventually([&] { return !child.running() || !(child.out() + child.err()).empty(); });
  REQUIRE(reacted);
  return {child.wait(0ms), child.out() + child.err()};
}

}  // namespace

TEST_CASE("A hostile child without options is a good server") {
  Sandbox sandbox;
  Program child = start_hostile(sandbox, {});
  REQUIRE(listens(sandbox));
  const HttpReply reply = http_get(sandbox.port(), "/mcp");
  CHECK(reply.status == 200);
  CHECK(reply.body == "{\"server\":\"web\",\"pid\":" + std::to_string(child.pid()) + "}");
  child.signal(SIGTERM);
  CHECK(child.wait() == Ended{-1, SIGTERM});
}

TEST_CASE("A hostile child ends as it is told") {
  CHECK(exit_of({"--exit=3"}) == Ended{3, 0});
  CHECK(exit_of({"--exit-after-ms=10", "--exit=4"}) == Ended{4, 0});
  CHECK(exit_of({"--listen-then-exit-ms=10", "--exit=5"}) == Ended{5, 0});
  CHECK(exit_of({"--abort"}) == Ended{-1, SIGABRT});
  CHECK(exit_of({"--kill-self=SIGSEGV"}) == Ended{-1, SIGSEGV});
  CHECK(exit_of({"--no-such-option"}) == Ended{64, 0});
}

TEST_CASE("A hostile child that ignores SIGTERM lives on") {
  Sandbox sandbox;
  Program child = start_hostile(sandbox, {"--ignore-sigterm"});
  REQUIRE(listens(sandbox));
  child.signal(SIGTERM);
  CHECK(http_get(sandbox.port(), "/").status == 200);
  CHECK(child.running());
}

TEST_CASE("A hostile child has the habits of real servers when its port is taken") {
  CHECK(on_busy("exit1-message").ended == Ended{1, 0});
  CHECK(on_busy("exit1-message").output.find("EADDRINUSE") != std::string::npos);
  CHECK(on_busy("exit1-silent").output.empty());
  CHECK(on_busy("exit2-message").ended == Ended{2, 0});
  CHECK(on_busy("exit2-silent").output.empty());
  CHECK(on_busy("exit0-lie").ended == Ended{0, 0});
  CHECK(on_busy("exit0-lie").output.find("listening on") != std::string::npos);
  CHECK(on_busy("exit0-silent").ended == Ended{0, 0});
  CHECK_FALSE(on_busy("shift").ended);
  CHECK_FALSE(on_busy("stay").ended);
}

TEST_CASE("A grandchild outlives its parent and is found by its mark") {
  Sandbox sandbox;
  Program child = start_hostile(sandbox, {"--fork-grandchild", "--grandchild-clears-env"});
  REQUIRE(listens(sandbox));
  REQUIRE(eventually([&] { return sandbox.server_processes().size() == 2; }));
  child.signal(SIGKILL);
  REQUIRE(child.wait());
  CHECK(sandbox.server_processes().size() == 1);
  CHECK(somebody_listens(sandbox.port()));
}

TEST_CASE("A child behaves once it has misbehaved often enough") {
  Sandbox sandbox;
  const Arguments args{"--exit=9", "--misbehave-times=2", "--count-file=" + sandbox.file("count").string()};
  CHECK(start_hostile(sandbox, args).wait() == Ended{9, 0});
  CHECK(start_hostile(sandbox, args).wait() == Ended{9, 0});
  Program third = start_hostile(sandbox, args);
  CHECK(listens(sandbox));
}

TEST_CASE("A thief keeps the port until it is told to leave") {
  Sandbox sandbox;
  Thief thief(sandbox, sandbox.port());
  REQUIRE(thief.got_the_port());
  const Thief rival(sandbox, sandbox.port());
  CHECK_FALSE(rival.got_the_port());
  CHECK(http_get(sandbox.port(), "/mcp").body.find("\"server\":\"thief\"") != std::string::npos);
  thief.leave();
  CHECK_FALSE(somebody_listens(sandbox.port()));
}

TEST_CASE("Port ranges of two tests never overlap") {
  const PortRange first = free_port_range(32);
  const PortRange second = free_port_range(32);
  CHECK((first.last() < second.first() || second.last() < first.first()));
  CHECK(first.first() >= 20'000);
  CHECK(second.last() < 32'000);
}

TEST_CASE("A program that overstays its deadline is killed and told from others") {
  Sandbox sandbox;
  const Result result = run(sandbox.plan("/bin/sleep", {"600"}), 100ms);
  CHECK(result.code == 124);
  CHECK(run(sandbox.plan("/bin/sh", {"-c", "echo out; echo err >&2; exit 7"})).code == 7);
  CHECK(run(sandbox.plan("/bin/sh", {"-c", "kill -9 $$"})).code == 128 + SIGKILL);
}

TEST_CASE("A config is written as TOML") {
  const PortRange ports(20000, 20003, {});
  ConfigText config("demo", ports);
  config.server("web").set("command", "prog").args({"a \"b\""}).set("ready.timeout", "1s");
  const std::string text = config.text();
  CHECK(text.find("name = \"demo\"\n\n[ports]\nrange = [20000, 20003]\n") == 0);
  CHECK(text.find("args = [\"--tag=demo\", \"a \\\"b\\\"\"]\n") != std::string::npos);
  CHECK(text.find("ready.timeout = \"1s\"\n") != std::string::npos);
}

TEST_CASE("One JSON document is one and nothing else is") {
  CHECK(is_one_json_document("{\"a\": 1}\n"));
  CHECK_FALSE(is_one_json_document("{}\n{}\n"));
  CHECK_FALSE(is_one_json_document("warning\n{}\n"));
  CHECK_FALSE(is_one_json_document(""));
}

}  // namespace harness
