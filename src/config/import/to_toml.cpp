// The text of the config that an import makes.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/import/import.hpp"
#include "config/toml_scan.hpp"
#include "core/utf8.hpp"

namespace berth::config {
namespace {

constexpr std::size_t width = 100;

// TOML allows no control characters in comments.
std::string comment(std::string_view text) {
  return fmt::format("# {}\n", core::tame(text, 1000));
}

std::string quoted(const Word& word, bool templated) {
  return toml_quoted(in_berth_words(word, templated));
}

// On one line where that fits, else on as few as it takes; what a bridge is to start begins a line of its own.
std::string list(std::string_view key, const std::vector<std::string>& items) {
  std::string line = fmt::format("{} = [", key);
  for (std::size_t i = 0; i < items.size(); ++i) line += (i == 0 ? "" : ", ") + items[i];
  line += "]\n";
  if (line.size() <= width || items.size() < 2) return line;
  std::string text = fmt::format("{} = [\n", key);
  line = " ";
  for (const std::string& item : items) {
    if (line.size() > 1 && line.size() + item.size() + 2 > width) text += std::exchange(line, " ") + "\n";
    line += fmt::format(" {},", item);
    if (item == "\"--\"") text += std::exchange(line, " ") + "\n";
  }
  if (line.size() > 1) text += line + "\n";
  return text + "]\n";
}

std::string environment(const std::vector<Draft::Variable>& env) {
  if (env.empty()) return "";
  std::string line = "env = { ";
  bool commented = false;
  for (const Draft::Variable& variable : env) {
    line += fmt::format("{}{} = {}", line.size() > 8 ? ", " : "", variable.name, quoted(variable.value, true));
    commented = commented || !variable.comments.empty();
  }
  line += " }\n";
  if (line.size() <= width && !commented) return line;
  line.clear();
  for (const Draft::Variable& variable : env) {
    for (const std::string& text : variable.comments) line += comment(text);
    line += fmt::format("env.{} = {}\n", variable.name, quoted(variable.value, true));
  }
  return line;
}

// A path of the machine: a plain string, but `$` means something in all of them.
std::string plain(const std::string& text) {
  return toml_quoted(in_berth_words(literal_word(text), false));
}

std::string block(const ImportedServer& server) {
  const Draft& draft = server.draft;
  std::string text = "\n";
  for (const std::string& line : server.before) text += comment(line);
  text += "[[servers]]\n";
  for (const std::string& line : draft.remarks) text += comment(line);
  text += fmt::format("name = {}\n", toml_quoted(server.name));
  text += fmt::format("command = {}\n", quoted(draft.command, false));
  for (const std::string& line : server.args_before) text += comment(line);
  std::vector<std::string> args;
  for (const Word& arg : draft.args) args.push_back(quoted(arg, true));
  if (!args.empty()) text += list("args", args);
  if (!draft.cwd.empty()) text += fmt::format("cwd = {}\n", plain(draft.cwd));
  text += environment(draft.env);
  if (!draft.env_file.empty()) text += fmt::format("env_file = {}\n", plain(draft.env_file));
  if (!draft.port_env.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : draft.port_env) names.push_back(toml_quoted(name));
    text += list("port_env", names);
  }
  if (draft.path != "/mcp") text += fmt::format("path = {}\n", plain(draft.path));
  if (!draft.enabled) text += "enabled = false\n";
  if (!draft.ready_timeout.empty()) text += fmt::format("ready.timeout = {}\n", toml_quoted(draft.ready_timeout));
  return text;
}

std::string needs(const Setting& setting) {
  std::string text;
  for (const std::string& server : setting.servers) text += (text.empty() ? "" : ", ") + server;
  if (!setting.help.empty()) text += ": " + setting.help;
  if (setting.was_written_out) text += " (its value stood in the file)";
  return text;
}

}  // namespace

std::string to_toml(const Import& import) {
  std::string text = comment("Made by `berth import` from");
  for (const auto& [file, source] : import.files) text += comment(fmt::format("  {} ({})", file, source_title(source)));
  const auto required = [](const Setting& setting) { return !setting.has_default; };
  if (std::ranges::any_of(import.settings, required)) {
    text += "#\n";
    text += comment("Set these in the environment, or in a file that `env_file` names, before `berth up`:");
    for (const Setting& setting : import.settings) {
      if (required(setting)) text += comment(fmt::format("  {}  {}", setting.name, needs(setting)));
    }
  }
  if (!import.not_launched.empty()) {
    text += "#\n";
    text += comment("Not launched by Berth, they run elsewhere:");
    for (const NotLaunched& server : import.not_launched) {
      text += comment(fmt::format("  {}  {}  ({})", server.name, server.url, source_title(server.source)));
    }
  }
  if (!import.head.empty()) text += "\n";
  for (const std::string& line : import.head) text += comment(line);
  if (!import.project.empty()) text += fmt::format("\nname = {}\n", toml_quoted(import.project));
  for (const ImportedServer& server : import.servers) text += block(server);
  return text;
}

}  // namespace berth::config
