#pragma once
// The words of `--help`, and what it, the manual page and the completions know of an option.

#include <CLI/App.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

class Context;

// An option, or a positional argument, as a reader sees it.
struct OptionText {
  std::vector<std::string> names;  // "-d", "--detach"; of a positional: "NAME"
  std::string value;               // "T", "FILE", "ready|stopped"; empty for a flag
  std::string help;
  bool positional = false;
  bool required = false;
  bool many = false;  // may be given several times, or takes several words

  // The words that may be given, when there are only a few: those of a value like "auto|always|never".
  [[nodiscard]] std::vector<std::string> choices() const;
  // "-d, --detach", "--timeout T", "NAME…", for a usage line.
  [[nodiscard]] std::string spelling() const;
};

// Positionals first, then options, in the order of their declaration; hidden ones are left out.
std::vector<OptionText> options_of(const CLI::App& app);

// "berth up [NAME…] [OPTIONS]"
std::string usage_line(const CLI::App& app);

// What `--help` prints, of the program or of a command.
std::string help_text(const Context& context, const CLI::App& app);

// `text` folded to lines of at most `width` columns, each but the first one after `indent` blanks; what ends a line in
// it goes on ending one.
std::string folded(std::string_view text, std::size_t width, std::size_t indent = 0);

}  // namespace berth::cli
