#include "config/jsonc.hpp"

#include "support/catch.hpp"

namespace berth::config {
namespace {

JsonNode parsed(std::string_view text) {
  const auto node = parse_jsonc(text);
  INFO(text);
  REQUIRE(node);
  return *node;
}

SyntaxError refused(std::string_view text) {
  const auto node = parse_jsonc(text);
  INFO(text);
  REQUIRE_FALSE(node);
  return node.error();
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("JSON: values, escapes and trailing commas") {
  const JsonNode root = parsed(R"({"a": [1, -2.5e3, true, null, ], "b": "\"\\\/\n\u00e9\ud83d\ude00", })");
  REQUIRE(root.members.size() == 2);
  CHECK(root.value("a")->items.size() == 4);
  CHECK(root.value("a")->items[1].text == "-2.5e3");
  CHECK(root.value("b")->text == "\"\\/\né😀");
}

TEST_CASE("JSON: a byte order mark, CRLF and a text without a line break at its end") {
  const JsonNode root = parsed("\xEF\xBB\xBF{\r\n  \"a\": \"b\" // c\r\n}");
  CHECK(root.value("a")->text == "b");
  CHECK(root.members[0].behind == Lines{"c"});
  CHECK(root.value("a")->at == Position{2, 8});
}

TEST_CASE("JSON: comments belong to the member that they stand before or behind") {
  const JsonNode root = parsed(R"({
  // one
  /* two
   * three */
  "a": 1, // behind a
  // before b
  "b": 2 /* behind b */ , "c": 3 // behind c
  // at the end
})");
  CHECK(root.members[0].before == Lines{"one", "two", "three"});
  CHECK(root.members[0].behind == Lines{"behind a"});
  CHECK(root.members[1].before == Lines{"before b"});
  CHECK(root.members[1].behind == Lines{"behind b"});
  CHECK(root.members[2].behind == Lines{"behind c"});
  CHECK(root.remarks == Lines{"at the end"});
}

TEST_CASE("JSON: positions count characters, and offsets bytes") {
  const std::string_view text = "{ \"é\": [\"ü\", 7] }";
  const JsonNode root = parsed(text);
  const JsonNode& seven = root.members[0].value.items[1];
  CHECK(seven.at == Position{1, 14});
  CHECK(text.substr(seven.begin, seven.end - seven.begin) == "7");
}

TEST_CASE("JSON: of a key that is there twice the last one counts") {
  const JsonNode root = parsed(R"({"a": 1, "a": 2})");
  CHECK(root.members.size() == 2);
  CHECK(root.value("a")->text == "2");
}

TEST_CASE("JSON: what is wrong is told at its place") {
  CHECK(refused("").at == Position{1, 1});
  CHECK(refused(" \n // only a comment\n").at == Position{3, 1});
  CHECK(refused("{\n  \"a\": nul\n}").at == Position{2, 8});
  CHECK(refused("{\n  \"a\": 1\n  \"b\": 2\n}").at == Position{3, 3});
  CHECK(refused("{ \"a\": \"b\n }").at == Position{1, 8});
  CHECK(refused("{ \"a\": \"\\q\" }").message.find("escape") != std::string::npos);
  CHECK(refused("{ \"a\": \"\\ud800\" }").message.find("half") != std::string::npos);
  CHECK(refused("{ 'a': 1 }").at == Position{1, 3});
  CHECK(refused("{ \"a\": 1 } x").at == Position{1, 12});
  CHECK(refused("{ \"a\": 1").message.find("ends") != std::string::npos);
  CHECK(refused("{ \"a\": 01 }").at.line == 1);
  CHECK(refused("{} /* no end").at == Position{1, 4});
  CHECK(refused("{ \"a\": \"\xff\" }").message == "not valid UTF-8");
  CHECK(refused("\xFF\xFE{").message == "the file is UTF-16");
}

TEST_CASE("JSON: depth and number of values are bounded") {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(refused(deep).message.find("nested") != std::string::npos);
  std::string open = "{";
  for (int i = 0; i < 100'000; ++i) open += "\"a\":{";
  CHECK(refused(open).message.find("nested") != std::string::npos);
  const auto many = parse_jsonc("[1,1,1,1,1,1]", {.depth = 8, .values = 5});
  REQUIRE_FALSE(many);
  CHECK(many.error().message.find("more than 5 values") != std::string::npos);
}

TEST_CASE("JSON: a quoted text reads as itself") {
  for (const std::string text : {"", "a\"b\\c", "line\nbreak\ttab", "é😀", "\x01\x7f"}) {
    CHECK(parsed(json_quoted(text)).text == text);
  }
}

}  // namespace berth::config
