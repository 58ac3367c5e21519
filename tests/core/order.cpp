// Who may start, who is doomed, who may stop.

#include "core/order.hpp"

#include "support/catch.hpp"

namespace berth::core::test {
namespace {

using Indexes = std::vector<std::size_t>;

Seat seat(State state, Indexes depends_on = {}) {
  return {.state = state, .wanted_up = true, .depends_on = std::move(depends_on)};
}

TEST_CASE("Waiting servers without needs may start first come first served") {
  CHECK(may_start({seat(State::waiting), seat(State::ready), seat(State::waiting)}, 8) == Indexes{0, 2});
  CHECK(may_start({seat(State::waiting), seat(State::waiting), seat(State::waiting)}, 2) == Indexes{0, 1});
}

TEST_CASE("Those that are starting count against start_concurrency and those in backoff do not") {
  CHECK(may_start({seat(State::starting), seat(State::waiting), seat(State::waiting)}, 2) == Indexes{1});
  CHECK(may_start({seat(State::starting), seat(State::starting), seat(State::waiting)}, 2).empty());
  CHECK(may_start({seat(State::backoff), seat(State::crashloop), seat(State::waiting)}, 1) == Indexes{2});
}

TEST_CASE("A server may start only when everything that it needs is ready") {
  for (const State state : {State::stopped, State::waiting, State::starting, State::unhealthy, State::backoff,
                            State::crashloop, State::stopping, State::exited, State::failed}) {
    INFO(to_string(state));
    const auto granted = may_start({seat(State::ready), seat(state), seat(State::waiting, {0, 1})}, 8);
    CHECK(std::find(granted.begin(), granted.end(), 2) == granted.end());
  }
  CHECK(may_start({seat(State::ready), seat(State::ready), seat(State::waiting, {0, 1})}, 8) == Indexes{2});
}

TEST_CASE("A server that cannot start yet does not take the place of one that can") {
  CHECK(may_start({seat(State::waiting, {2}), seat(State::waiting), seat(State::starting)}, 2) == Indexes{1});
}

TEST_CASE("A waiting server is doomed when what it needs will not become ready unasked") {
  for (const State state : {State::stopped, State::exited, State::failed}) {
    const auto news = doomed({seat(state), seat(State::waiting, {0})});
    REQUIRE(news.size() == 1);
    CHECK(news[0].server == 1);
    CHECK(news[0].dependency == 0);
  }
  for (const State state : {State::waiting, State::starting, State::ready, State::unhealthy, State::backoff,
                            State::crashloop, State::stopping}) {
    CHECK(doomed({seat(state), seat(State::waiting, {0})}).empty());
  }
}

TEST_CASE("A doomed server is told once and of the first bad dependency") {
  const auto news =
      doomed({seat(State::ready), seat(State::failed), seat(State::exited), seat(State::waiting, {0, 1, 2})});
  REQUIRE(news.size() == 1);
  CHECK(news[0].dependency == 1);
}

TEST_CASE("Only those that wait are doomed") {
  CHECK(doomed({seat(State::failed), seat(State::ready, {0}), seat(State::backoff, {0})}).empty());
}

TEST_CASE("A server stops before what it depends on") {
  const std::vector<Seat> seats{seat(State::ready), seat(State::ready, {0}), seat(State::ready, {1})};
  CHECK(may_stop(seats, {0, 1, 2}) == Indexes{2});
  CHECK(may_stop({seats[0], seats[1], seat(State::stopping, {1})}, {0, 1, 2}) == Indexes{2});
  CHECK(may_stop({seats[0], seats[1], seat(State::stopped, {1})}, {0, 1, 2}) == Indexes{1, 2});
}

TEST_CASE("What stays up holds nothing back: a person may stop one server alone") {
  CHECK(may_stop({seat(State::ready), seat(State::ready, {0})}, {0}) == Indexes{0});
}

TEST_CASE("What is on its way down already holds back what it depends on") {
  const Seat leaving{.state = State::stopping, .wanted_up = false, .depends_on = {0}};
  CHECK(may_stop({seat(State::ready), leaving}, {0}).empty());
}

TEST_CASE("A server without a process holds nothing back") {
  for (const State state :
       {State::stopped, State::waiting, State::backoff, State::crashloop, State::exited, State::failed}) {
    CHECK(may_stop({seat(State::ready), seat(state, {0})}, {0, 1}) == Indexes{0, 1});
  }
  for (const State state : {State::starting, State::ready, State::unhealthy, State::stopping}) {
    CHECK(may_stop({seat(State::ready), seat(state, {0})}, {0, 1}) == Indexes{1});
  }
}

TEST_CASE("A diamond stops from its tip to its foot") {
  const auto diamond = [](State tip, State left, State right) {
    return std::vector<Seat>{seat(State::ready), seat(left, {0}), seat(right, {0}), seat(tip, {1, 2})};
  };
  CHECK(may_stop(diamond(State::ready, State::ready, State::ready), {0, 1, 2, 3}) == Indexes{3});
  CHECK(may_stop(diamond(State::stopped, State::ready, State::ready), {0, 1, 2}) == Indexes{1, 2});
  CHECK(may_stop(diamond(State::stopped, State::stopped, State::ready), {0, 2}) == Indexes{2});
  CHECK(may_stop(diamond(State::stopped, State::stopped, State::stopped), {0}) == Indexes{0});
}

TEST_CASE("Nobody means nobody") {
  CHECK(may_start({}, 8).empty());
  CHECK(doomed({}).empty());
  CHECK(may_stop({seat(State::ready)}, {}).empty());
}

}  // namespace
}  // namespace berth::core::test
