// Logs were lost without a word: neither `up` nor Berth's own log said that they could not be written.

#include <filesystem>

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("up says that logs cannot be written and starts the servers all the same") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--say=hello harbour"});
  sandbox.write(config);
  write_file(sandbox.file("no-folder"), "");
  const Result up = sandbox.berth({"up", "-d", "--wait", "--log-dir", sandbox.file("no-folder").string()});
  CHECK(up.code == 0);
  CHECK(up.err.find("no-folder") != std::string::npos);
  sandbox.down();
}
