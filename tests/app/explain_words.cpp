// What a state means: no state is left without a reason and an outlook.

#include "app/explain_words.hpp"

#include "support/catch.hpp"

namespace berth::app {
namespace {

using core::Cause;
using core::State;

constexpr State states[] = {State::stopped, State::waiting,   State::starting, State::ready,  State::unhealthy,
                            State::backoff, State::crashloop, State::stopping, State::exited, State::failed};

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

struct Case {
  ServerConfig config;
  ServerStatus status;
  Situation it{.config = config, .status = status};
  Case() { config.name = "web"; }
};

TEST_CASE("Every state has a reason and an outlook, whatever is known of it") {
  for (const State state : states) {
    Case one;
    one.it.state = state;
    INFO(core::to_string(state));
    CHECK_FALSE(why(one.it).empty());
    CHECK_FALSE(next(one.it).empty());
    one.it.message = "the reason";
    one.it.cause = Cause::crash;
    if (state != State::stopped && state != State::ready) CHECK(has(why(one.it), "the reason"));
  }
}

TEST_CASE("Every failure has an advice") {
  for (std::size_t i = 0; i < core::cause_names.size(); ++i) {
    const auto cause = static_cast<Cause>(i);
    if (cause == Cause::stopped_by_user) continue;
    Case one;
    one.it.state = State::failed;
    one.it.cause = cause;
    one.it.log = "/logs/web.log";
    INFO(core::to_string(cause));
    CHECK_FALSE(advice(one.it).empty());
  }
}

TEST_CASE("A pause before the next try is told with its length and its port") {
  Case one;
  one.it.state = State::backoff;
  one.status.next_retry_in_s = 2.25;
  one.status.port = 50000;
  CHECK(next(one.it) == "it is launched again in 2.2 s, on the same port 50000");
  one.config.backoff.give_up_after = 7;
  CHECK(has(next(one.it), "given up at 7 failures in a row"));
}

TEST_CASE("A server that was never started says why not, and what starts it") {
  Case one;
  CHECK(why(one.it) == "nobody has started it");
  CHECK(has(next(one.it), "`berth start web`"));
  one.config.enabled = false;
  CHECK(has(why(one.it), "disabled"));
  one.status.starts = 1;
  CHECK(why(one.it) == "it was asked to stop");
}

TEST_CASE("What waits for a dependency names whom to ask") {
  Case one;
  one.it.state = State::waiting;
  one.it.cause = Cause::dependency;
  one.config.depends_on = {"db", "queue"};
  CHECK(has(advice(one.it), "`berth explain db`, `berth explain queue`"));
}

TEST_CASE("Times are told as roughly as a person would") {
  CHECK(roughly(Milliseconds{0}) == "0.0 s");
  CHECK(roughly(Milliseconds{-5}) == "0.0 s");
  CHECK(roughly(Milliseconds{1'840}) == "1.8 s");
  CHECK(roughly(Milliseconds{14'400}) == "14 s");
  CHECK(roughly(Milliseconds{180'000}) == "3 min");
  CHECK(roughly(Milliseconds{86'400'000}) == "24 h");
}

}  // namespace
}  // namespace berth::app
