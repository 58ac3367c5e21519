// The reader of NAME=VALUE files.

#include "config/dotenv.hpp"

#include <algorithm>
#include <set>

#include "config/names.hpp"
#include "fuzz/support.hpp"

namespace {

using namespace berth;
using config::Dotenv;
using fuzz::visible;

std::string described(const Dotenv& dotenv) {
  std::string text;
  for (const auto& [name, value] : dotenv.variables) text += name + "=" + visible(value) + "\n";
  for (const auto& error : dotenv.errors) {
    text += std::to_string(error.at.line) + ":" + std::to_string(error.at.column) + ": " + error.message + "\n";
  }
  return text;
}

void check(std::string_view text, const Dotenv& dotenv) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  for (const auto& error : dotenv.errors) {
    FUZZ_CHECK(error.at.line >= 1 && error.at.line <= lines, described(dotenv));
    FUZZ_CHECK(error.at.column >= 1 && error.at.column <= text.size() + 1, described(dotenv));
    FUZZ_CHECK(!error.message.empty() && !fuzz::has_control_characters(error.message), visible(error.message));
    FUZZ_CHECK(!fuzz::is_utf8(text) || fuzz::is_utf8(error.message), visible(error.message));
  }
  std::set<std::string_view> names;
  for (const auto& [name, value] : dotenv.variables) {
    FUZZ_CHECK(config::is_valid_variable(name), visible(name));
    FUZZ_CHECK(names.insert(name).second, visible(name));
    FUZZ_CHECK(value.find('\0') == std::string::npos, visible(value));
  }
}

// What was read, written in double quotes and read again, is the same.
std::string written(const Dotenv& dotenv) {
  std::string text;
  for (const auto& [name, value] : dotenv.variables) {
    text += "export " + name + " = \"";
    for (const char c : value) {
      switch (c) {
        case '\n': text += "\\n"; break;
        case '\r': text += "\\r"; break;
        case '\t': text += "\\t"; break;
        case '"':
        case '\\':
        case '$': text += '\\'; [[fallthrough]];
        default: text += c;
      }
    }
    text += "\" # comment\n";
  }
  return text;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  const Dotenv dotenv = config::parse_dotenv(text);
  check(text, dotenv);

  const Dotenv again = config::parse_dotenv(written(dotenv));
  FUZZ_CHECK(again.errors.empty() && again.variables == dotenv.variables, described(dotenv) + described(again));

  const Dotenv shifted = config::parse_dotenv("# comment\n" + std::string(text));
  const bool marked = text.starts_with("\xEF\xBB\xBF");
  FUZZ_CHECK(marked || (shifted.variables == dotenv.variables && shifted.errors.size() == dotenv.errors.size()),
             described(shifted));
  if (text.find('\r') == std::string_view::npos) {
    const Dotenv other_ends = config::parse_dotenv(fuzz::replaced(text, "\n", "\r\n"));
    FUZZ_CHECK(described(other_ends) == described(dotenv), described(dotenv) + described(other_ends));
  }
  return 0;
}
