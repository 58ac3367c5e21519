// How long a failed server waits.

#include "core/backoff.hpp"

#include <set>

#include "support/catch.hpp"

namespace berth::core::test {
namespace {

using namespace std::chrono_literals;

const Instant start{std::chrono::hours(1)};

BackoffConfig even() {
  BackoffConfig config;
  config.jitter = 0;
  return config;
}

TEST_CASE("Delays grow by the factor up to the maximum") {
  Backoff backoff(even(), 1);
  for (const Milliseconds delay : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 16'000ms, 30'000ms, 30'000ms}) {
    CHECK(backoff.failed(false, start) == delay);
  }
}

TEST_CASE("Any factor from 1 on is kept to") {
  BackoffConfig config = even();
  config.factor = 1;
  Backoff constant(config, 1);
  for (int i = 0; i < 5; ++i) CHECK(constant.failed(false, start) == 500ms);
  config.factor = 1.5;
  config.initial = 1000ms;
  Backoff gentle(config, 1);
  for (const Milliseconds delay : {1000ms, 1500ms, 2250ms, 3375ms}) CHECK(gentle.failed(false, start) == delay);
}

TEST_CASE("A hundred thousand failures stay at the maximum") {
  for (const double factor : {1.0, 2.0, 100.0}) {
    BackoffConfig config = even();
    config.factor = factor;
    config.initial = config.max = 30s;
    Backoff backoff(config, 1);
    for (int i = 0; i < 100'000; ++i) REQUIRE(backoff.failed(false, start) == 30s);
  }
}

TEST_CASE("An initial delay of zero stays zero however often it fails") {
  BackoffConfig config;
  config.initial = 0ms;
  Backoff backoff(config, 1);
  for (int i = 0; i < 5000; ++i) {
    INFO("failure " << i);
    REQUIRE(backoff.failed(false, start) == 0ms);
  }
}

TEST_CASE("Jitter spreads a delay by no more than its share and never past the maximum") {
  BackoffConfig config;
  config.initial = 10s;
  config.factor = 1;
  config.jitter = 0.2;
  std::set<Milliseconds::rep> seen;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const Milliseconds delay = Backoff(config, seed).failed(false, start);
    CHECK(delay >= 8s);
    CHECK(delay <= 12s);
    seen.insert(delay.count());
  }
  CHECK(seen.size() > 500);
  CHECK(*seen.begin() < 8'200);
  CHECK(*seen.rbegin() > 11'800);

  config.initial = config.max = 10s;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) CHECK(Backoff(config, seed).failed(false, start) <= 10s);
}

TEST_CASE("The same seed gives the same delays") {
  Backoff one(BackoffConfig{}, 42);
  Backoff two(BackoffConfig{}, 42);
  for (int i = 0; i < 50; ++i) CHECK(one.failed(false, start) == two.failed(false, start));
}

TEST_CASE("A server that was ready restarts at once when it had no failure for reset_after") {
  Backoff backoff(even(), 1);
  CHECK(backoff.failed(true, start) == 0ms);
  CHECK(backoff.failed(true, start + 59s) == 500ms);
  CHECK(backoff.failed(true, start + 59s + 60s) == 0ms);
  CHECK(backoff.failures() == 3);
}

TEST_CASE("The free restart is not for a server that was not ready") {
  Backoff backoff(even(), 1);
  CHECK(backoff.failed(false, start) == 500ms);
}

TEST_CASE("A reset forgets failures and delays") {
  Backoff backoff(even(), 1);
  for (int i = 0; i < 6; ++i) backoff.failed(false, start);
  CHECK(backoff.in_crashloop());
  backoff.reset();
  CHECK(backoff.failures() == 0);
  CHECK_FALSE(backoff.in_crashloop());
  CHECK(backoff.failed(false, start) == 500ms);
  backoff.reset();
  CHECK(backoff.failed(true, start) == 0ms);
}

TEST_CASE("It is a crashloop from crashloop_after failures on") {
  BackoffConfig config = even();
  config.crashloop_after = 3;
  Backoff backoff(config, 1);
  CHECK_FALSE(backoff.in_crashloop());
  for (const bool crashloop : {false, false, true, true}) {
    backoff.failed(false, start);
    CHECK(backoff.in_crashloop() == crashloop);
  }
}

TEST_CASE("It gives up after give_up_after failures and never when that is zero") {
  BackoffConfig config = even();
  config.give_up_after = 2;
  Backoff backoff(config, 1);
  CHECK_FALSE(backoff.spent());
  backoff.failed(false, start);
  CHECK_FALSE(backoff.spent());
  backoff.failed(false, start);
  CHECK(backoff.spent());
  Backoff endless(even(), 1);
  for (int i = 0; i < 1000; ++i) endless.failed(false, start);
  CHECK_FALSE(endless.spent());
}

}  // namespace
}  // namespace berth::core::test
