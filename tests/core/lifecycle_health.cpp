#include <catch2/catch.hpp>

#include "one_life.hpp"

namespace berth::core::test {

namespace {

ProbeFailed silent(Pulse pulse, ProbeFault fault = ProbeFault::silent) {
  return {.message = "no answer", .fault = fault, .pulse = pulse};
}

class ReadyLife : public OneLife {
 public:
  explicit ReadyLife(const Change& change = {}) : OneLife(change) {
    start();
    becomes_ready();
    forget_effects();
  }
  // Lets time pass until it is asked, and answers.
  void is_asked_and(const Event& answer) {
    const auto before = count<StartProbe>();
    pass(10s);
    REQUIRE(count<StartProbe>() == before + 1);
    send(answer);
  }
};

}  // namespace

TEST_CASE("A ready server is asked once in each interval, and the first time within one") {
  ReadyLife web;
  web.pass(10s);
  REQUIRE(web.count<StartProbe>() == 1);
  CHECK(web.all<StartProbe>().front().health);
  web.probe_passes();
  for (int i = 0; i < 5; ++i) web.is_asked_and(ProbePassed{});
  CHECK(web.count<StartProbe>() == 6);
  CHECK(web.state() == State::ready);
}

TEST_CASE("Nobody is asked twice before the first answer") {
  ReadyLife web;
  web.pass(10min);
  CHECK(web.count<StartProbe>() == 1);
}

namespace {

// When one that becomes ready at `now` + 500 ms is first checked.
Instant first_check(const std::shared_ptr<const ServerConfig>& config, std::uint64_t seed, Instant now) {
  Lifecycle life(config, true, seed);
  life.on(Start{}, now);
  life.on(Proceed{}, now);
  life.on(PortClaimed{50000}, now);
  life.on(Launched{}, now);
  life.on(ListenersSeen{.own_here = true}, now);
  life.on(Tick{}, now + 500ms);
  life.on(ListenersSeen{.own_here = true}, now + 500ms);
  life.on(ProbePassed{}, now + 500ms);
  life.on(ListenersSeen{.own_here = true}, now + 500ms);
  REQUIRE(life.is_ready());
  return *life.deadline();
}

}  // namespace

TEST_CASE("The checks of many servers are spread over the interval") {
  const auto config = plain_config();
  std::set<Milliseconds> delays;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Instant now{1h};
    const auto delay = std::chrono::duration_cast<Milliseconds>(first_check(config, seed, now) - (now + 500ms));
    CHECK(delay >= 1s);
    CHECK(delay <= 10s);
    delays.insert(delay / 1000 * 1000);
  }
  CHECK(delays.size() >= 8);
}

TEST_CASE("Checks that are a look at the listeners fall together, a tenth of them at a time") {
  auto config = std::make_shared<ServerConfig>(*plain_config());
  config->health.probe = Probe::listen;
  std::set<Instant::duration> steps;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Instant now{1h + seed * 37ms};
    const Instant first = first_check(config, seed, now);
    CHECK(first >= now + 500ms + 1s);
    CHECK(first <= now + 500ms + 10s);
    CHECK(first.time_since_epoch() % 1s == 0ms);
    steps.insert(first.time_since_epoch() % 10s);
  }
  CHECK(steps.size() >= 8);
}

TEST_CASE("A server that sleeps over three probes is unhealthy at the first and ended at the third") {
  ReadyLife web;
  web.is_asked_and(silent(Pulse::idle));
  CHECK(web.state() == State::unhealthy);
  CHECK(web.cause() == "unhealthy");
  CHECK(web.message() == "no answer");
  web.is_asked_and(silent(Pulse::stopped));
  CHECK(web.state() == State::unhealthy);
  web.is_asked_and(silent(Pulse::idle));
  CHECK(web.state() == State::stopping);
  web.is_killed(15);
  CHECK(web.last_cause() == "unhealthy");
  CHECK(web.life().restarts() == 1);
  CHECK(web.life().wanted_up());
}

TEST_CASE("An answer in between takes all doubts back") {
  ReadyLife web;
  for (int i = 0; i < 10; ++i) {
    web.is_asked_and(silent(Pulse::idle));
    CHECK(web.state() == State::unhealthy);
    web.is_asked_and(silent(Pulse::idle));
    web.is_asked_and(ProbePassed{});
    CHECK(web.state() == State::ready);
    CHECK(web.cause().empty());
  }
}

TEST_CASE("A server that computes is given three times the time") {
  ReadyLife web;
  web.is_asked_and(silent(Pulse::busy));
  web.is_asked_and(silent(Pulse::busy));
  CHECK(web.state() == State::ready);
  web.is_asked_and(silent(Pulse::busy));
  CHECK(web.state() == State::unhealthy);
  for (int i = 0; i < 5; ++i) web.is_asked_and(silent(Pulse::busy));
  CHECK(web.state() == State::unhealthy);
  web.is_asked_and(silent(Pulse::busy));
  CHECK(web.state() == State::stopping);
}

TEST_CASE("Nothing is counted against a server that this machine does not let run") {
  ReadyLife web;
  for (int i = 0; i < 100; ++i) web.is_asked_and(silent(Pulse::starved));
  CHECK(web.state() == State::ready);
  CHECK(web.message() == "no answer");
  CHECK(web.count<Report>() == 1);
  web.is_asked_and(ProbePassed{});
  CHECK(web.message().empty());
}

TEST_CASE("A server in a debugger is unhealthy and never ended for it") {
  ReadyLife web([](ServerConfig& config) { config.health.failures = 1; });
  for (int i = 0; i < 20; ++i) {
    web.is_asked_and(silent(Pulse::traced));
    CHECK(web.state() == State::unhealthy);
  }
  web.is_asked_and(ProbePassed{});
  CHECK(web.state() == State::ready);
}

TEST_CASE("A server that answers nonsense is not ended as fast as one that sleeps") {
  ReadyLife web;
  for (int i = 0; i < 8; ++i) web.is_asked_and(silent(Pulse::idle, ProbeFault::broken));
  CHECK(web.state() == State::unhealthy);
  web.is_asked_and(silent(Pulse::idle, ProbeFault::broken));
  CHECK(web.state() == State::stopping);
}

TEST_CASE("An answer of 5xx is told and ends nothing") {
  ReadyLife web;
  for (int i = 0; i < 10; ++i) web.is_asked_and(ProbePassed{"answers 503 to OPTIONS /mcp"});
  CHECK(web.state() == State::ready);
  CHECK(web.message() == "answers 503 to OPTIONS /mcp");
  CHECK(web.count<Report>() == 1);
  web.is_asked_and(ProbePassed{});
  CHECK(web.message().empty());
  CHECK(web.count<Report>() == 2);
}

TEST_CASE("A stop takes the question back, and nobody is asked while stopping") {
  ReadyLife web;
  web.pass(10s);
  web.stop();
  CHECK(web.count<CancelProbe>() == 1);
  web.pass(9s);
  CHECK(web.count<StartProbe>() == 1);
  web.send(silent(Pulse::idle));  // it was on its way
  CHECK(web.state() == State::stopping);
}

TEST_CASE("An answer to the question of the run before says nothing about this one") {
  ReadyLife web;
  web.pass(10s);
  web.ends(1);
  web.becomes_ready();
  web.send(silent(Pulse::idle));
  CHECK(web.state() == State::ready);
}

TEST_CASE("One whose listener has gone is not well again because somebody answers there") {
  ReadyLife web;
  web.answers_looks = false;
  web.pass(10s);
  web.send(ListenersSeen{.stranger_here = true, .stranger = "node (pid 812)"});
  CHECK(web.state() == State::unhealthy);
  CHECK(web.message() == "no longer listens on port 50000, which node (pid 812) has taken");
  web.probe_passes();
  CHECK(web.state() == State::unhealthy);
}

TEST_CASE("With health.probe = listen its listener is looked for in each interval, and it is asked nothing") {
  ReadyLife web([](ServerConfig& config) { config.health.probe = Probe::listen; });
  web.pass(60s);
  CHECK(web.count<StartProbe>() == 0);
  CHECK(web.count<LookForListeners>() >= 5);
  CHECK(web.count<LookForListeners>() <= 7);
  web.does_not_listen();
  CHECK(web.state() == State::unhealthy);
  web.pass(30s);
  CHECK(web.state() == State::stopping);
}

TEST_CASE("With health.probe = none nothing is asked and nothing is ended") {
  ReadyLife web([](ServerConfig& config) { config.health.probe = Probe::none; });
  web.pass(10min);
  CHECK(web.count<StartProbe>() + web.count<LookForListeners>() == 0);
  web.does_not_listen();
  web.pass(10min);
  CHECK(web.state() == State::unhealthy);
}

TEST_CASE("After a long absence a server is asked once and not once for each interval missed") {
  ReadyLife web;
  web.pass(10s);
  web.probe_passes();
  const auto before = web.count<StartProbe>();
  web.send(Tick{});
  CHECK(web.count<StartProbe>() == before);
  Lifecycle& life = const_cast<Lifecycle&>(web.life());
  const Effects late = life.on(Tick{}, web.now() + 24h);
  CHECK(late.size() == 1);
  life.on(ProbePassed{}, web.now() + 24h);
  REQUIRE(life.deadline());
  CHECK(*life.deadline() >= web.now() + 24h + 5s);
}

}  // namespace berth::core::test
