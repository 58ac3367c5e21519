#include "config/dotenv.hpp"

#include "support/catch.hpp"

namespace berth::config::test {
namespace {

EnvironmentList good(const std::string& text) {
  const Dotenv dotenv = parse_dotenv(text);
  INFO(text);
  CHECK(dotenv.errors.empty());
  return dotenv.variables;
}

std::string value(const std::string& text) {
  const auto variables = good("A=" + text);
  REQUIRE(variables.size() == 1);
  return variables[0].second;
}

}  // namespace

TEST_CASE("lines are assignments, comments or blank") {
  const EnvironmentList expected{{"A", "1"}, {"B", "2"}, {"C", ""}};
  CHECK(good("A=1\n\n# comment\n  export B = 2 \nC=") == expected);
  CHECK(good("A=1\r\n\r\nexport\tB=2\r\nC=\r\n") == expected);
  CHECK(good("\xEF\xBB\xBF"
             "A=1\nB=2\nC=\n") == expected);
  CHECK(good("").empty());
  CHECK(good("export=1") == EnvironmentList{{"export", "1"}});
}

TEST_CASE("the last of two values wins, at the place of the first") {
  CHECK(good("A=1\nB=2\nA=3") == EnvironmentList{{"A", "3"}, {"B", "2"}});
}

TEST_CASE("plain values end before a comment") {
  CHECK(value("a b  # c") == "a b");
  CHECK(value("a#b") == "a#b");
  CHECK(value("# nothing").empty());
  CHECK(value("a=b=c") == "a=b=c");
  CHECK(value("it's \"fine\"") == "it's \"fine\"");
  CHECK(value("${NOT}_expanded$") == "${NOT}_expanded$");
}

TEST_CASE("single quotes hold everything as it is") {
  CHECK(value("' a # b \\n '") == " a # b \\n ");
  CHECK(value("'' # comment").empty());
  CHECK(value("'one\ntwo'") == "one\ntwo");
}

TEST_CASE("double quotes know escapes and may run over lines") {
  CHECK(value(R"("a\n\t\"\\\$\x")") == "a\n\t\"\\$\\x");
  CHECK(value("\"one\r\ntwo\"") == "one\ntwo");
}

TEST_CASE("errors come with line and column, and do not stop the reading") {
  const Dotenv dotenv = parse_dotenv("A=1\nnonsense\n2=x\nB='x' y\nC=ok\nD=\"open\n");
  REQUIRE(dotenv.errors.size() == 4);
  CHECK(dotenv.errors[0].at == Position{2, 1});
  CHECK(dotenv.errors[1].at == Position{3, 1});
  CHECK(dotenv.errors[2].at == Position{4, 7});
  CHECK(dotenv.errors[3].at == Position{6, 3});
  CHECK(dotenv.variables == EnvironmentList{{"A", "1"}, {"C", "ok"}});
}

TEST_CASE("a NUL byte is no part of a value") {
  CHECK(parse_dotenv(std::string("A=x\0y", 5)).errors.size() == 1);
}

}  // namespace berth::config::test
