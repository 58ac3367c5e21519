// Where descriptors are few, clients that waited locked out those who only asked.

#include <list>

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("A crowd of waiting clients locks out nobody who only asks") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--never-listen"}).set("ready.timeout", "5m");
  sandbox.write(config);
  const Result up = run(sandbox.plan("/usr/bin/prlimit", {"--nofile=64:64", BERTH_PROGRAM, "up", "--detach"}));
  INFO("stderr: " << up.err);
  REQUIRE(up.code == 0);
  std::list<Program> crowd;
  for (int i = 0; i < 40; ++i) crowd.push_back(sandbox.start_berth({"wait", "web"}));
  // Those who are too many are told so.
  const auto refused = [&] {
    return std::count_if(crowd.begin(), crowd.end(), [](Program& client) { return !client.running(); });
  };
  CHECK(eventually([&] { return refused() >= 30; }));
  CHECK(std::any_of(crowd.begin(), crowd.end(), [](const Program& client) {
    return client.err().find("too many clients are waiting") != std::string::npos;
  }));
  CHECK(refused() < 40);
  CHECK(sandbox.berth({"status"}).code == 3);
  CHECK(sandbox.berth({"down"}).code == 0);
  for (Program& client : crowd) CHECK(client.wait());  // they hear of it, and end a moment later
  CHECK(sandbox.nothing_left());
}
