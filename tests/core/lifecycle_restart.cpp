// A restart, in every state.

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

TEST_CASE("A restart of what runs stops it and starts it on the same port") {
  OneLife web;
  web.start();
  SECTION("while it starts") {}
  SECTION("when it is ready") {
    web.becomes_ready();
  }
  SECTION("when it is unhealthy") {
    web.becomes_ready();
    web.does_not_listen();
  }
  web.restart();
  CHECK(web.state() == State::stopping);
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::starting);
  CHECK(web.port() == 50000);
  CHECK(web.life().starts() == 2);
  CHECK(web.life().restarts() == 0);  // a user's restart is neither a failure nor a restart
  CHECK(web.life().consecutive_failures() == 0);
}

TEST_CASE("A restart of what does not run starts it") {
  OneLife web([](ServerConfig& config) { config.restart = RestartPolicy::never; });
  SECTION("because it was never started") {}
  SECTION("because it has exited") {
    web.start();
    web.ends(1);
    REQUIRE(web.state() == State::exited);
  }
  SECTION("because it was stopped") {
    web.start();
    web.stop();
    web.is_killed(SIGTERM);
    REQUIRE(web.state() == State::stopped);
  }
  web.restart();
  CHECK(web.state() == State::starting);
}

TEST_CASE("A restart in backoff does not wait and is no restart after a failure") {
  OneLife web;
  web.start();
  web.ends(1);
  web.restart();
  CHECK(web.state() == State::starting);
  CHECK(web.life().restarts() == 0);
  CHECK(web.life().consecutive_failures() == 0);
}

TEST_CASE("A restart while it stops brings it up again") {
  OneLife web;
  web.start();
  web.stop();
  web.restart();
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::starting);
}

TEST_CASE("A restart of what is about to start changes nothing") {
  OneLife web;
  SECTION("waiting") {
    web.gives_turns = false;
  }
  SECTION("claiming") {
    web.answers_claims = false;
  }
  SECTION("launching") {
    web.answers_launches = false;
  }
  web.start();
  const PhaseKind before = web.life().phase();
  web.restart();
  CHECK(web.life().phase() == before);
}

TEST_CASE("A restarted server that waits for its turn gives no reason any more") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.restart();
  web.gives_turns = false;
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::waiting);
  CHECK(web.cause().empty());
}

TEST_CASE("A restart while a lost port is being left does not go back there") {
  OneLife web;
  web.start();
  web.meets_a_stranger();
  web.pass(10s);
  REQUIRE(web.cause() == "port_conflict");
  web.restart();
  web.is_killed(SIGTERM);
  CHECK(web.port() == 50001);
}

}  // namespace
}  // namespace berth::core::test
