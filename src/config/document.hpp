#pragma once
// A TOML text as a tree in the order of the file, every key and value with its position. The one place that
// knows the TOML library; what is allowed in the tree is no concern of this file.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "berth/expected.hpp"

namespace berth::config {

// From 1, columns in code points.
struct Position {
  unsigned line = 1;
  unsigned column = 1;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Entry;

struct Node {
  enum class Type { boolean, integer, floating, string, date_time, array, table };

  Type type = Type::table;
  Position at;  // of a table with a header: the header's bracket
  bool boolean = false;
  std::int64_t integer = 0;
  double floating = 0;
  std::string string;
  std::vector<Node> items;     // of an array
  std::vector<Entry> entries;  // of a table

  // Later passes leave notes on a node.
  bool inherited = false;  // stands in [defaults], not in the server itself
  bool expanded = false;   // a string that holds the value of a `${VAR}`
  bool unknown = false;    // a string whose value could not be told: that was reported, so nobody judges it again

  [[nodiscard]] bool is(Type wanted) const { return type == wanted; }
  [[nodiscard]] const Entry* find(std::string_view key) const;
  [[nodiscard]] const Node* value(std::string_view key) const;
};

struct Entry {
  std::string key;
  Position at;  // of the key
  Node value;
};

// "an integer", "a string", …: for messages.
std::string_view describe(Node::Type type);

struct SyntaxError {
  Position at;
  std::string message;
  std::string hint;
};

// The root table, or the first syntax error. Never throws, and never nests deeper than recursion can follow.
Expected<Node, SyntaxError> parse_document(std::string_view text);

}  // namespace berth::config
