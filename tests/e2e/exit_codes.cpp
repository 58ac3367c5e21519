// The exit codes that scripts rely on.

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

ConfigText one_server(const Sandbox& sandbox, const Arguments& args = {}) {
  auto config = sandbox.config();
  config.server("web").args(args);
  return config;
}

}  // namespace

TEST_CASE("Without a supervisor the commands that ask one exit with 4") {
  Sandbox sandbox;
  sandbox.write(one_server(sandbox));
  for (const Arguments& args :
       {Arguments{"status"}, Arguments{"status", "--json"}, Arguments{"stop", "web"}, Arguments{"restart", "web"},
        Arguments{"url", "web"}, Arguments{"wait", "web"}, Arguments{"inspect", "web"}}) {
    const Result result = sandbox.berth(args);
    INFO(args.front() << ": " << result.err);
    CHECK(result.code == 4);
    CHECK(result.out.empty());
    CHECK_FALSE(result.err.empty());
  }
}

TEST_CASE("down without a supervisor exits with 0") {
  Sandbox sandbox;
  sandbox.write(one_server(sandbox));
  CHECK(sandbox.berth({"down"}).code == 0);
}

TEST_CASE("Wrong usage exits with 2") {
  Sandbox sandbox;
  sandbox.write(one_server(sandbox));
  for (const Arguments& args : {Arguments{"--no-such-option"}, Arguments{"no-such-command"},
                                Arguments{"status", "--no-such-option"}, Arguments{"explain"}}) {
    const Result result = sandbox.berth(args);
    INFO(args.front());
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK_FALSE(result.err.empty());
  }
}

TEST_CASE("A config with an error exits with 2 and starts nothing") {
  Sandbox sandbox;
  sandbox.write(one_server(sandbox).text() + "no_such_key = 1\n");
  for (const Arguments& args : {Arguments{"up"}, Arguments{"up", "--detach"}, Arguments{"check"}}) {
    const Result result = sandbox.berth(args);
    INFO(args.front());
    CHECK(result.code == 2);
    CHECK(result.err.find("berth.toml:") != std::string::npos);
    CHECK(result.err.find("no_such_key") != std::string::npos);
  }
  CHECK(sandbox.nothing_left());
}

TEST_CASE("A missing config exits with 2") {
  Sandbox sandbox;
  const Result result = sandbox.berth({"up", "--detach"});
  CHECK(result.code == 2);
  CHECK(result.err.find("berth.toml") != std::string::npos);
}

TEST_CASE("An unknown server exits with 2") {
  Sandbox sandbox;
  sandbox.write(one_server(sandbox));
  sandbox.up({"--wait"});
  for (const char* command :
       {"status", "start", "stop", "restart", "logs", "wait", "explain", "url", "env", "inspect"}) {
    const Result result = sandbox.berth({command, "nobody"});
    INFO(command << ": " << result.err);
    CHECK(result.code == 2);
    CHECK(result.err.find("nobody") != std::string::npos);
  }
  sandbox.down();
}

TEST_CASE("status exits with 0 when all is ready and with 3 when something is not") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  config.server("late").args({"--listen-when=" + gate(sandbox, "late")});
  sandbox.write(config);
  sandbox.up();
  sandbox.await("web", "ready");

  CHECK(sandbox.berth({"status", "--json"}).code == 3);
  CHECK(sandbox.berth({"status", "web"}).code == 0);
  CHECK(sandbox.berth({"status", "late"}).code == 3);
  open_gate(sandbox, "late");
  sandbox.await("late", "ready");
  CHECK(sandbox.berth({"status"}).code == 0);
  sandbox.down();
}

TEST_CASE("url exits with 3 and prints nothing while the server is not ready") {
  Sandbox sandbox;
  sandbox.write(one_server(sandbox, {"--listen-when=" + gate(sandbox, "web")}));
  sandbox.up();
  const Result early = sandbox.berth({"url", "web"});
  CHECK(early.code == 3);
  CHECK(early.out.empty());

  open_gate(sandbox, "web");
  sandbox.await("web", "ready");
  const Result late = sandbox.berth({"url", "web"});
  CHECK(late.code == 0);
  CHECK(late.out == "http://127.0.0.1:" + std::to_string(sandbox.port()) + "/mcp\n");
  sandbox.down();
}

TEST_CASE("wait exits with 124 when time runs out and with 0 when it is so") {
  Sandbox sandbox;
  sandbox.write(one_server(sandbox, {"--listen-when=" + gate(sandbox, "web")}));
  sandbox.up();
  CHECK(sandbox.berth({"wait", "web", "--timeout", "300ms"}).code == 124);
  CHECK(sandbox.berth({"wait", "web", "--for", "stopped", "--timeout", "300ms"}).code == 124);
  open_gate(sandbox, "web");
  CHECK(sandbox.berth({"wait", "web", "--timeout", "30s"}).code == 0);
  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);
  CHECK(sandbox.berth({"wait", "web", "--for", "stopped"}).code == 0);
  sandbox.down();
}

TEST_CASE("wait exits with 1 at once when a server has failed") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").command("no-such-command-anywhere", {});
  sandbox.write(config);
  sandbox.up();
  sandbox.await("web", "failed");
  CHECK(sandbox.berth({"wait", "web", "--timeout", "10m"}).code == 1);
  sandbox.down();
}

TEST_CASE("up --detach --wait exits with 124 on timeout") {
  Sandbox sandbox;
  sandbox.write(one_server(sandbox, {"--never-listen"}));
  CHECK(sandbox.berth({"up", "--detach", "--wait", "--timeout", "500ms"}).code == 124);
}

TEST_CASE("up --detach --wait exits with 1 when a server has failed") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").command("no-such-command-anywhere", {});
  sandbox.write(config);
  const Result result = sandbox.berth({"up", "--detach", "--wait", "--timeout", "10m"});
  CHECK(result.code == 1);
}

TEST_CASE("up --detach --wait exits with 1 when a server ended with an error by itself") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--exit=5"}).set("restart", "never");
  sandbox.write(config);
  CHECK(sandbox.berth({"up", "--detach", "--wait", "--timeout", "10m"}).code == 1);
}

TEST_CASE("A required server that has failed for good ends a foreground up with 1") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").command("no-such-command-anywhere", {}).set("required", true);
  config.server("other");
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  const auto ended = up.wait(2 * patience);
  REQUIRE(ended.has_value());
  CHECK(ended->code == 1);
  CHECK(sandbox.nothing_left());
}

TEST_CASE("A required server that has failed for good leaves a supervisor in the background alone") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").command("no-such-command-anywhere", {}).set("required", true);
  config.server("other");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("web", "failed");
  sandbox.await("other", "ready");
  sandbox.down();
}

}  // namespace e2e
