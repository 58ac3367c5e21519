// A server that Berth may not kill, because it has become another user's, kept `down` waiting for ever.

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "e2e/restricted.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("What cannot be killed is told of and left behind") {
  Sandbox sandbox;
  if (::geteuid() != 0) {
    WARN("it takes another user: run as root");
    return;
  }
  auto config = sandbox.config();
  const std::string become_root = sandbox.file("become-root").string();
  config.supervisor("shutdown_timeout", "500ms");
  config.server("web")
      .command(become_root, {"--reuid=0", "--regid=0", "--clear-groups", HOSTILE_PROGRAM, "--never-listen",
                             "--tag=" + sandbox.project()})
      .set("ready.probe", "none");
  sandbox.write(config);
  PlainUser user(sandbox);
  std::filesystem::copy_file("/usr/bin/setpriv", become_root);
  REQUIRE(::chmod(become_root.c_str(), 04755) == 0);  // in a folder that is open to this one user
  const Result id = user.possible() ? user.run(become_root, {"--reuid=0", "/usr/bin/id", "-ru"}) : Result{};
  if (id.out != "0\n") {
    WARN("nobody becomes root here: " << user.why_not() << id.err);
    return;
  }
  Program up(user.plan(BERTH_PROGRAM, {"up"}));
  sandbox.await_supervisor();
  const std::string pid = std::to_string(number(sandbox.await("web", "ready"), "pid"));

  const Result down = sandbox.berth({"down"});
  INFO("stderr: " << down.err);
  CHECK(down.code == 0);
  const auto ended = up.wait();
  REQUIRE(ended.has_value());
  CHECK(ended->code == 1);
  CHECK(up.err().find("cannot be ended, and left behind: web (pid " + pid + ",") != std::string::npos);
  CHECK(sandbox.server_processes().size() == 1);
}
