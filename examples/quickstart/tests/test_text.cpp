#include "calls.hpp"
#include "line_diff.hpp"
#include "support/catch.hpp"

using namespace harbour;

TEST_CASE("words, characters, bytes and lines are counted", "[text]") {
  const auto [text, words, characters, bytes, lines] = GENERATE(table<std::string, int, int, int, int>({
      {R"({"text":""})", 0, 0, 0, 0},
      {R"({"text":"  one\ttwo \n"})", 2, 11, 11, 1},
      {R"({"text":"été\r\nà la mer"})", 4, 13, 16, 2},
      {R"({"text":"\ud83d\ude00"})", 1, 1, 4, 1},
  }));
  const auto result = run(text_tools(), "word_count", text);
  CHECK(result.structured.at("words") == words);
  CHECK(result.structured.at("characters") == characters);
  CHECK(result.structured.at("bytes") == bytes);
  CHECK(result.structured.at("lines") == lines);
}

TEST_CASE("a title becomes a slug", "[text]") {
  const auto [arguments, slug] = GENERATE(table<std::string, std::string>({
      {R"({"text":"Hello,   World!"})", "hello-world"},
      {R"({"text":"--Crème brûlée: don't panic--"})", "creme-brulee-dont-panic"},
      {R"({"text":"Straße × Æther ÷ 3"})", "strasse-aether-3"},
      {R"({"text":"日本 2026"})", "2026"},
      {R"({"text":"one two three","max_length":9})", "one-two"},
      {R"({"text":"one two three","max_length":7})", "one-two"},
      {R"({"text":"unbreakable","max_length":5})", "unbre"},
  }));
  CHECK(run(text_tools(), "slugify", arguments).text == slug);
}

TEST_CASE("a text without letters has no slug", "[text]") {
  CHECK(run(text_tools(), "slugify", R"({"text":"日本"})").is_error);
  CHECK(run(text_tools(), "slugify", R"({"text":"!"})").is_error);
}

TEST_CASE("two texts are compared line by line", "[text]") {
  auto result = run(text_tools(), "diff_lines", R"({"before":"a\nb\nc\nd\n","after":"a\nc\nx\nd"})");
  CHECK(result.text == " a\n-b\n c\n+x\n d\n");
  CHECK(result.structured["added"] == 1);
  CHECK(result.structured["removed"] == 1);

  result = run(text_tools(), "diff_lines", R"({"before":"a\r\nb","after":"a\nb\n"})");
  CHECK(result.text == "The texts have the same lines.");
  CHECK(run(text_tools(), "diff_lines", R"({"before":"","after":"a"})").text == "+a\n");
  CHECK(run(text_tools(), "diff_lines", R"({"before":"a\na\na","after":"a"})").structured["removed"] == 2);
}

TEST_CASE("a comparison that would take too much memory is refused", "[text]") {
  json::object arguments;
  arguments["before"] = std::string(2001, '\n');
  arguments["after"] = "";
  CHECK(run(text_tools(), "diff_lines", json::serialize(arguments)).is_error);
}

// Whatever the inputs, taking the kept and removed lines gives the old text back, kept and added the new one.
TEST_CASE("a diff holds both texts", "[text]") {
  unsigned seed = 1;
  const auto next = [&seed] { return (seed = seed * 1103515245U + 12345U) >> 16U; };
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string_view> before(next() % 9);
    std::vector<std::string_view> after(next() % 9);
    constexpr std::string_view letters = "abc";
    for (auto& line : before) line = letters.substr(next() % 3, 1);
    for (auto& line : after) line = letters.substr(next() % 3, 1);
    std::vector<std::string_view> old_side;
    std::vector<std::string_view> new_side;
    for (const auto& line : diff_lines(before, after)) {
      if (line.mark != '+') old_side.push_back(line.text);
      if (line.mark != '-') new_side.push_back(line.text);
    }
    REQUIRE(old_side == before);
    REQUIRE(new_side == after);
  }
}
