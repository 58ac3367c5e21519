#include "core/vital_signs.hpp"

#include <catch2/catch.hpp>

namespace berth::core::test {

using namespace std::chrono_literals;

namespace {

const VitalSigns before{.at = Instant(1h), .threads = {{7, {10s, 2s}}}, .known = true};

VitalSigns after(std::chrono::nanoseconds ran, std::chrono::nanoseconds waited) {
  return {.at = before.at + 1s, .threads = {{7, {10s + ran, 2s + waited}}}, .known = true};
}

}  // namespace

TEST_CASE("What has run is busy, what has waited is starved, what has done neither sleeps") {
  CHECK(pulse_between(before, after(0ms, 0ms)) == Pulse::idle);
  CHECK(pulse_between(before, after(20ms, 20ms)) == Pulse::idle);
  CHECK(pulse_between(before, after(900ms, 0ms)) == Pulse::busy);
  CHECK(pulse_between(before, after(20ms, 900ms)) == Pulse::starved);
}

TEST_CASE("An endless loop on a busy machine is busy and not starved") {
  CHECK(pulse_between(before, after(330ms, 670ms)) == Pulse::busy);
}

TEST_CASE("The times of many threads are worth no more than one that runs all the time") {
  CHECK(pulse_between(before, after(30s, 0ms)) == Pulse::busy);
  CHECK(pulse_between(before, after(0ms, 30s)) == Pulse::starved);
}

TEST_CASE("The end of one thread does not hide what another does") {
  VitalSigns then = before;
  then.threads[8] = {100s, 100s};
  CHECK(pulse_between(then, after(900ms, 0ms)) == Pulse::busy);
  CHECK(pulse_between(then, after(0ms, 0ms)) == Pulse::idle);
}

TEST_CASE("A thread that came in between counts with all that it has done") {
  VitalSigns now = after(0ms, 0ms);
  now.threads[8] = {500ms, 0ms};
  CHECK(pulse_between(before, now) == Pulse::busy);
}

TEST_CASE("A thread that waits for a disk at both looks is blocked, at one of them it sleeps") {
  VitalSigns then = before;
  VitalSigns now = after(0ms, 0ms);
  now.blocked = true;
  CHECK(pulse_between(then, now) == Pulse::idle);
  then.blocked = true;
  CHECK(pulse_between(then, now) == Pulse::blocked);
}

TEST_CASE("Stopped and traced show at a glance, whatever was before") {
  VitalSigns now = after(900ms, 0ms);
  now.stopped = true;
  CHECK(pulse_between({}, now) == Pulse::stopped);
  CHECK(pulse_between(before, now) == Pulse::stopped);
  now.traced = true;
  CHECK(pulse_between(before, now) == Pulse::traced);
}

TEST_CASE("What could not be read, or at one moment only, says nothing") {
  CHECK(pulse_between(before, {}) == Pulse::unknown);
  CHECK(pulse_between({}, after(0ms, 0ms)) == Pulse::unknown);
  CHECK(pulse_between(before, before) == Pulse::unknown);
}

TEST_CASE("Only two signals that agree make a full doubt") {
  for (const ProbeFault fault : {ProbeFault::silent, ProbeFault::refused}) {
    CHECK(doubt_of(fault, Pulse::idle) == full_doubt);
    CHECK(doubt_of(fault, Pulse::stopped) == full_doubt);
    CHECK(doubt_of(fault, Pulse::busy) == 1);
    CHECK(doubt_of(fault, Pulse::blocked) == 1);
    CHECK(doubt_of(fault, Pulse::unknown) == 1);
    CHECK(doubt_of(fault, Pulse::starved) == 0);
    CHECK(doubt_of(fault, Pulse::traced) == 0);
  }
  CHECK(doubt_of(ProbeFault::broken, Pulse::idle) == 1);
  CHECK(doubt_of(ProbeFault::unasked, Pulse::idle) == 0);
  CHECK(doubt_of(ProbeFault::broken, Pulse::stopped) == full_doubt);
}

}  // namespace berth::core::test
