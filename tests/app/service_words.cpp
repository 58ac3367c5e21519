// What a service manager is told in words.

#include "app/service_words.hpp"

#include "support/catch.hpp"

namespace berth::app::test {
namespace {

using core::State;

Standing ready(const std::string& name) {
  return {name, State::ready, true, true, false, true, ""};
}
Standing other(const std::string& name, State state, const std::string& why = "") {
  return {name, state, true, false, state == State::failed || state == State::crashloop, true, why};
}

TEST_CASE("All that is ready needs no more words") {
  CHECK(service_line({ready("web"), ready("db")}) == "2 of 2 ready");
  CHECK(service_line({}) == "no server is wanted up");
}

TEST_CASE("Who is not wanted up is not counted") {
  Standing stopped = other("db", State::stopped);
  stopped.wanted = false;
  CHECK(service_line({ready("web"), stopped}) == "1 of 1 ready");
  CHECK(is_up(Notify::ready, {ready("web"), stopped}));
}

TEST_CASE("The worst are named first, with why, and no more than three") {
  const auto line = service_line({other("a", State::waiting), other("b", State::starting),
                                  other("c", State::backoff, "port 50000 is held by node (pid 812)"), ready("d"),
                                  other("e", State::failed, "no such command")});
  CHECK(line ==
        "1 of 5 ready; e: failed, no such command; c: backoff, port 50000 is held by node (pid 812); "
        "b: starting; and 1 more");
}

TEST_CASE("A reason that is long is cut between characters, and is one line") {
  const auto line = service_line({other("a", State::failed, "one\ntwo " + std::string(300, 'x'))});
  CHECK(line.find("one two x") != std::string::npos);
  CHECK(line.size() < 200);
  CHECK(line.ends_with("x..."));
  std::string umlauts = "x";
  for (int i = 0; i < 200; ++i) umlauts += "ü";
  CHECK(service_line({other("a", State::failed, umlauts)}).ends_with("ü..."));
}

TEST_CASE("Ready is ready; settled is content with those that have failed again and again") {
  const std::vector<Standing> starting{ready("web"), other("db", State::starting)};
  const std::vector<Standing> hopeless{ready("web"), other("db", State::crashloop)};
  CHECK_FALSE(is_up(Notify::ready, starting));
  CHECK_FALSE(is_up(Notify::settled, starting));
  CHECK(is_up(Notify::started, starting));
  CHECK_FALSE(is_up(Notify::ready, hopeless));
  CHECK(is_up(Notify::settled, hopeless));
  CHECK(is_up(Notify::ready, {}));
}

TEST_CASE("On the way down those are named of whom something is left") {
  Standing gone = ready("c");
  gone.there = false;
  CHECK(farewell_line({ready("a"), ready("b"), gone}) == "going down, 2 of 3 left: a, b");
  CHECK(farewell_line({ready("a"), ready("b"), ready("c"), ready("d")}) ==
        "going down, 4 of 4 left: a, b, c and 1 more");
  CHECK(farewell_line({gone}) == "going down");
}

}  // namespace
}  // namespace berth::app::test
