#pragma once
// Texts of other programs' configs as pieces: what stands there, and what is put in later. Each program has its own way
// of writing a variable; here they become one, and are written in Berth's.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/import/foreign.hpp"

namespace berth::config {

struct Piece {
  enum class Kind { literal, variable, placeholder };  // a placeholder is {port} and its like

  Kind kind = Kind::literal;
  std::string text;
  std::optional<std::string> fallback;  // of a variable

  friend bool operator==(const Piece&, const Piece&) = default;
};

using Word = std::vector<Piece>;

// What the words of one file are read with.
struct Dialect {
  Source source = Source::claude_desktop;
  std::string workspace;  // absolute: ${workspaceFolder}
  const std::vector<ForeignInput>* inputs = nullptr;
};

struct WordProblem {
  std::string message;
};

// `problems` gets what cannot be told in Berth's words; it stays as it was written.
Word read_word(std::string_view text, const Dialect& dialect, std::vector<WordProblem>& problems);

Word literal_word(std::string_view text);
// The text, when there is nothing but text in it.
std::optional<std::string> plain_text(const Word& word);
// Its literal parts with a space for all else: for looking at what it is.
std::string outline(const Word& word);

// As a string of Berth's config (without quotes). `templated`: it is one of those in which {port} is filled in.
std::string in_berth_words(const Word& word, bool templated);

// For a shell, as a word of a command line. A variable is read by the shell itself, so it must be in its environment.
Word for_shell(const Word& word);

// "github-token" to GITHUB_TOKEN: a legal name of a variable.
std::string variable_name(std::string_view text);

}  // namespace berth::config
