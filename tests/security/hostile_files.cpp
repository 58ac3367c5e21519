// Files that are something else when they are read: what stands in the place of a configuration or a log.

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "e2e/e2e.hpp"

namespace e2e {

// The supervisor is one loop: a read that waits would be the end of all looking after.
TEST_CASE("A pipe in the place of an env_file or of the configuration is refused by a reload, and nothing waits") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("env_file", "more.env");
  sandbox.write(config);
  write_file(sandbox.file("more.env"), "A=1\n");
  sandbox.up({"--wait"});

  for (const auto& pipe : {sandbox.file("more.env"), sandbox.config_path()}) {
    const std::string before = read_file(pipe);
    std::filesystem::remove(pipe);
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const HttpReply refused = http_over_unix(sandbox.socket_path(), "POST", "/v1/reload");
    INFO(refused.body);
    CHECK(refused.status == 422);
    CHECK(refused.body.find("it is a pipe") != std::string::npos);
    CHECK(http_over_unix(sandbox.socket_path(), "GET", "/v1/status").status == 200);
    std::filesystem::remove(pipe);
    write_file(pipe, before);
    CHECK(http_over_unix(sandbox.socket_path(), "POST", "/v1/reload").status == 200);
  }
  sandbox.down();
}

TEST_CASE("A configuration that another program writes into a pipe is read before anything runs") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  const Result checked = run(sandbox.plan(
      "/bin/bash", {"-c", R"("$0" check <(sleep 0.1; cat "$1"))", BERTH_PROGRAM, sandbox.config_path().string()}));
  INFO(checked.out << checked.err);
  CHECK(checked.code == 0);
}

TEST_CASE("No server is called as Berth's own log is") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("berth");
  sandbox.write(config);
  const Result checked = sandbox.berth({"check"});
  CHECK(checked.code == 2);
  CHECK(checked.err.find("berth.log is Berth's own log") != std::string::npos);
}

}  // namespace e2e
