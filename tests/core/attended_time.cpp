// A time that stands still while nobody is there.

#include "core/attended_time.hpp"

#include "support/catch.hpp"

namespace berth::core::test {
namespace {

using namespace std::chrono_literals;
constexpr Instant start{1h};

TEST_CASE("Attended time is the steady one as long as things are done when they are due") {
  AttendedTime time;
  CHECK(time.at(start, std::nullopt) == start);
  CHECK(time.at(start + 5s, start + 5s) == start + 5s);
  CHECK(time.at(start + 10s, start + 10s - AttendedTime::longest_delay) == start + 10s);
  CHECK(time.missed() == 0s);
}

TEST_CASE("An hour in which nothing was due has passed all the same") {
  AttendedTime time;
  CHECK(time.at(start + 1h, std::nullopt) == start + 1h);
  CHECK(time.at(start + 2h, start + 3h) == start + 2h);
}

TEST_CASE("An hour that passed over something due is left out and stays left out") {
  AttendedTime time;
  CHECK(time.at(start, start + 10s) == start);
  CHECK(time.at(start + 1h, start + 10s) == start);
  CHECK(time.missed() == 1h);
  CHECK(time.at(start + 1h + 3s, start + 10s) == start + 3s);
  CHECK(time.steady(start + 10s) == start + 1h + 10s);
}

TEST_CASE("What is late again and again is put off once: a slow machine is not asleep") {
  AttendedTime time;
  const Instant due = start + 10s;
  CHECK(time.at(start, due) == start);
  CHECK(time.at(start + 13s, due) == start);
  CHECK(time.at(start + 13s + 13s, due) == due);
  CHECK(time.steady(due) == start + 26s);
  const Instant next = due + 5s;
  CHECK(time.at(start + 26s + 1h, next) == due);
}

TEST_CASE("A deadline that was cut short turns no clock back") {
  AttendedTime time;
  CHECK(time.at(start + 1h, start + 2h) == start + 1h);
  CHECK(time.at(start + 1h + 1ms, start + 1min) == start + 1h + 1ms);
  CHECK(time.at(start + 1h + 2ms, start + 1min) == start + 1h + 2ms);
  CHECK(time.missed() == 0s);
}

}  // namespace
}  // namespace berth::core::test
