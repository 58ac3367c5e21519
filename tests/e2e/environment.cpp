// What a child gets from Berth: environment, arguments, descriptors.

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

bool has_line(const std::string& log, const std::string& line) {
  return log.find(line + "\n") != std::string::npos;
}

// Starts one server and returns its log once it is ready.
std::string log_of(Sandbox& sandbox, const ConfigText& config) {
  sandbox.write(config);
  sandbox.up({"--wait"});
  const bool written = eventually([&] { return sandbox.server_log("web").find("listening on") != std::string::npos; });
  REQUIRE(written);
  return sandbox.server_log("web");
}

}  // namespace

TEST_CASE("A child gets its port and its names in the environment") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--print-env"});
  const std::string log = log_of(sandbox, config);

  CHECK(has_line(log, "env PORT=" + std::to_string(sandbox.port())));
  CHECK(has_line(log, "env HOST=127.0.0.1"));
  CHECK(has_line(log, "env BERTH_SERVER=web"));
  CHECK(has_line(log, "env BERTH_PROJECT=" + sandbox.project()));
  CHECK(log.find("env MCP_INSTANCE_ID=" + sandbox.project() + ".web.") != std::string::npos);
  sandbox.down();
}

TEST_CASE("port_env names the only variables that carry the port") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .args({"--print-env", "--fixed-port={port}"})
      .set("port_env", Arguments{"MCP_PORT", "LISTEN_PORT"});
  const std::string log = log_of(sandbox, config);

  CHECK(has_line(log, "env MCP_PORT=" + std::to_string(sandbox.port())));
  CHECK(has_line(log, "env LISTEN_PORT=" + std::to_string(sandbox.port())));
  CHECK(log.find("env PORT=") == std::string::npos);
  sandbox.down();
}

TEST_CASE("The words in braces are filled into arguments and environment") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web")
      .args({"--print-args", "--print-env", "--say={name} on {host} at {url} {{port}}"})
      .set("env.WHERE", "{host}:{port}");
  const std::string log = log_of(sandbox, config);

  const std::string port = std::to_string(sandbox.port());
  CHECK(has_line(log, "web on 127.0.0.1 at http://127.0.0.1:" + port + "/mcp {port}"));
  CHECK(has_line(log, "env WHERE=127.0.0.1:" + port));
  sandbox.down();
}

TEST_CASE("inherit_env = false gives a child its own variables only") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--print-env"}).set("inherit_env", false).set("env.OWN", "yes");
  const std::string log = log_of(sandbox, config);

  CHECK(has_line(log, "env OWN=yes"));
  CHECK(has_line(log, "env PORT=" + std::to_string(sandbox.port())));
  CHECK(log.find("env HOME=") == std::string::npos);
  sandbox.down();
}

TEST_CASE("A child inherits three descriptors and nothing else") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("other");
  config.server("web").args({"--print-fds", "--stdin-report"}).set("depends_on", Arguments{"other"});
  const std::string log = log_of(sandbox, config);

  CHECK(has_line(log, "stdin /dev/null"));
  CHECK(log.find("fd 0 ") != std::string::npos);
  CHECK(log.find("fd 1 ") != std::string::npos);
  CHECK(log.find("fd 2 ") != std::string::npos);
  for (int fd = 3; fd < 64; ++fd) {
    INFO("descriptor " << fd);
    CHECK(log.find("fd " + std::to_string(fd) + " ") == std::string::npos);
  }
  sandbox.down();
}

TEST_CASE("A child starts in its own folder") {
  Sandbox sandbox;
  std::filesystem::create_directory(sandbox.file("work"));
  auto config = sandbox.config();
  config.server("web").set("cwd", "work");
  sandbox.write(config);
  sandbox.up({"--wait"});

  const auto pid = std::to_string(number(sandbox.server("web"), "pid"));
  CHECK(std::filesystem::read_symlink("/proc/" + pid + "/cwd") == sandbox.file("work"));
  sandbox.down();
}

}  // namespace e2e
