#pragma once
// Where the comments, the headers of tables and the strings of a TOML text stand: what the library that reads TOML does
// not keep, and what a change needs that leaves the rest of the file as it is.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"

namespace berth::config {

struct TomlMark {
  enum class Kind { comment, header };

  Kind kind = Kind::comment;
  unsigned line = 1;      // from 1
  bool alone = false;     // nothing but blanks stands before it on its line
  std::size_t begin = 0;  // bytes; a comment from its #, a header from its first bracket
  std::size_t end = 0;    // behind its last byte, the line break not included
};

// In the order of the text, which is valid TOML.
std::vector<TomlMark> scan_toml(std::string_view text);

// The byte at which `at` stands, or the size of the text.
std::size_t offset_of(std::string_view text, Position at);

// Behind the end of the string whose quote stands at `begin`.
std::size_t end_of_string(std::string_view text, std::size_t begin);

// A string of TOML with its quotes. `text` is UTF-8.
std::string toml_quoted(std::string_view text);

// The name as a key: bare where TOML allows that.
std::string toml_key(std::string_view name);

}  // namespace berth::config
