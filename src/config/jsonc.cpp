#include "config/jsonc.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include "config/names.hpp"
#include "core/utf8.hpp"

namespace berth::config {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t bits) { out += static_cast<char>(static_cast<unsigned char>(bits)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0U | (code >> 6U));
    byte(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    byte(0xE0U | (code >> 12U));
    byte(0x80U | ((code >> 6U) & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  } else {
    byte(0xF0U | (code >> 18U));
    byte(0x80U | ((code >> 12U) & 0x3FU));
    byte(0x80U | ((code >> 6U) & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  }
}

// The lines of a comment without the marks and the stars that decorate it.
void add_comment(std::vector<std::string>& out, std::string_view body, bool block) {
  const auto trim = [](std::string_view line) {
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    return line;
  };
  while (true) {
    const auto end = std::min(body.find('\n'), body.size());
    std::string_view line = trim(body.substr(0, end));
    if (block) {
      while (line.starts_with('*')) line.remove_prefix(1);
      while (line.ends_with('*')) line.remove_suffix(1);
      line = trim(line);
    }
    if (!line.empty()) out.emplace_back(line);
    if (end == body.size()) return;
    body.remove_prefix(end + 1);
  }
}

struct Failure {
  SyntaxError error;
};

class Parser {
 public:
  Parser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {
    if (text_.starts_with(byte_order_mark)) at_ = byte_order_mark.size();
  }

  JsonNode document() {
    skip_blank(nullptr);
    if (at_ == text_.size()) fail("the file is empty", "an empty JSON file is {}");
    JsonNode root = value(0);
    skip_blank(nullptr);
    if (at_ != text_.size()) fail("something stands behind the end of the document");
    return root;
  }

 private:
  [[noreturn]] void fail(std::string message, std::string hint = "") const {
    throw Failure{{here_, "not valid JSON: " + std::move(message), std::move(hint)}};
  }

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }

  void step() {
    const auto byte = static_cast<unsigned char>(text_[at_++]);
    if (byte == '\n') {
      ++here_.line;
      here_.column = 1;
    } else if ((byte & 0xC0U) != 0x80U) {
      ++here_.column;
    }
  }

  void comment(std::vector<std::string>* out) {
    const std::size_t begin = at_ + 2;
    if (text_.substr(at_, 2) == "//") {
      while (!at_end() && peek() != '\n') step();
      if (out != nullptr) add_comment(*out, text_.substr(begin, at_ - begin), false);
      return;
    }
    const Position start = here_;
    step();
    step();
    while (!at_end() && text_.substr(at_, 2) != "*/") step();
    if (at_end()) {
      here_ = start;
      fail("a comment without its end", "it ends with */");
    }
    if (out != nullptr) add_comment(*out, text_.substr(begin, at_ - begin), true);
    step();
    step();
  }

  [[nodiscard]] bool at_comment() const { return text_.substr(at_, 2) == "//" || text_.substr(at_, 2) == "/*"; }

  void skip_blank(std::vector<std::string>* comments) {
    while (!at_end()) {
      if (is_blank(peek())) {
        step();
      } else if (at_comment()) {
        comment(comments);
      } else {
        return;
      }
    }
  }

  // Up to the end of the line; what comes after belongs to what follows.
  void skip_rest_of_line(std::vector<std::string>& comments) {
    while (!at_end() && peek() != '\n') {
      if (is_blank(peek())) {
        step();
      } else if (at_comment()) {
        comment(&comments);
      } else {
        return;
      }
    }
  }

  JsonNode value(unsigned depth) {
    if (++count_ > limits_.values) fail(fmt::format("more than {} values", limits_.values));
    if (depth > limits_.depth) fail(fmt::format("nested more than {} deep", limits_.depth));
    JsonNode node;
    node.at = here_;
    node.begin = at_;
    const char c = peek();
    if (c == '{') {
      object(node, depth);
    } else if (c == '[') {
      array(node, depth);
    } else if (c == '"') {
      node.type = JsonNode::Type::string;
      node.text = string();
    } else if (c == '-' || is_digit(c)) {
      number(node);
    } else {
      word(node);
    }
    node.end = at_;
    return node;
  }

  void word(JsonNode& node) {
    std::size_t end = at_;
    while (end < text_.size() && ((text_[end] | 0x20) >= 'a' && (text_[end] | 0x20) <= 'z')) ++end;
    const std::string_view found = text_.substr(at_, end - at_);
    if (found == "true" || found == "false") {
      node.type = JsonNode::Type::boolean;
      node.boolean = found == "true";
    } else if (found != "null") {
      if (at_end()) fail("the file ends where a value should stand", "is a closing bracket missing?");
      const std::string_view rest = text_.substr(at_);
      fail(fmt::format("{} where a value should stand", shown(found.empty() ? rest.substr(0, character(rest)) : found)),
           "texts stand in double quotes");
    }
    while (at_ < end) step();
  }

  static std::size_t character(std::string_view text) { return std::max<std::size_t>(1, core::utf8_length(text)); }

  void number(JsonNode& node) {
    const std::size_t begin = at_;
    node.type = JsonNode::Type::number;
    const auto digits = [&] {
      if (!is_digit(peek())) fail("a number without digits");
      while (is_digit(peek())) step();
    };
    if (peek() == '-') step();
    if (peek() == '0' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) fail("a number that begins with 0");
    digits();
    if (peek() == '.') {
      step();
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      step();
      if (peek() == '+' || peek() == '-') step();
      digits();
    }
    node.text = text_.substr(begin, at_ - begin);
  }

  std::uint32_t hex4() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      const char lower = static_cast<char>(c | 0x20);
      if (is_digit(c)) {
        code = code * 16 + static_cast<std::uint32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        code = code * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
      } else {
        fail("\\u without four hexadecimal digits");
      }
      step();
    }
    return code;
  }

  void escape(std::string& out) {
    step();
    const char c = peek();
    constexpr std::string_view marks = "\"\\/bfnrt";
    constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
    if (const auto known = marks.find(c); !at_end() && known != std::string_view::npos) {
      out += meant[known];
      return step();
    }
    if (at_end() || c != 'u') fail("an unknown escape in a string", "a backslash itself is written \\\\");
    step();
    std::uint32_t code = hex4();
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      step();
      step();
      const std::uint32_t low = hex4();
      if (low < 0xDC00 || low > 0xDFFF) fail("half of a character in a string");
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    }
    if (code >= 0xD800 && code <= 0xDFFF) fail("half of a character in a string");
    append_utf8(out, code);
  }

  std::string string() {
    const Position start = here_;
    std::string out;
    step();
    while (true) {
      if (at_end() || peek() == '\n') {
        here_ = start;
        fail("a string without its closing quote");
      }
      const char c = peek();
      if (c == '"') {
        step();
        return out;
      }
      if (c == '\\') {
        escape(out);
        continue;
      }
      if (static_cast<unsigned char>(c) < ' ') fail("a control character in a string", "write \\t for a tab");
      out += c;
      step();
    }
  }

  void array(JsonNode& node, unsigned depth) {
    node.type = JsonNode::Type::array;
    step();
    while (true) {
      skip_blank(&node.remarks);
      if (peek() == ']') return step();
      node.items.push_back(value(depth + 1));
      skip_blank(&node.remarks);
      if (peek() == ',') {
        step();
      } else if (peek() != ']') {
        missing_comma(']');
      }
    }
  }

  [[noreturn]] void missing_comma(char close) {
    if (at_end()) fail(fmt::format("the file ends before the closing `{}`", close));
    fail(fmt::format("`,` or `{}` should stand here", close));
  }

  void object(JsonNode& node, unsigned depth) {
    node.type = JsonNode::Type::object;
    step();
    std::vector<std::string> comments;
    while (true) {
      skip_blank(&comments);
      if (peek() == '}') break;
      node.members.push_back(member(std::move(comments), depth));
      comments.clear();
      JsonMember& last = node.members.back();
      skip_rest_of_line(last.behind);
      last.tail = tail_;
      if (is_blank(peek())) skip_blank(&comments);
      if (peek() == ',') {
        // What stands between the value and a comma on a later line is the value's.
        std::ranges::move(comments, std::back_inserter(last.behind));
        comments.clear();
        last.comma = at_;
        step();
        tail_ = at_;
        skip_behind_comma(last.behind);
        last.tail = tail_;
      } else if (peek() != '}') {
        missing_comma('}');
      }
    }
    node.remarks = std::move(comments);
    step();
  }

  // A comment behind a comma belongs to the member before it, unless another one follows on the line.
  void skip_behind_comma(std::vector<std::string>& behind) {
    const auto saved = std::pair{at_, here_};
    std::vector<std::string> comments;
    skip_rest_of_line(comments);
    if (at_end() || peek() == '\n' || peek() == '}') {
      std::ranges::move(comments, std::back_inserter(behind));
      std::size_t end = at_;
      while (end > saved.first && is_blank(text_[end - 1])) --end;
      tail_ = end;
    } else {
      std::tie(at_, here_) = saved;
    }
  }

  JsonMember member(std::vector<std::string> comments, unsigned depth) {
    JsonMember member;
    member.before = std::move(comments);
    member.at = here_;
    member.begin = at_;
    if (peek() != '"') {
      if (at_end()) fail("the file ends before the closing `}`");
      fail("a key in double quotes should stand here");
    }
    member.key = string();
    skip_blank(&member.before);
    if (peek() != ':') fail("`:` should stand here, behind a key");
    step();
    skip_blank(&member.before);
    member.value = value(depth + 1);
    tail_ = at_;
    // The comments that follow on the line move the tail.
    const auto saved = std::pair{at_, here_};
    std::vector<std::string> ignored;
    skip_rest_of_line(ignored);
    if (at_end() || peek() == '\n') {
      std::size_t end = at_;
      while (end > saved.first && is_blank(text_[end - 1])) --end;
      tail_ = end;
    }
    std::tie(at_, here_) = saved;
    return member;
  }

  std::string_view text_;
  JsonLimits limits_;
  std::size_t at_ = 0;
  Position here_;
  std::size_t count_ = 0;
  std::size_t tail_ = 0;
};

std::optional<Position> find_invalid_utf8(std::string_view text) {
  Position at;
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  while (!text.empty()) {
    const std::size_t size = core::utf8_length(text);
    if (size == 0) return at;
    at = text.front() == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + 1};
    text.remove_prefix(size);
  }
  return std::nullopt;
}

}  // namespace

const JsonMember* JsonNode::find(std::string_view key) const {
  const auto found = std::find_if(members.rbegin(), members.rend(), [&](const auto& m) { return m.key == key; });
  return found == members.rend() ? nullptr : &*found;
}

const JsonNode* JsonNode::value(std::string_view key) const {
  const JsonMember* member = find(key);
  return member == nullptr ? nullptr : &member->value;
}

std::vector<const JsonMember*> JsonNode::effective(std::vector<const JsonMember*>* repeated) const {
  std::unordered_map<std::string_view, const JsonMember*> last;
  for (const JsonMember& member : members) last[member.key] = &member;
  std::vector<const JsonMember*> result;
  for (const JsonMember& member : members) {
    if (last[member.key] == &member) {
      result.push_back(&member);
    } else if (repeated != nullptr) {
      repeated->push_back(&member);
    }
  }
  return result;
}

Expected<JsonNode, SyntaxError> parse_jsonc(std::string_view text, const JsonLimits& limits) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return Unexpected<SyntaxError>({{}, "the file is UTF-16", "save it as UTF-8"});
  }
  if (const auto at = find_invalid_utf8(text)) {
    return Unexpected<SyntaxError>({*at, "not valid UTF-8", "save the file as UTF-8"});
  }
  try {
    return Parser(text, limits).document();
  } catch (const Failure& failure) {
    return Unexpected<SyntaxError>(failure.error);
  }
}

std::string_view describe(JsonNode::Type type) {
  switch (type) {
    case JsonNode::Type::null: return "null";
    case JsonNode::Type::boolean: return "a boolean";
    case JsonNode::Type::number: return "a number";
    case JsonNode::Type::string: return "a string";
    case JsonNode::Type::array: return "a list";
    case JsonNode::Type::object: return "an object";
  }
  return "something else";
}

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace berth::config
