#include "config/import/words.hpp"

#include <random>

#include "config/templates.hpp"
#include "config/variables.hpp"
#include "support/catch.hpp"

namespace berth::config {
namespace {

Word read_in(Source source, std::string_view text) {
  std::vector<WordProblem> problems;
  return read_word(text, {source, "/home/me/app", nullptr}, problems);
}

std::string mapped(Source source, std::string_view text) {
  return in_berth_words(read_in(source, text), true);
}

// What the child gets of a string of Berth's config.
std::string arrived(const std::string& written, bool templated) {
  const Lookup lookup = [](std::string_view name) -> std::optional<std::string> {
    return name == "VAR" ? std::optional<std::string>("{port}$x") : std::nullopt;
  };
  const Expansion expansion = expand(written, lookup);
  INFO(written);
  CHECK(expansion.problems.empty());
  return templated ? fill(expansion.escaped, {50000, "HOST", "NAME", "URL"}) : expansion.plain;
}

}  // namespace

TEST_CASE("a variable of each program becomes one of Berth's") {
  CHECK(mapped(Source::claude_code, "a ${VAR} ${VAR:-x y}") == "a ${VAR} ${VAR:-x y}");
  CHECK(mapped(Source::cursor, "${env:VAR} ${userHome}/x ${workspaceFolder}${/}y") ==
        "${VAR} ${HOME}/x /home/me/app/y");
  CHECK(mapped(Source::vscode, "${env:VAR} ${workspaceFolderBasename} ${input:my-key}") == "${VAR} app ${MY_KEY}");
  CHECK(mapped(Source::windsurf, "Bearer ${env:VAR}") == "Bearer ${VAR}");
  CHECK(mapped(Source::gemini, "$VAR/${VAR} costs 5$") == "${VAR}/${VAR} costs 5$");
}

TEST_CASE("where a program knows no variables, a dollar stays a dollar") {
  CHECK(mapped(Source::claude_desktop, "${VAR} $VAR $$ $") == "$${VAR} $VAR $$$ $");
  CHECK(mapped(Source::codex, "${VAR:-x}") == "$${VAR:-x}");
  CHECK(mapped(Source::zed, "a{port}b") == "a{{port}}b");
}

TEST_CASE("what means nothing to Berth stays, and is told") {
  std::vector<WordProblem> problems;
  const Word word = read_word("${command:pick} ${env:A-B}", {Source::vscode, "/x", nullptr}, problems);
  CHECK(problems.size() == 2);
  CHECK(arrived(in_berth_words(word, true), true) == "${command:pick} ${env:A-B}");
}

TEST_CASE("a literal arrives as it was written, whatever dollars and braces are in it") {
  constexpr std::string_view alphabet = "$${}{}ab1_ :-";
  std::mt19937 dice(7);
  std::uniform_int_distribution<std::size_t> pick(0, alphabet.size() - 1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t length = pick(dice); length > 0; --length) text += alphabet[pick(dice)];
    for (const bool templated : {true, false}) {
      INFO("`" << text << "`");
      REQUIRE(arrived(in_berth_words(literal_word(text), templated), templated) == text);
      // Also right before a variable, whose value is no template.
      Word word = literal_word(text);
      word.push_back({Piece::Kind::variable, "VAR", std::nullopt});
      REQUIRE(arrived(in_berth_words(word, templated), templated) == text + "{port}$x");
    }
  }
}

TEST_CASE("a name of a variable is made of what there is") {
  CHECK(variable_name("github-token") == "GITHUB_TOKEN");
  CHECK(variable_name("apiKey") == "API_KEY");
  CHECK(variable_name("API_KEY") == "API_KEY");
  CHECK(variable_name("€") == "VALUE");
  CHECK(variable_name("2fa") == "_2FA");
}

TEST_CASE("a default of an input of VS Code is kept, unless it is a password") {
  const std::vector<ForeignInput> inputs{{"region", "", "eu", false}, {"key", "", "1234", true}};
  std::vector<WordProblem> problems;
  const Dialect dialect{Source::vscode, "/x", &inputs};
  CHECK(in_berth_words(read_word("${input:region}${input:key}", dialect, problems), true) == "${REGION:-eu}${KEY}");
  CHECK(problems.empty());
  static_cast<void>(read_word("${input:other}", dialect, problems));
  CHECK(problems.size() == 1);
}

}  // namespace berth::config
