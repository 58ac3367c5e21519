#pragma once
// The one table of commands. Each command's own file declares its entry: name, help, more text, examples. The help, the
// manual page and the completions are made from these entries and from the options that are declared beside them.

#include <CLI/App.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

class Context;

// What a command is for; the headings of `berth --help`, in this order.
namespace group {
inline constexpr const char* run = "Run";
inline constexpr const char* look = "Look";
inline constexpr const char* connect = "Connect clients";
inline constexpr const char* configure = "Configure";
inline constexpr const char* itself = "Berth itself";
inline constexpr const char* hidden = "";
}  // namespace group

struct Example {
  std::string_view line;       // as one would type it
  std::string_view says = "";  // what it does, where the line alone does not tell
};

struct Command {
  std::string_view name;
  std::string_view group;
  std::string_view help;  // one line without its full stop
  std::string_view text;  // the rest: whole sentences; an empty line parts paragraphs
  std::vector<Example> examples;
};

// Adds the command to the program, and its entry to the table. Options go onto what is returned.
CLI::App* declare(CLI::App& app, Context& context, Command command);

// Only one of these words may be given; the help shows them, the completions offer them.
void choose_from(CLI::Option* option, const std::vector<std::string>& words);

// Makes the whole program: the common options and every command.
void declare_all(CLI::App& app, Context& context);

// The entry of a command that was declared; nullptr for another App.
const Command* entry_of(const Context& context, const CLI::App& command);

// Its commands in the order of the table: of each group, in the order of the groups. Hidden ones are left out.
std::vector<const CLI::App*> shown_commands(const CLI::App& app);

}  // namespace berth::cli
