#include "cli/manual.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>

#include "cli/commands.hpp"
#include "cli/context.hpp"
#include "cli/help.hpp"
#include "cli/version.hpp"
#include "config/roff.hpp"

namespace berth::cli {

using config::roff;
using config::roff_literal;

namespace {

struct Term {
  std::string_view term;
  std::string_view says;
};

constexpr std::array exit_codes{
    Term{"0", "Done; yes."},
    Term{"1", "Failed. Of `up -d --wait` also: a server has failed for good."},
    Term{"2", "Wrong usage, a mistake in the configuration, no such server."},
    Term{"3",
         "`status`, `url`, `env`: something asked about, or wanted up, is not ready; `inspect`: it does not run, or "
         "does not "
         "listen."},
    Term{"4", "No supervisor answers."},
    Term{"124", "Not done within `--timeout`."},
    Term{"130, 143", "Ended by SIGINT, SIGTERM."},
};

constexpr std::array variables{
    Term{"BERTH_CONFIG", "The configuration, where there is no `-c`."},
    Term{"BERTH_RUNTIME_DIR", "The folder for sockets and locks, where there is no `--runtime-dir`."},
    Term{"BERTH_LOG_DIR", "The folder for log files, where there is no `--log-dir`."},
    Term{
        "BERTH_CGROUPS",
        "`on`: every server gets a control group of its own, where they are delegated to Berth. `off`: none ever "
        "does. `delegated`: the group that Berth is in is its own, though nothing marks it so; the units for users say "
        "it."},
    Term{"NO_COLOR", "Set to anything: no colours, unless `--color always` says otherwise."},
    Term{"LC_ALL, LC_CTYPE, LANG", "Whether the terminal shows UTF-8; without it, shapes are ASCII."},
    Term{"XDG_CONFIG_HOME, XDG_RUNTIME_DIR, XDG_STATE_HOME", "Where the files below are."},
};

constexpr std::array files{
    Term{"./berth.toml", "The configuration; else that in `$XDG_CONFIG_HOME/berth`."},
    Term{"$XDG_RUNTIME_DIR/berth/PROJECT.sock",
         "The control socket: HTTP with JSON. Without XDG_RUNTIME_DIR the folder is "
         "`/tmp/berth-UID`."},
    Term{"$XDG_RUNTIME_DIR/berth/ports.json", "The ledger of ports, shared by all projects of the user."},
    Term{"$XDG_STATE_HOME/berth/PROJECT/logs/", "What the servers print, and `berth.log` for Berth itself."},
};

template <std::size_t size>
std::string list(std::string_view heading, const std::array<Term, size>& terms) {
  std::string out = ".SH " + std::string(heading) + "\n";
  for (const Term& term : terms) out += ".TP\n.B " + roff(term.term) + "\n" + roff(term.says) + "\n";
  return out;
}

std::string sentence(std::string text) {
  if (text.empty() || text.ends_with('.') || text.ends_with(')')) return text;
  return text + ".";
}

std::string option_list(const CLI::App& app, bool with_help) {
  std::string out;
  for (const OptionText& option : options_of(app)) {
    if (!with_help && option.names.back() == "--help") continue;
    out += ".TP\n";
    // Names in bold, values in italics.
    if (option.positional) {
      out += ".I " + roff(option.spelling()) + "\n";
    } else {
      std::string names;
      for (const std::string& name : option.names) names += (names.empty() ? "\\fB" : ", \\fB") + roff(name) + "\\fR";
      out += names + (option.value.empty() ? "" : " \\fI" + roff(option.value) + "\\fR") + "\n";
    }
    out += roff(sentence(option.help)) + "\n";
  }
  return out;
}

std::string paragraphs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) out += ".PP\n" + roff(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string command_part(const Context& context, const CLI::App& command) {
  std::string out = ".SS \"" + roff(usage_line(command)) + "\"\n";
  out += roff(sentence(command.get_description())) + "\n";
  for (const std::string& alias : command.get_aliases()) out += "Also as " + roff("`berth " + alias + "`") + ".\n";
  const Command* entry = entry_of(context, command);
  if (entry != nullptr) out += paragraphs(entry->text);
  out += option_list(command, false);
  if (entry == nullptr || entry->examples.empty()) return out;
  out += entry->examples.size() == 1 ? ".PP\nExample:\n" : ".PP\nExamples:\n";
  out += ".PP\n.RS 4\n.EX\n";
  for (const Example& example : entry->examples) {
    out += roff_literal(example.line) + (example.says.empty() ? "" : "   # " + roff_literal(example.says)) + "\n";
  }
  return out + ".EE\n.RE\n";
}

}  // namespace

std::string manual_page(const Context& context, const CLI::App& app) {
  std::string out = config::roff_title("BERTH", 1, version, "User Commands");
  out += ".SH NAME\nberth \\- harbour master for MCP servers\n";
  out += ".SH SYNOPSIS\n.B berth\n.I COMMAND\n.RI [ OPTIONS ]\n";
  out += ".SH DESCRIPTION\n" +
         roff(
             "Berth runs HTTP MCP servers from one TOML file, `berth.toml`(5): it gives each a port, tells the truth "
             "about whether it "
             "is ready, starts it again when it crashes, and moves it to another port when its own is taken.") +
         "\n";
  out += ".PP\n" +
         roff(
             "To begin with: `berth init` writes a file to start from, `berth up -d` starts what is in it, `berth "
             "status` says "
             "how things stand.") +
         "\n";
  std::string heading;
  for (const CLI::App* command : shown_commands(app)) {
    if (command->get_group() != heading) {
      heading = command->get_group();
      std::string capitals = heading;
      for (char& c : capitals) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      out += ".SH \"COMMANDS: " + capitals + "\"\n";
    }
    out += command_part(context, *command);
  }
  out += ".SH OPTIONS OF ALL COMMANDS\n" + option_list(app, true);
  out += list("EXIT STATUS", exit_codes) + list("ENVIRONMENT", variables) + list("FILES", files);
  return out + ".SH SEE ALSO\n.BR berth.toml (5)\n";
}

}  // namespace berth::cli
