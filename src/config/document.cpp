#include "config/document.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <utility>

#include "core/utf8.hpp"

#if __has_include(<toml++/toml.hpp>)
#include <toml++/toml.hpp>
#else
#include <toml++/toml.h>
#endif

namespace berth::config {
namespace {

// `a.a.a…` nests a table per dot and the library recurses on them without a bound, so such a key is refused before
// it gets there. Berth's own deepest key has four parts.
constexpr unsigned max_key_parts = 32;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Walks the text outside of strings and comments, as far as counting dots needs.
class DotCounter {
 public:
  explicit DotCounter(std::string_view text) : text_(text) {}

  std::optional<Position> find_excess() {
    while (offset_ < text_.size()) {
      const char c = text_[offset_];
      if (c == '#') {
        skip_comment();
      } else if (c == '"' || c == '\'') {
        skip_string(c);
      } else {
        if (c == '.' && ++dots_ >= max_key_parts) return Position{line_, column_};
        if (std::string_view("=,[]{}\n").find(c) != std::string_view::npos) dots_ = 0;
        step();
      }
    }
    return std::nullopt;
  }

 private:
  void step() {
    const auto byte = static_cast<unsigned char>(text_[offset_++]);
    if (byte == '\n') {
      ++line_;
      column_ = 1;
    } else if ((byte & 0xC0U) != 0x80U) {
      ++column_;
    }
  }

  void skip_comment() {
    while (offset_ < text_.size() && text_[offset_] != '\n') step();
  }

  void skip_string(char quote) {
    const std::string triple(3, quote);
    const bool multi_line = text_.substr(offset_, 3) == triple;
    for (int i = 0; i < (multi_line ? 3 : 1); ++i) step();
    while (offset_ < text_.size()) {
      const char c = text_[offset_];
      if (multi_line ? text_.substr(offset_, 3) == triple : c == quote) {
        while (offset_ < text_.size() && text_[offset_] == quote) {
          step();
          if (!multi_line) return;
        }
        return;
      }
      if (!multi_line && c == '\n') return;  // unterminated: the library's to report
      if (c == '\\' && quote == '"' && offset_ + 1 < text_.size() && text_[offset_ + 1] != '\n') step();
      step();
    }
  }

  std::string_view text_;
  std::size_t offset_ = 0;
  unsigned line_ = 1;
  unsigned column_ = 1;
  unsigned dots_ = 0;
};

std::optional<Position> find_invalid_utf8(std::string_view text) {
  Position at;
  while (!text.empty()) {
    const std::size_t size = core::utf8_length(text);
    if (size == 0) return at;
    at = text.front() == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + 1};
    text.remove_prefix(size);
  }
  return std::nullopt;
}

Position position(const toml::source_position& at) {
  return {std::max(1U, static_cast<unsigned>(at.line)), std::max(1U, static_cast<unsigned>(at.column))};
}

Node convert(const toml::node& source);

void convert_table(const toml::table& table, Node& node) {
  node.type = Node::Type::table;
  node.entries.reserve(table.size());
  for (const auto& [key, value] : table) {
    node.entries.push_back({std::string(key.str()), position(key.source().begin), convert(value)});
  }
  std::ranges::sort(node.entries, {}, &Entry::at);  // the library sorts by name
}

void convert_array(const toml::array& array, Node& node) {
  node.type = Node::Type::array;
  node.items.reserve(array.size());
  for (const toml::node& item : array) node.items.push_back(convert(item));
}

Node convert(const toml::node& source) {
  Node node;
  node.at = position(source.source().begin);
  if (const auto* table = source.as_table()) {
    convert_table(*table, node);
  } else if (const auto* array = source.as_array()) {
    convert_array(*array, node);
  } else if (const auto* string = source.as_string()) {
    node.type = Node::Type::string;
    node.string = string->get();
  } else if (const auto* integer = source.as_integer()) {
    node.type = Node::Type::integer;
    node.integer = integer->get();
  } else if (const auto* floating = source.as_floating_point()) {
    node.type = Node::Type::floating;
    node.floating = floating->get();
  } else if (const auto* boolean = source.as_boolean()) {
    node.type = Node::Type::boolean;
    node.boolean = boolean->get();
  } else {
    node.type = Node::Type::date_time;
  }
  return node;
}

// The library counts the end of the file as a character, and the line feed before it as one of the last line.
Position within(std::string_view text, Position at) {
  for (unsigned line = 1; line < at.line && !text.empty(); ++line) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  const std::string_view line = text.substr(0, text.find('\n'));
  const auto characters =
      std::ranges::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  return {at.line, std::min(at.column, static_cast<unsigned>(characters) + 1)};
}

// The library's message, with a cure for the mistakes that people make most.
SyntaxError in_our_words(const toml::parse_error& error, std::string_view source) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> cures{
      {{"control characters", "is the closing quote missing?"},
       {"could not determine value type", "a string stands in quotes"}}};
  std::string text(error.description());
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  std::string hint;
  for (const auto& [symptom, cure] : cures) {
    if (text.find(symptom) != std::string::npos) hint = cure;
  }
  if (text.starts_with("error ")) text.erase(0, std::string_view("error ").size());
  return {within(source, position(error.source().begin)), "not valid TOML: " + text, std::move(hint)};
}

std::optional<SyntaxError> refuse(std::string_view text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return SyntaxError{{}, "the file is UTF-16", "save it as UTF-8"};
  }
  if (const auto at = find_invalid_utf8(text)) {
    return SyntaxError{*at, "not valid UTF-8", "save the file as UTF-8"};
  }
  if (const auto at = DotCounter(text).find_excess()) {
    return SyntaxError{*at, "a key of more than " + std::to_string(max_key_parts) + " dotted parts", ""};
  }
  return std::nullopt;
}

}  // namespace

const Entry* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

const Node* Node::value(std::string_view key) const {
  const Entry* entry = find(key);
  return entry == nullptr ? nullptr : &entry->value;
}

std::string_view describe(Node::Type type) {
  switch (type) {
    case Node::Type::boolean: return "a boolean";
    case Node::Type::integer: return "an integer";
    case Node::Type::floating: return "a decimal number";
    case Node::Type::string: return "a string";
    case Node::Type::date_time: return "a date or time";
    case Node::Type::array: return "a list";
    case Node::Type::table: return "a table";
  }
  return "something else";
}

Expected<Node, SyntaxError> parse_document(std::string_view text) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (auto error = refuse(text)) return Unexpected<SyntaxError>(std::move(*error));
  try {
    return convert(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return Unexpected<SyntaxError>(in_our_words(error, text));
  } catch (const std::exception& error) {
    return Unexpected<SyntaxError>({{}, error.what(), ""});
  }
}

}  // namespace berth::config
