// A child chooses its lines: one that makes a pattern of the configuration slow must not stop the looking after others.

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("Lines that make a pattern slow hold up nobody, and the pattern is given up and named") {
  Sandbox sandbox;
  auto config = sandbox.config();
  const std::string lines =
      "i=0; while [ $i -lt 40 ]; do i=$((i+1)); printf '%04000d!\\n' 0 | tr 0 a; done; echo said; ";
  config.server("web")
      .command("/bin/sh",
               {"-c", "while [ ! -e " + gate(sandbox, "flood") + " ]; do sleep 0.02; done; " + lines + "sleep 1000"})
      .set("conflict.patterns", Arguments{"([ab]*a){9}$", "(.*a){12}b"})
      .set("ready.timeout", "10m");
  config.server("other");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("other", "ready");
  open_gate(sandbox, "flood");
  REQUIRE(eventually([&] { return sandbox.server_log("web").find("said") != std::string::npos; }));
  CHECK(http_over_unix(sandbox.socket_path(), "GET", "/v1/status").status == 200);
  CHECK(eventually([&] {
    return read_file(sandbox.log_dir() / "berth.log").find("takes too long over a line and is not used any more") !=
           std::string::npos;
  }));
  sandbox.down();
}
