#include "cli/usage_errors.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "cli/commands.hpp"
#include "cli/context.hpp"
#include "cli/help.hpp"
#include "config/names.hpp"
#include "config/project.hpp"

namespace berth::cli {

namespace {

std::string nearest_of(const std::string& word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  return std::string(config::nearest(word, views));
}

std::string perhaps(const std::string& near) {
  return near.empty() ? "" : "; did you mean `" + near + "`?";
}

// `words`: what was not understood, the command first.
std::string unknown_command(const CLI::App& app, const std::vector<std::string>& words) {
  const std::string& word = words.front();
  std::vector<std::string> known;
  for (const CLI::App* command : shown_commands(app)) {
    known.push_back(command->get_name());
    for (const std::string& alias : command->get_aliases()) known.push_back(alias);
  }
  // The beginning of only one is meant to be that one.
  std::string near = nearest_of(word, known);
  const auto begins = [&](const std::string& name) { return name.starts_with(word); };
  if (near.empty() && std::count_if(known.begin(), known.end(), begins) == 1) {
    near = *std::find_if(known.begin(), known.end(), begins);
  }
  std::string line = "berth";
  for (const std::string& one : words) line += " " + one;
  const std::string where = words.size() > 1 ? " (in " + config::shown(line) + ")" : "";
  return "there is no command " + config::shown(word) + where + perhaps(near) + "\n`berth --help` lists all commands";
}

std::string unknown_option(const CLI::App& app, const CLI::App* command, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> known;
  for (const CLI::App* one : {command, &app}) {
    if (one == nullptr) continue;
    for (const OptionText& option : options_of(*one)) {
      if (option.positional) continue;
      for (const std::string& spelling : option.names) {
        if (spelling.size() > 2) known.push_back(spelling);
      }
    }
  }
  const std::string whose = command == nullptr ? "berth" : "berth " + command->get_name();
  return "`" + whose + "` has no option " + config::shown(name) + perhaps(nearest_of(name, known)) + "\n`" + whose +
         " --help` lists its options";
}

std::string too_many(const CLI::App& command, const std::string& word) {
  const auto options = options_of(command);
  const auto arguments =
      std::count_if(options.begin(), options.end(), [](const OptionText& option) { return option.positional; });
  return "`berth " + command.get_name() + "` takes " + (arguments == 0 ? "no arguments" : "no more arguments") +
         ", and " + config::shown(word) + " is one\nUsage: " + usage_line(command);
}

// The servers that could be meant, where a name is missing.
std::string missing(const Context& context, const CLI::App& command, const std::string& what) {
  std::string names;
  const bool a_server = what.starts_with("NAME") && command.get_group() != group::connect;
  if (a_server || command.get_name() == "url") {
    try {
      for (const std::string& name : config::server_names_of(context.config_file()))
        names += (names.empty() ? "" : ", ") + name;
    } catch (const Stop&) {
    }
  }
  const std::string argument = what.substr(0, what.find(' '));
  return "`berth " + command.get_name() + "` needs " + argument +
         (names.empty() ? "" : " (the servers are: " + names + ")") + "\nUsage: " + usage_line(command);
}

}  // namespace

std::string usage_error(const Context& context, const CLI::App& app, const CLI::ParseError& error) {
  const auto parsed = app.get_subcommands();
  const CLI::App* command = parsed.empty() ? nullptr : parsed.front();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const auto extras = app.remaining(true);
    const auto is_option = [](const std::string& word) { return word.size() > 1 && word.front() == '-'; };
    // Behind an unknown option its value may stand, which is not to blame.
    const auto option = std::find_if(extras.begin(), extras.end(), is_option);
    if (command == nullptr && !extras.empty() && !is_option(extras.front())) return unknown_command(app, extras);
    if (option != extras.end()) return unknown_option(app, command, *option);
    if (command != nullptr && !extras.empty()) return too_many(*command, extras.front());
  }
  const std::string said = error.what();
  if (command != nullptr && said.find("At Most 1 required") != std::string::npos) {
    return "`berth " + command->get_name() + "` takes only one " + said.substr(0, said.find(':')) +
           "\nUsage: " + usage_line(*command);
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && command != nullptr)
    return missing(context, *command, said);
  const std::string whose = command == nullptr ? "berth" : "berth " + command->get_name();
  return said + "\n`" + whose + " --help` says how it is used";
}

}  // namespace berth::cli
