// What a person asks for: stop and start, in every state; and the kill that follows a stop.

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

TEST_CASE("A server is stopped before it was ever started") {
  OneLife web;
  CHECK(web.state() == State::stopped);
  CHECK_FALSE(web.life().wanted_up());
  web.stop();
  CHECK(web.state() == State::stopped);
  CHECK(web.count<ReleasePort>() == 0);
}

TEST_CASE("A stop signals the tree and gives the port back when the process is gone") {
  OneLife web([](ServerConfig& config) { config.stop.signal = SIGINT; });
  web.start();
  web.becomes_ready();
  web.stop();
  CHECK(web.state() == State::stopping);
  CHECK_FALSE(web.life().wanted_up());
  REQUIRE(web.count<SignalTree>() == 1);
  CHECK(web.all<SignalTree>()[0].signal == SIGINT);
  CHECK(web.count<ReleasePort>() == 0);
  web.is_killed(SIGINT);
  CHECK(web.state() == State::stopped);
  CHECK(web.cause() == "stopped_by_user");
  CHECK(web.last_cause() == "stopped_by_user");
  CHECK(web.count<ReleasePort>() == 1);
  CHECK_FALSE(web.life().port());
  CHECK(web.life().consecutive_failures() == 0);
  web.pass(24h);
  CHECK(web.state() == State::stopped);
}

TEST_CASE("A stop that leaves something of the tree keeps the port until it is cleared") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.stop();
  web.ends(Ended{.status = {.code = 0}, .tree_left = true});
  CHECK(web.state() == State::stopping);
  CHECK(web.count<ReleasePort>() == 0);
  web.tree_is_gone();
  CHECK(web.state() == State::stopped);
  CHECK(web.count<ReleasePort>() == 1);
}

TEST_CASE("A tree that is said to be clear while its leader lives proves nothing") {
  OneLife web;
  web.start();
  web.stop();
  web.send(Cleared{});
  CHECK(web.state() == State::stopping);
}

TEST_CASE("What ignores the signal is killed at stop.timeout and again every second") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.stop();
  web.pass(9999ms);
  CHECK(web.count<KillTree>() == 0);
  web.pass(1ms);
  CHECK(web.count<KillTree>() == 1);
  web.pass(999ms);
  CHECK(web.count<KillTree>() == 1);
  web.pass(1ms);
  CHECK(web.count<KillTree>() == 2);
  web.pass(10s);
  CHECK(web.count<KillTree>() == 12);
}

TEST_CASE("A stop.timeout of zero kills at the next tick") {
  OneLife web([](ServerConfig& config) { config.stop.timeout = 0ms; });
  web.start();
  web.stop();
  web.pass(0ms);
  CHECK(web.count<KillTree>() == 1);
}

TEST_CASE("KillNow stops without patience") {
  OneLife web;
  web.start();
  web.becomes_ready();
  SECTION("what runs") {}
  SECTION("what is being stopped already") {
    web.stop();
  }
  SECTION("what is being restarted") {
    web.restart();
  }
  web.send(KillNow{});
  CHECK(web.count<KillTree>() == 1);
  CHECK_FALSE(web.life().wanted_up());
  web.is_killed(SIGKILL);
  CHECK(web.state() == State::stopped);
}

TEST_CASE("KillNow of what does not run stops it") {
  OneLife web;
  web.start();
  web.ends(1);
  web.send(KillNow{});
  CHECK(web.state() == State::stopped);
  CHECK(web.count<KillTree>() == 0);
  CHECK(web.count<ReleasePort>() == 1);
}

TEST_CASE("A stop while the probe runs cancels the probe") {
  OneLife web;
  web.start();
  web.listens();
  web.pass(500ms);
  web.stop();
  CHECK(web.count<CancelProbe>() == 1);
}

TEST_CASE("A stop while it waits needs no process") {
  OneLife web;
  web.gives_turns = false;
  web.start();
  web.stop();
  CHECK(web.state() == State::stopped);
  CHECK(web.count<SignalTree>() == 0);
  web.send(Proceed{});  // it was on its way already
  CHECK(web.state() == State::stopped);
  CHECK(web.count<ClaimPort>() == 0);
}

TEST_CASE("A stop in backoff gives the port back") {
  OneLife web;
  web.start();
  web.ends(1);
  REQUIRE(web.state() == State::backoff);
  web.stop();
  CHECK(web.state() == State::stopped);
  CHECK(web.count<ReleasePort>() == 1);
  web.pass(1h);
  CHECK(web.life().starts() == 1);
}

TEST_CASE("A stop of a failed or exited server makes it stopped") {
  OneLife web([](ServerConfig& config) { config.restart = RestartPolicy::never; });
  web.start();
  web.ends(1);
  REQUIRE(web.state() == State::exited);
  web.stop();
  CHECK(web.state() == State::stopped);
  CHECK(web.cause() == "stopped_by_user");
  CHECK(web.count<ReleasePort>() == 1);
}

TEST_CASE("A stop between claim and answer gives back the port that comes, once") {
  OneLife web;
  web.answers_claims = false;
  web.start();
  web.stop();
  web.send(PortClaimed{50000});
  CHECK(web.state() == State::stopped);
  CHECK(web.count<ReleasePort>() == 1);
  CHECK(web.count<Launch>() == 0);
}

TEST_CASE("A stop between a second claim and its answer gives the kept port back once") {
  OneLife web;
  web.start();
  web.ends(1);
  web.answers_claims = false;
  web.pass(500ms);
  REQUIRE(web.life().phase() == PhaseKind::claiming);
  web.stop();
  web.send(PortClaimed{50000});
  CHECK(web.state() == State::stopped);
  CHECK(web.count<ReleasePort>() == 1);
}

TEST_CASE("Stop and start between claim and answer take the one answer") {
  OneLife web;
  web.answers_claims = false;
  web.start();
  web.stop();
  web.start();
  while (web.life().phase() == PhaseKind::claiming && web.count<Launch>() == 0) web.send(PortClaimed{50000});
  CHECK(web.count<ClaimPort>() == 1);
  CHECK(web.count<Launch>() == 1);
  CHECK(web.count<ReleasePort>() == 0);
}

TEST_CASE("A stop during the launch stops the process as soon as it is there") {
  OneLife web;
  web.answers_launches = false;
  web.start();
  web.stop();
  web.send(Launched{});
  CHECK(web.state() == State::stopping);
  CHECK(web.count<SignalTree>() == 1);
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::stopped);
  CHECK(web.count<ReleasePort>() == 1);
}

TEST_CASE("A stop during a launch that fails is stopped by the user") {
  OneLife web;
  web.answers_launches = false;
  web.start();
  web.stop();
  web.send(NotLaunched{Cause::spawn_failed, "no memory"});
  CHECK(web.state() == State::stopped);
  CHECK(web.cause() == "stopped_by_user");
  CHECK(web.count<ReleasePort>() == 1);
}

TEST_CASE("A stop while a failed run is being cleared wins over the retry") {
  OneLife web;
  web.start();
  web.ends(Ended{.status = {.code = 1}, .tree_left = true});
  web.stop();
  web.tree_is_gone();
  CHECK(web.state() == State::stopped);
  CHECK(web.book().held().empty());
}

// ---- start ----------------------------------------------------------------------------------------------------------

TEST_CASE("A start of what runs changes nothing") {
  OneLife web;
  web.start();
  web.start();
  CHECK(web.life().starts() == 1);
  web.becomes_ready();
  web.start();
  CHECK(web.state() == State::ready);
  CHECK(web.life().starts() == 1);
}

TEST_CASE("A start while it stops brings it up again on the same port when it is gone") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.stop();
  web.start();
  CHECK(web.state() == State::stopping);
  CHECK(web.life().wanted_up());
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::starting);
  CHECK(web.port() == 50000);
  CHECK(web.count<ReleasePort>() == 0);
  CHECK(web.life().restarts() == 0);
}

TEST_CASE("A start while a server with a wrong port is being ended gives it another chance") {
  OneLife web;
  web.start();
  web.listens_elsewhere(3000);
  web.pass(60s);
  REQUIRE(web.state() == State::stopping);
  web.start();
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::starting);
}

TEST_CASE("A start while a crashed run is being cleared starts it whatever the restart policy") {
  OneLife web([](ServerConfig& config) { config.restart = RestartPolicy::never; });
  web.start();
  web.becomes_ready();
  web.ends(Ended{.status = {.code = 1}, .tree_left = true});
  REQUIRE(web.state() == State::stopping);
  web.start();
  web.tree_is_gone();
  CHECK(web.state() == State::starting);
}

TEST_CASE("A start of what has stopped prefers the port that it had") {
  OneLife web;
  web.start();
  web.stop();
  web.is_killed(SIGTERM);
  web.start();
  CHECK(web.all<ClaimPort>().back().prefer == Port{50000});
}

TEST_CASE("A start of a failed server forgets why it failed") {
  OneLife web;
  web.launch_error = NotLaunched{Cause::command_not_found, "no such command"};
  web.start();
  REQUIRE(web.state() == State::failed);
  web.launch_error.reset();
  web.start();
  CHECK(web.state() == State::starting);
  CHECK(web.cause().empty());
}

TEST_CASE("Every change of state is reported with the state before it, and a launch too") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.stop();
  web.is_killed(SIGTERM);
  std::vector<State> from;
  for (const Report& report : web.all<Report>()) from.push_back(report.from);
  CHECK(from == std::vector<State>{State::stopped, State::waiting, State::starting, State::starting, State::ready,
                                   State::stopping});
}

}  // namespace
}  // namespace berth::core::test
