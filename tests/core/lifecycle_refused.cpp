// Refusals that pass: a port that will be free, a machine that will have room. They come at once, and without a backoff
// the host and the life would answer each other for ever; `OneLife` throws then.

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

void without_backoff(ServerConfig& config) {
  config.backoff.initial = 0ms;
  config.backoff.max = 0ms;
}

// Time goes by in pieces, and each of them ends with a moment for others.
void check_patience(OneLife& web) {
  for (int i = 0; i < 10; ++i) {
    INFO(i);
    REQUIRE((web.state() == State::backoff || web.state() == State::crashloop));
    CHECK(web.retry_in() >= Lifecycle::shortest_retry);
    web.pass(web.retry_in());
  }
}

TEST_CASE("Without a backoff a port that is refused for a while is not asked for in a loop") {
  OneLife web(without_backoff);
  SECTION("for want of descriptors") {
    web.refusal = PortRefused{Cause::spawn_failed, "cannot bind port 50000: Too many open files", true};
  }
  SECTION("because of old connections") {
    web.refusal = PortRefused{Cause::port_range_exhausted, "no free port in the range 50000-50002", true};
  }
  SECTION("because of old connections on a fixed port") {
    web.refusal = PortRefused{Cause::fixed_port_held, "fixed port 50000 still has connections", true};
  }
  web.start();
  check_patience(web);
  web.refusal.reset();
  web.pass(Lifecycle::shortest_retry);
  CHECK(web.state() == State::starting);
  CHECK(web.book().mistakes().empty());
}

TEST_CASE("Without a backoff a launch that fails for a while is not tried in a loop") {
  OneLife web(without_backoff);
  web.launch_error = NotLaunched{Cause::spawn_failed, "could not make a process: no memory"};
  web.start();
  check_patience(web);
  web.launch_error.reset();
  web.pass(Lifecycle::shortest_retry);
  CHECK(web.state() == State::starting);
}

TEST_CASE("A longer backoff than the shortest is kept after a refusal") {
  OneLife web([](ServerConfig& config) { config.backoff.initial = 700ms; });
  web.refusal = PortRefused{Cause::port_range_exhausted, "no free port in the range 50000-50002", true};
  web.start();
  CHECK(web.state() == State::backoff);
  CHECK(web.cause() == "port_range_exhausted");
  CHECK(web.retry_in() == 700ms);
  CHECK(web.life().wanted_up());
}

TEST_CASE("Without a backoff a child that ends is still started again at once") {
  OneLife web(without_backoff);
  web.start();
  web.ends(1);
  CHECK(web.state() == State::starting);
  CHECK(web.life().starts() == 2);
}

}  // namespace
}  // namespace berth::core::test
