// What is counted.

#include "core/metrics.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

constexpr std::array bounds{0.1, 1.0};

unsigned restarts_of_all_causes(const Lifecycle& life) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < cause_names.size(); ++i) sum += life.restarts_after(static_cast<Cause>(i));
  return sum;
}

TEST_CASE("A bound belongs to its bucket, and above the last is one more") {
  Histogram histogram(bounds);
  for (const double value : {0.05, 0.1, 0.11, 1.0, 1.5}) histogram.observe(value);
  CHECK(histogram.counts() == std::vector<std::uint64_t>{2, 2, 1});
  CHECK(histogram.count() == 5);
  CHECK(std::abs(histogram.sum() - 2.76) < 1e-9);
}

TEST_CASE("What is below zero or no number counts as zero") {
  Histogram histogram(bounds);
  histogram.observe(-3);
  histogram.observe(std::numeric_limits<double>::quiet_NaN());
  CHECK(histogram.counts() == std::vector<std::uint64_t>{2, 0, 0});
  CHECK(histogram.sum() == 0);
}

TEST_CASE("Processor time never goes down: not when a process ends, not when a run does") {
  CpuTally cpu;
  cpu.seen(3);
  cpu.seen(1);  // a process of the tree has ended, and took its time along
  CHECK(cpu.seconds() == 3);
  cpu.run_ended();
  CHECK(cpu.seconds() == 3);
  cpu.seen(0.5);
  CHECK(cpu.seconds() == 3.5);
}

TEST_CASE("What was counted of a server is forgotten with it") {
  Metrics metrics;
  CHECK(metrics.of("web") == nullptr);
  metrics.at("web").cpu.seen(1);
  metrics.at("notes").cpu.seen(2);
  metrics.forget("web");
  CHECK(metrics.of("web") == nullptr);
  CHECK(metrics.at("web").cpu.seconds() == 0);
  CHECK(metrics.at("notes").cpu.seconds() == 2);
}

TEST_CASE("Restarts are counted by the failure that they follow, and add up") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.is_killed(SIGKILL);
  web.becomes_ready();
  web.ends(0);
  web.pass(web.retry_in());
  REQUIRE(web.state() == State::starting);
  CHECK(web.life().restarts() == 2);
  CHECK(web.life().restarts_after(Cause::crash) == 1);
  CHECK(web.life().restarts_after(Cause::clean_exit) == 1);
  CHECK(restarts_of_all_causes(web.life()) == web.life().restarts());
}

TEST_CASE("A refusal on the way to a restart is not what the restart follows") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.launch_error = NotLaunched{Cause::spawn_failed, "no processes left"};
  web.is_killed(SIGKILL);
  REQUIRE(web.cause() == "spawn_failed");
  web.launch_error.reset();
  web.pass(web.retry_in());
  REQUIRE(web.state() == State::starting);
  CHECK(web.life().restarts_after(Cause::crash) == 1);
  CHECK(restarts_of_all_causes(web.life()) == 1);
}

TEST_CASE("A start by a person is no restart, whatever went before") {
  OneLife web;
  web.start();
  web.ends(1);
  REQUIRE(web.state() == State::backoff);
  web.start();
  REQUIRE(web.state() == State::starting);
  CHECK(restarts_of_all_causes(web.life()) == 0);
}

}  // namespace
}  // namespace berth::core::test
