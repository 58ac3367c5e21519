// One supervisor for one project.

#include <signal.h>
#include <sys/stat.h>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

unsigned mode_of(const std::filesystem::path& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0U;
}

}  // namespace

TEST_CASE("A second up says who runs and changes nothing") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto supervisor = number(sandbox.status(), "pid");
  const auto child = number(sandbox.server("web"), "pid");

  for (const Arguments& args : {Arguments{"up"}, Arguments{"up", "--detach"}}) {
    const Result second = sandbox.berth(args);
    INFO("stderr: " << second.err);
    CHECK(second.code == 1);
    CHECK(second.err.find(std::to_string(supervisor)) != std::string::npos);
  }
  CHECK(number(sandbox.status(), "pid") == supervisor);
  CHECK(number(sandbox.server("web"), "pid") == child);
  sandbox.down();
}

TEST_CASE("Of many ups at once exactly one wins") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  std::vector<Program> rivals;
  for (int i = 0; i < 6; ++i) rivals.push_back(sandbox.start_berth({"up", "--detach"}));

  int winners = 0;
  for (Program& rival : rivals) {
    const auto ended = rival.wait(2 * patience);
    REQUIRE(ended.has_value());
    CHECK((ended->code == 0 || ended->code == 1));
    if (ended->code == 0) ++winners;
  }
  CHECK(winners == 1);
  sandbox.await("web", "ready");
  CHECK(sandbox.server_processes().size() == 1);
  sandbox.down();
}

TEST_CASE("Two projects live side by side on one range") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  REQUIRE(sandbox.berth({"-p", "neighbour", "up", "--detach", "--wait"}).code == 0);

  const Result result = sandbox.berth({"-p", "neighbour", "status", "--json"});
  REQUIRE(result.code == 0);
  const Object neighbour = boost::json::parse(result.out).as_object();
  CHECK(text(neighbour, "project") == "neighbour");
  const Object theirs = neighbour.at("servers").as_array().at(0).as_object();
  CHECK(number(theirs, "port") == sandbox.port(1));
  CHECK(number(sandbox.server("web"), "port") == sandbox.port(0));
  CHECK(dead_ports(sandbox.status()).empty());

  const auto ledger = boost::json::parse(sandbox.berth({"ports", "--json"}).out).as_object();
  CHECK(ledger.at("instances").as_array().size() == 2);
  REQUIRE(sandbox.berth({"-p", "neighbour", "down"}).code == 0);
  CHECK(who_answers(sandbox.server("web")) == "web");
  sandbox.down();
}

TEST_CASE("A stale socket and a stale lock file are no obstacle") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  sandbox.await_supervisor();
  sandbox.await("web", "ready");
  up.signal(SIGKILL);
  REQUIRE(up.wait().has_value());
  CHECK(std::filesystem::exists(sandbox.socket_path()));
  CHECK(sandbox.berth({"status"}).code == 4);

  sandbox.up({"--wait"});
  CHECK(who_answers(sandbox.server("web")) == "web");
  sandbox.down();
}

TEST_CASE("The runtime dir and the control socket are private") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up();
  CHECK(mode_of(sandbox.runtime_dir()) == 0700);
  CHECK(mode_of(sandbox.socket_path()) == 0600);
  sandbox.down();
}

TEST_CASE("An own runtime dir that others can read is tightened") {
  Sandbox sandbox;
  std::filesystem::create_directory(sandbox.runtime_dir());
  REQUIRE(::chmod(sandbox.runtime_dir().c_str(), 0755) == 0);
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up();
  CHECK(mode_of(sandbox.runtime_dir()) == 0700);
  sandbox.down();
}

TEST_CASE("A runtime dir that others can write to is refused by name") {
  Sandbox sandbox;
  std::filesystem::create_directory(sandbox.runtime_dir());
  REQUIRE(::chmod(sandbox.runtime_dir().c_str(), 0777) == 0);
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  const Result result = sandbox.berth({"up", "--detach"});
  CHECK(result.code != 0);
  CHECK(result.err.find(sandbox.runtime_dir().string()) != std::string::npos);
  CHECK(
      eventually([&] { return sandbox.nothing_left(); }));  // the parent of a failed one takes a moment to see its end
}

TEST_CASE("A runtime dir that is a symlink is refused by name") {
  Sandbox sandbox;
  std::filesystem::create_directory(sandbox.file("elsewhere"));
  std::filesystem::create_symlink(sandbox.file("elsewhere"), sandbox.runtime_dir());
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  const Result result = sandbox.berth({"up", "--detach"});
  CHECK(result.code != 0);
  CHECK(result.err.find(sandbox.runtime_dir().string()) != std::string::npos);
  CHECK(std::filesystem::is_empty(sandbox.file("elsewhere")));
}

TEST_CASE("A runtime dir too long for a socket is refused with advice") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  const Result result =
      sandbox.berth({"--runtime-dir", sandbox.file(std::string(120, 'x')).string(), "up", "--detach"});
  CHECK(result.code != 0);
  CHECK(result.err.find("--runtime-dir") != std::string::npos);
}

}  // namespace e2e
