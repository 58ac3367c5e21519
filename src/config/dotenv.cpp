#include "config/dotenv.hpp"

#include <unordered_map>
#include <utility>

#include "config/names.hpp"

namespace berth::config {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  Dotenv read() {
    while (!at_end()) {
      skip_spaces();
      if (!at_line_end() && peek() != '#') assignment();
      skip_line();
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool at_end() const { return offset_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\n' : text_[offset_]; }
  [[nodiscard]] bool at_line_end() const {
    return at_end() || peek() == '\n' || text_.substr(offset_).starts_with("\r\n");
  }

  void step() {
    const auto byte = static_cast<unsigned char>(text_[offset_++]);
    if (byte == '\n') {
      ++at_.line;
      at_.column = 1;
    } else if ((byte & 0xC0U) != 0x80U) {
      ++at_.column;
    }
  }

  void skip_spaces() {
    while (!at_end() && (peek() == ' ' || peek() == '\t')) step();
  }

  // To the start of the next line.
  void skip_line() {
    while (!at_end() && peek() != '\n') step();
    if (!at_end()) step();
  }

  void fail(Position at, std::string message, std::string hint = "") {
    result_.errors.push_back({at, std::move(message), std::move(hint)});
  }

  void assignment() {
    skip_export();
    const Position at = at_;
    const std::string_view name = take_name();
    skip_spaces();
    if (peek() != '=') return fail(at, "expected NAME=VALUE");
    if (!is_valid_variable(name)) {
      return fail(at, shown(name) + " is not a name of an environment variable",
                  "letters, digits and `_`, not a digit first");
    }
    step();
    skip_spaces();
    const Position value_at = at_;
    std::string value;
    const bool complete = peek() == '"' || peek() == '\'' ? quoted_value(value) : plain_value(value);
    if (!complete) return;
    if (value.find('\0') != std::string::npos) return fail(value_at, shown(name) + " has a NUL byte in its value");
    store(std::string(name), std::move(value));
  }

  void skip_export() {
    constexpr std::string_view word = "export";
    const std::string_view rest = text_.substr(offset_);
    if (!rest.starts_with(word) || rest.size() == word.size()) return;
    if (rest[word.size()] != ' ' && rest[word.size()] != '\t') return;
    for (std::size_t i = 0; i < word.size(); ++i) step();
    skip_spaces();
  }

  std::string_view take_name() {
    const std::size_t start = offset_;
    while (!at_line_end() && peek() != '=' && peek() != ' ' && peek() != '\t') step();
    return text_.substr(start, offset_ - start);
  }

  bool plain_value(std::string& value) {
    while (!at_line_end()) {
      const bool after_space = value.empty() || value.back() == ' ' || value.back() == '\t';
      if (peek() == '#' && after_space) break;
      value += peek();
      step();
    }
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.pop_back();
    return true;
  }

  bool quoted_value(std::string& value) {
    const Position opened = at_;
    const char quote = peek();
    step();
    while (!at_end() && peek() != quote) {
      if (quote == '"' && peek() == '\\') {
        escape_sequence(value);
      } else {
        // A value that runs over lines has the same line ends whatever the file's are.
        if (!text_.substr(offset_).starts_with("\r\n")) value += peek();
        step();
      }
    }
    if (at_end()) {
      fail(opened, std::string("the quote ") + quote + " is never closed");
      return false;
    }
    step();
    skip_spaces();
    if (at_line_end() || peek() == '#') return true;
    fail(at_, "text after the closing quote", "put the whole value into quotes, or a # before a comment");
    return false;
  }

  void escape_sequence(std::string& value) {
    static constexpr std::string_view letters = "nrt\"\\$";
    static constexpr std::string_view meanings = "\n\r\t\"\\$";
    step();
    if (at_end()) return;
    const auto known = letters.find(peek());
    if (known == std::string_view::npos) {
      value += '\\';
      return;  // what follows is text like any other
    }
    value += meanings[known];
    step();
  }

  void store(std::string name, std::string value) {
    const auto [known, is_new] = places_.try_emplace(name, result_.variables.size());
    if (is_new) {
      result_.variables.emplace_back(std::move(name), std::move(value));
    } else {
      result_.variables[known->second].second = std::move(value);
    }
  }

  std::string_view text_;
  std::size_t offset_ = 0;
  Position at_;
  Dotenv result_;
  std::unordered_map<std::string, std::size_t> places_;
};

}  // namespace

Dotenv parse_dotenv(std::string_view text) {
  return Reader(text).read();
}

}  // namespace berth::config
