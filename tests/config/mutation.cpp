// Files that nobody wrote: whatever stands in them, the outcome is a config or an error.

#include <random>

#include "config/support.hpp"
#include "support/catch.hpp"

namespace berth::config::test {
namespace {

std::string big_config() {
  return read(source_folder() / "tests/config/good/everything.toml");
}

void check(const std::string& text, const LoadOptions& options) {
  const LoadResult result = parse(text, (source_folder() / "tests/config/good/mutant.toml").string(), options);
  bool has_error = false;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    has_error |= diagnostic.severity == Severity::error;
    if (diagnostic.line < 1 || diagnostic.column < 1 || diagnostic.message.empty()) FAIL(to_string(diagnostic));
  }
  if (result.config.has_value() == has_error) FAIL("neither a config nor an error, or both:\n" << text);
}

}  // namespace

TEST_CASE("every prefix of a file is a config or an error") {
  const std::string text = big_config();
  const LoadOptions options = corpus_options();
  REQUIRE(text.size() > 1000);
  for (std::size_t length = 0; length <= text.size(); ++length) check(text.substr(0, length), options);
  SUCCEED();
}

TEST_CASE("a file with random damage is a config or an error") {
  const std::string original = big_config();
  const LoadOptions options = corpus_options();
  using namespace std::string_view_literals;
  static constexpr std::string_view telling = "\"'\n\0[]{}=.,#$\\ 0-\xFF\xC3"sv;
  std::mt19937 random(20260101);
  const auto below = [&random](std::size_t limit) { return random() % limit; };
  for (int round = 0; round < 4000; ++round) {
    std::string text = original;
    for (std::size_t change = below(4) + 1; change > 0; --change) {
      const std::size_t at = below(text.size());
      const char letter = below(2) == 0 ? telling[below(telling.size())] : static_cast<char>(below(256));
      switch (below(4)) {
        case 0: text[at] = letter; break;
        case 1: text.insert(at, 1, letter); break;
        case 2: text.erase(at, below(20) + 1); break;
        default: text.insert(at, original.substr(below(original.size()), below(60))); break;
      }
    }
    check(text, options);
  }
  SUCCEED();
}

}  // namespace berth::config::test
