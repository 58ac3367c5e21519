// Every port that was claimed is released, condemned or laid to rest exactly once, by whatever path the run ends, and
// never while a process of it lives.

#include <functional>

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

struct Path {
  const char* name;
  std::function<void(OneLife&)> walk;
  Change change = {};
};

const Ended lost{.status = {.code = 1}, .holder = Holder::stranger, .holder_name = "node (pid 812)"};

const std::vector<Path>& paths() {
  static const auto never = [](ServerConfig& config) { config.restart = RestartPolicy::never; };
  static const auto fixed = [](ServerConfig& config) { config.fixed_port = Port{50000}; };
  static const auto one_try = [](ServerConfig& config) { config.backoff.give_up_after = 1; };
  static const auto no_other_port = [](ServerConfig& config) { config.conflict.attempts = 1; };
  static const std::vector<Path> all{
      {"stopped while it starts",
       [](OneLife& web) {
         web.stop();
         web.is_killed(SIGTERM);
       }},
      {"stopped when ready",
       [](OneLife& web) {
         web.becomes_ready();
         web.stop();
         web.ends(0);
       }},
      {"stopped and cleared later",
       [](OneLife& web) {
         web.stop();
         web.ends(Ended{.tree_left = true});
         web.pass(5s);
         web.tree_is_gone();
       }},
      {"stopped when unhealthy",
       [](OneLife& web) {
         web.becomes_ready();
         web.does_not_listen();
         web.stop();
         web.ends(0);
       }},
      {"stopped in backoff",
       [](OneLife& web) {
         web.ends(1);
         web.stop();
       }},
      {"stopped while it waits to be started again",
       [](OneLife& web) {
         web.ends(1);
         web.gives_turns = false;
         web.pass(1s);
         web.stop();
       }},
      {"killed",
       [](OneLife& web) {
         web.send(KillNow{});
         web.is_killed(SIGKILL);
       }},
      {"crashed with a tree left and stopped",
       [](OneLife& web) {
         web.ends(Ended{.status = {.code = 1}, .tree_left = true});
         web.stop();
         web.tree_is_gone();
       }},
      {"crashed under never", [](OneLife& web) { web.ends(1); }, never},
      {"crashed under never with a tree left",
       [](OneLife& web) {
         web.ends(Ended{.status = {.code = 1}, .tree_left = true});
         web.tree_is_gone();
       },
       never},
      {"timed out under never",
       [](OneLife& web) {
         web.pass(60s);
         web.is_killed(SIGTERM);
       },
       never},
      {"wrong port",
       [](OneLife& web) {
         web.listens_elsewhere(3000);
         web.pass(60s);
         web.is_killed(SIGTERM);
       }},
      {"budget spent", [](OneLife& web) { web.ends(1); }, one_try},
      {"a conflict and then a stop",
       [](OneLife& web) {
         web.ends(lost);
         web.stop();
         web.ends(0);
       }},
      {"a conflict with a tree left and then a stop",
       [](OneLife& web) {
         web.ends(Ended{.status = {.code = 1}, .holder = Holder::stranger, .tree_left = true});
         web.stop();
         web.tree_is_gone();
       }},
      {"a conflict by word and then a stop",
       [](OneLife& web) {
         web.ends(Ended{.status = {.code = 1}, .said_taken = true});
         web.stop();
         web.ends(0);
       }},
      {"too many conflicts",
       [](OneLife& web) {
         web.ends(lost);
         web.ends(lost);
       },
       no_other_port},
      {"a fixed port lost", [](OneLife& web) { web.ends(lost); }, fixed},
      {"a fixed port lost by word and then stopped",
       [](OneLife& web) {
         web.ends(Ended{.status = {.code = 1}, .said_taken = true});
         web.stop();
       },
       fixed},
      {"blocked by the hold and then stopped",
       [](OneLife& web) {
         web.ends(Ended{.status = {.code = 1}, .holder = Holder::own_hold, .said_taken = true});
         web.stop();
         web.ends(0);
       }},
      {"restarted and the program is gone",
       [](OneLife& web) {
         web.launch_error = NotLaunched{Cause::command_not_found, "gone"};
         web.restart();
         web.is_killed(SIGTERM);
       }},
      {"restarted and the host gives another port",
       [](OneLife& web) {
         web.answers_claims = false;
         web.restart();
         web.is_killed(SIGTERM);
         web.send(PortClaimed{50099});
         web.stop();
         web.ends(0);
       }},
      {"restarted and the host has no port",
       [](OneLife& web) {
         web.refusal = PortRefused{};
         web.restart();
         web.is_killed(SIGTERM);
       }},
      {"its dependency failed before a restart",
       [](OneLife& web) {
         web.restart();
         web.gives_turns = false;
         web.is_killed(SIGTERM);
         web.send(DependencyFailed{"x"});
       }},
  };
  return all;
}

TEST_CASE("Whatever the path out of a run its ports come back exactly once") {
  for (const Path& path : paths()) {
    INFO(path.name);
    OneLife web(path.change);
    web.start();
    REQUIRE(web.life().phase() == PhaseKind::starting);
    path.walk(web);
    CHECK(web.life().phase() == PhaseKind::idle);
    CHECK_FALSE(web.process_lives());
    CHECK_FALSE(web.life().port());
    if (path.name != std::string("restarted and the host gives another port")) {
      CHECK(web.book().mistakes() == std::vector<std::string>{});
      CHECK(web.book().held().empty());
    }
  }
}

TEST_CASE("Two thousand crashes leak no port and use no other") {
  OneLife web;
  web.start();
  for (int i = 0; i < 2000; ++i) {
    if (i % 3 == 0) web.becomes_ready();
    i % 2 == 0 ? web.ends(1) : web.is_killed(SIGSEGV);
    CHECK(web.book().held() == std::set<Port>{50000});
    web.pass(30s);
  }
  CHECK(web.life().starts() == 2001);
  CHECK(web.book().mistakes().empty());
}

TEST_CASE("A stopped and started server keeps to one berth for life") {
  OneLife web;
  for (int i = 0; i < 200; ++i) {
    web.start();
    web.becomes_ready();
    CHECK(web.port() == 50000);
    web.stop();
    web.is_killed(SIGTERM);
    CHECK(web.book().held().empty());
  }
  CHECK(web.book().mistakes().empty());
}

}  // namespace
}  // namespace berth::core::test
