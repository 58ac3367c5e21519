// What cannot be launched has failed at once, says why, and costs no port.

#include <sys/stat.h>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

// The only server of the sandbox is `failed` for `reason`; returns it.
Object failed_because(Sandbox& sandbox, const std::string& reason) {
  const Object web = sandbox.await("web", "failed");
  CHECK(text(web, "reason") == reason);
  CHECK_FALSE(text(web, "detail").empty());
  CHECK(is_null(web, "pid"));
  CHECK(is_null(web, "port"));
  CHECK(is_null(web, "url"));
  CHECK(is_null(web, "next_retry_in_s"));
  CHECK(number(web, "restarts") == 0);
  CHECK(number(web, "port_conflicts") == 0);
  CHECK(ports_in_use(sandbox.status()) == 0);
  CHECK(dead_ports(sandbox.status()).empty());
  return web;
}

}  // namespace

TEST_CASE("A command that is nowhere on PATH") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").command("no-such-command-anywhere", {});
  sandbox.write(config);
  sandbox.up();

  const Object web = failed_because(sandbox, "command_not_found");
  CHECK(text(web, "detail").find("no-such-command-anywhere") != std::string::npos);
  sandbox.down();
}

TEST_CASE("A command that is no file") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").command(sandbox.file("missing").string(), {});
  sandbox.write(config);
  sandbox.up();
  failed_because(sandbox, "command_not_found");
  sandbox.down();
}

TEST_CASE("A command that may not be executed") {
  Sandbox sandbox;
  write_file(sandbox.file("script"), "#!/bin/sh\nexit 0\n");
  REQUIRE(::chmod(sandbox.file("script").c_str(), 0644) == 0);
  auto config = sandbox.config();
  config.server("web").command(sandbox.file("script").string(), {});
  sandbox.write(config);
  sandbox.up();
  failed_because(sandbox, "not_executable");
  sandbox.down();
}

TEST_CASE("A command that is a folder") {
  Sandbox sandbox;
  std::filesystem::create_directory(sandbox.file("folder"));
  auto config = sandbox.config();
  config.server("web").command(sandbox.file("folder").string(), {});
  sandbox.write(config);
  sandbox.up();
  failed_because(sandbox, "not_executable");
  sandbox.down();
}

TEST_CASE("A working folder that is not there") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("cwd", "no-such-folder");
  sandbox.write(config);
  sandbox.up();
  const Object web = failed_because(sandbox, "bad_cwd");
  CHECK(text(web, "detail").find("no-such-folder") != std::string::npos);
  sandbox.down();
}

TEST_CASE("What could not be launched is launched by start once it is mended") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("cwd", "later");
  sandbox.write(config);
  sandbox.up();
  failed_because(sandbox, "bad_cwd");

  std::filesystem::create_directory(sandbox.file("later"));
  REQUIRE(sandbox.berth({"start", "web", "--wait"}).code == 0);
  CHECK(number(sandbox.server("web"), "port") == sandbox.port(0));
  sandbox.down();
}

TEST_CASE("One server that cannot be launched is no matter for another") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("broken").command("no-such-command-anywhere", {});
  config.server("web");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("broken", "failed");
  const Object web = sandbox.await("web", "ready");
  CHECK(who_answers(web) == "web");
  sandbox.down();
}

}  // namespace e2e
