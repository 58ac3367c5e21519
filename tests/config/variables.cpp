#include "config/variables.hpp"

#include "config/support.hpp"
#include "config/templates.hpp"
#include "support/catch.hpp"

namespace berth::config::test {
namespace {

const Lookup lookup = environment({{"A", "alpha"}, {"EMPTY", ""}, {"BRACES", "{port}"}, {"DOLLAR", "${A}"}});

std::string plain(const std::string& text) {
  const Expansion expansion = expand(text, lookup);
  INFO(text);
  CHECK(expansion.problems.empty());
  return expansion.plain;
}

}  // namespace

TEST_CASE("variables are replaced by their values") {
  CHECK(plain("${A}") == "alpha");
  CHECK(plain("x${A}y${A}") == "xalphayalpha");
  CHECK(plain("${EMPTY}").empty());
  CHECK(plain("").empty());
}

TEST_CASE("a default counts for an unset or empty variable") {
  CHECK(plain("${NONE:-b}") == "b");
  CHECK(plain("${EMPTY:-b}") == "b");
  CHECK(plain("${A:-b}") == "alpha");
  CHECK(plain("${NONE:-}").empty());
  CHECK(plain("${NONE:-a:-b}") == "a:-b");
  CHECK(plain("${NONE:-${A}}") == "alpha");
  CHECK(plain("${NONE:-${NEITHER:-c}}d") == "cd");
  CHECK(plain(R"(${NONE:-{"a": {}}})") == R"({"a": {}})");
  CHECK(plain("${NONE:-$$}") == "$");
}

TEST_CASE("a dollar is a dollar unless it opens a variable") {
  CHECK(plain("$") == "$");
  CHECK(plain("$A costs 5$") == "$A costs 5$");
  CHECK(plain("$$") == "$");
  CHECK(plain("$$$$") == "$$");
  CHECK(plain("$${A}") == "${A}");
  CHECK(plain("$$${A}") == "$alpha");
  CHECK(plain("$${A") == "${A");
}

TEST_CASE("values are not expanded again") {
  CHECK(plain("${DOLLAR}") == "${A}");
}

TEST_CASE("what came out of a variable is not filled in at launch") {
  const LaunchValues values{1, "h", "n", "u"};
  const auto launched = [&](const char* text) { return fill(expand(text, lookup).escaped, values); };
  CHECK(launched("{port} ${BRACES}") == "1 {port}");
  CHECK(launched("$${name} $${A}") == "${name} ${A}");
  CHECK(launched("${NONE:-{port}}") == "1");
  CHECK(launched("${NONE}") == "${NONE}");
}

TEST_CASE("what cannot be resolved stays as it was written and is reported") {
  const Expansion unset = expand("a ${NONE} b", lookup);
  CHECK(unset.plain == "a ${NONE} b");
  REQUIRE(unset.problems.size() == 1);
  CHECK(unset.problems[0].unset);
  for (const char* text : {"${", "${}", "${A", "${1}", "${A:b}", "${A?}", "${ A }", "${A:-"}) {
    INFO(text);
    const Expansion malformed = expand(text, lookup);
    CHECK(malformed.plain == text);
    REQUIRE(malformed.problems.size() == 1);
    CHECK_FALSE(malformed.problems[0].unset);
  }
}

TEST_CASE("nesting has an end") {
  std::string text = "x";
  for (int i = 0; i < 10'000; ++i) text = "${N:-" + text + "}";
  CHECK_FALSE(expand(text, lookup).problems.empty());
}

TEST_CASE("the variables that were used are told, with what they gave") {
  const Expansion expansion = expand("${A}${NONE:-fallback}", lookup);
  REQUIRE(expansion.used.size() == 2);
  CHECK(expansion.used[0].name == "A");
  CHECK(expansion.used[0].value == "alpha");
  CHECK(expansion.used[1].name == "NONE");
  CHECK(expansion.used[1].value == "fallback");
}

}  // namespace berth::config::test
