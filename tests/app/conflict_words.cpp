// The words that Berth knows, and the patterns of the configuration.

#include "app/conflict_words.hpp"

#include "support/catch.hpp"

namespace berth::app::test {
namespace {

TEST_CASE("Without patterns the words that Berth knows count") {
  ConflictWords words({});
  CHECK(words.match("Error: listen EADDRINUSE: address already in use :::50004", 50004));
  CHECK_FALSE(words.match("Error: listen EADDRINUSE: address already in use :::9464", 50004));
  CHECK_FALSE(words.match("ready", 50004));
}

TEST_CASE("A pattern counts beside them, anywhere in the line") {
  ConflictWords words({"could not bind", "^E[0-9]+ taken$"});
  CHECK(words.match("fatal: could not bind, sorry", 50004));
  CHECK(words.match("E42 taken", 50004));
  CHECK_FALSE(words.match("x E42 taken", 50004));
  CHECK(words.match("EADDRINUSE", 50004));
}

TEST_CASE("A pattern that is no regular expression matches nothing and harms no other") {
  ConflictWords words({"(", "could not bind"});
  CHECK(words.match("could not bind", 50004));
  CHECK_FALSE(words.match("(", 50004));
}

TEST_CASE("A pattern that is too complex for a line gives up") {
  ConflictWords words({"(a+)+(a+)+(a+)+$"});
  CHECK_NOTHROW(words.match(std::string(5000, 'a') + "b", 50004));
}

TEST_CASE("A pattern that takes too long over a line is given up, told of once, and the others stay") {
  ConflictWords words({"(.*a){20}b", "could not bind"});
  CHECK(words.take_given_up().empty());
  CHECK_FALSE(words.match(std::string(ConflictWords::longest_line, 'a'), 50004));
  CHECK(words.take_given_up() == std::vector<std::string>{"(.*a){20}b"});
  CHECK(words.take_given_up().empty());
  CHECK_FALSE(words.match(std::string(100, 'a') + "b", 50004));
  CHECK(words.match("could not bind", 50004));
}

TEST_CASE("A pattern sees the beginning of a long line, and the words that Berth knows all of it") {
  ConflictWords words({"could not bind"});
  const std::string long_one(ConflictWords::longest_line, 'x');
  CHECK(words.match("could not bind" + long_one, 50004));
  CHECK_FALSE(words.match(long_one + "could not bind", 50004));
  CHECK(words.match(long_one + "EADDRINUSE", 50004));
  CHECK(ConflictWords({"x$"}).match(long_one, 50004));
  CHECK_FALSE(ConflictWords({"x$"}).match(long_one + "y", 50004));
  CHECK(words.take_given_up().empty());
}

}  // namespace
}  // namespace berth::app::test
