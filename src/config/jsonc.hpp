#pragma once
// JSON as people and editors write it, with comments and trailing commas, as a tree that knows where everything stands
// in the text: for messages with line and column, for comments that are to be kept, and for changes that leave the rest
// of a file as it is.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "berth/expected.hpp"
#include "config/document.hpp"

namespace berth::config {

struct JsonMember;

struct JsonNode {
  enum class Type { null, boolean, number, string, array, object };

  Type type = Type::null;
  Position at;
  std::size_t begin = 0;  // bytes; the text of the value is [begin, end)
  std::size_t end = 0;
  bool boolean = false;
  std::string text;                  // of a string, without escapes; a number as it was written
  std::vector<JsonNode> items;       // of an array
  std::vector<JsonMember> members;   // of an object, in the order of the text; a key may be there twice
  std::vector<std::string> remarks;  // comments before the closing bracket, behind the last member

  [[nodiscard]] bool is(Type wanted) const { return type == wanted; }
  // The last member of this name, which is the one that counts; nullptr when there is none.
  [[nodiscard]] const JsonMember* find(std::string_view key) const;
  [[nodiscard]] const JsonNode* value(std::string_view key) const;
  // The members that count, in the order of the text; those that another one of their name follows go to `repeated`.
  [[nodiscard]] std::vector<const JsonMember*> effective(std::vector<const JsonMember*>* repeated = nullptr) const;
};

struct JsonMember {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  std::string key;
  Position at;            // of the key
  std::size_t begin = 0;  // of the key's quote
  JsonNode value;
  std::size_t comma = none;         // where the comma behind it stands
  std::size_t tail = 0;             // behind the value, its comma, and the comments on the same line
  std::vector<std::string> before;  // comments between the last member and this one, a line each, without their marks
  std::vector<std::string> behind;  // comments on the line on which it ends
};

struct JsonLimits {
  unsigned depth = 64;
  std::size_t values = 500'000;
};

// The one value of `text`, which may begin with a byte order mark. Never throws; an empty text is an error.
Expected<JsonNode, SyntaxError> parse_jsonc(std::string_view text, const JsonLimits& limits = {});

// "an object", "a string", …: for messages.
std::string_view describe(JsonNode::Type type);

// A JSON string with its quotes. `text` is UTF-8.
std::string json_quoted(std::string_view text);

}  // namespace berth::config
