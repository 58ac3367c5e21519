// The words that Berth knows, and the patterns of the configuration.

#include "app/conflict_words.hpp"

#include "support/catch.hpp"

namespace berth::app::test {
namespace {

TEST_CASE("Without patterns the words that Berth knows count") {
  const ConflictWords words({});
  CHECK(words.match("Error: listen EADDRINUSE: address already in use :::50004", 50004));
  CHECK_FALSE(words.match("Error: listen EADDRINUSE: address already in use :::9464", 50004));
  CHECK_FALSE(words.match("ready", 50004));
}

TEST_CASE("A pattern counts beside them, anywhere in the line") {
  const ConflictWords words({"could not bind", "^E[0-9]+ taken$"});
  CHECK(words.match("fatal: could not bind, sorry", 50004));
  CHECK(words.match("E42 taken", 50004));
  CHECK_FALSE(words.match("x E42 taken", 50004));
  CHECK(words.match("EADDRINUSE", 50004));
}

TEST_CASE("A pattern that is no regular expression matches nothing and harms no other") {
  const ConflictWords words({"(", "could not bind"});
  CHECK(words.match("could not bind", 50004));
  CHECK_FALSE(words.match("(", 50004));
}

TEST_CASE("A pattern that is too complex for a line gives up") {
  const ConflictWords words({"(a+)+(a+)+(a+)+$"});
  CHECK_NOTHROW(words.match(std::string(5000, 'a') + "b", 50004));
}

}  // namespace
}  // namespace berth::app::test
