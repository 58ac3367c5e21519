// The name of a process, or a path, that was no UTF-8 made JSON that nobody could read: every `berth status` failed.

#include <filesystem>

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

namespace {

const std::string replacement = "\xEF\xBF\xBD";

}  // namespace

TEST_CASE("A stranger whose name is no UTF-8 is told all the same") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("port", sandbox.port());
  sandbox.write(config);
  ProgramPlan plan = thief_plan(sandbox, sandbox.port(), {});
  plan.path = sandbox.file("w\xC3").string();
  std::filesystem::copy_file(THIEF_PROGRAM, plan.path);
  Program stranger(plan);
  const bool listens = eventually([&] { return !stranger.out().empty(); });
  REQUIRE(listens);

  sandbox.up();
  const Object web = sandbox.await("web", "failed");
  CHECK(text(web, "detail").find("w" + replacement + " (pid " + std::to_string(stranger.pid())) != std::string::npos);
  CHECK(sandbox.berth({"status"}).code == 3);
  CHECK(read_file(sandbox.log_dir() / "berth.log").find("w\xC3") == std::string::npos);
  sandbox.down();
}

TEST_CASE("A config whose path is no UTF-8 is told all the same") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  std::filesystem::create_directory(sandbox.file("caf\xE9"));
  const auto path = sandbox.file("caf\xE9") / "berth.toml";
  write_file(path, config.text());
  ProgramPlan up = sandbox.plan(BERTH_PROGRAM, {"up", "--detach", "--wait"});
  up.environment["BERTH_CONFIG"] = path.string();
  const Result result = run(up);
  INFO("stderr: " << result.err);
  REQUIRE(result.code == 0);
  CHECK(text(sandbox.status(), "config").find("caf" + replacement) != std::string::npos);
  CHECK(sandbox.berth({"status"}).code == 0);
  sandbox.down();
}
