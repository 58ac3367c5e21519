#include "cli/help.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "cli/commands.hpp"
#include "cli/text_width.hpp"

namespace berth::cli {

namespace {

constexpr std::size_t help_width = 80;
constexpr std::size_t widest_label = 30;

struct Line {
  std::string label;
  std::string help;
};

// Two columns; a label that is too long stands on a line of its own.
std::string columns(const std::vector<Line>& lines) {
  std::size_t width = 0;
  for (const Line& line : lines) width = std::max(width, std::min(columns_of(line.label), widest_label));
  std::string out;
  for (const Line& line : lines) {
    out += "  " + line.label;
    const std::size_t used = columns_of(line.label);
    out += used > width ? "\n" + std::string(width + 4, ' ') : std::string(width + 2 - used, ' ');
    out += folded(line.help, help_width - width - 4, width + 4);
  }
  return out;
}

std::string block(const std::string& heading, const std::vector<Line>& lines) {
  return lines.empty() ? "" : "\n" + heading + ":\n" + columns(lines);
}

std::vector<Line> lines_of(const std::vector<OptionText>& options, bool positional) {
  std::vector<Line> lines;
  for (const OptionText& option : options) {
    if (option.positional != positional) continue;
    const bool long_only = !positional && option.names.size() == 1 && option.names[0].starts_with("--");
    lines.push_back({(long_only ? "    " : "") + option.spelling(), option.help});
  }
  return lines;
}

std::string examples(const Command& command) {
  std::size_t longest = 0;
  for (const Example& example : command.examples) {
    if (!example.says.empty()) longest = std::max(longest, example.line.size());
  }
  std::string out = command.examples.size() == 1 ? "\nExample:\n" : "\nExamples:\n";
  for (const Example& example : command.examples) {
    out += "  " + std::string(example.line);
    const bool beside = longest + 5 + columns_of(std::string(example.says)) <= help_width + 10;
    if (!example.says.empty()) {
      out += beside ? std::string(longest - example.line.size() + 3, ' ') : "\n      ";
      out += std::string(example.says);
    }
    out += "\n";
  }
  return out;
}

std::string of_program(const CLI::App& app) {
  std::string out = folded(app.get_description(), help_width) + "\nUsage: berth COMMAND [OPTIONS]\n";
  std::string heading;
  std::vector<Line> lines;
  for (const CLI::App* command : shown_commands(app)) {
    if (command->get_group() != heading) {
      out += block(heading, lines);
      heading = command->get_group();
      lines.clear();
    }
    std::string label = command->get_name();
    for (const std::string& alias : command->get_aliases()) label += ", " + alias;
    label.resize(std::max<std::size_t>(label.size(), 11), ' ');  // so that the groups stand in one line
    lines.push_back({label, command->get_description()});
  }
  out += block(heading, lines);
  out += block("Options of all commands", lines_of(options_of(app), false));
  return out + "\n" + folded(app.get_footer(), help_width);
}

}  // namespace

std::vector<std::string> OptionText::choices() const {
  std::vector<std::string> words;
  if (value.find('|') == std::string::npos) return words;
  std::size_t begin = 0;
  for (auto end = value.find('|'); end != std::string::npos; end = value.find('|', begin)) {
    words.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  words.push_back(value.substr(begin));
  return words;
}

std::string OptionText::spelling() const {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  if (positional) return out + (many ? "…" : "");
  return value.empty() ? out : out + " " + value;
}

std::vector<OptionText> options_of(const CLI::App& app) {
  std::vector<OptionText> positionals;
  std::vector<OptionText> others;
  std::vector<OptionText> last;  // what everybody expects
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    OptionText text;
    text.help = option->get_description();
    text.positional = option->get_positional();
    text.required = option->get_required();
    text.many = option->get_items_expected_max() > 1;
    if (text.positional) {
      text.names.push_back(option->get_name());
    } else {
      for (const std::string& name : option->get_snames()) text.names.push_back("-" + name);
      for (const std::string& name : option->get_lnames()) text.names.push_back("--" + name);
    }
    if (option->get_items_expected_max() > 0) text.value = option->get_type_name();
    auto& place = text.positional ? positionals : text.names.back() == "--help" ? last : others;
    place.push_back(std::move(text));
  }
  std::vector<OptionText> texts = std::move(positionals);
  texts.insert(texts.end(), others.begin(), others.end());
  texts.insert(texts.end(), last.begin(), last.end());
  return texts;
}

std::string usage_line(const CLI::App& app) {
  std::string out = "berth " + app.get_name();
  for (const OptionText& option : options_of(app)) {
    if (option.positional) out += option.required ? " " + option.spelling() : " [" + option.spelling() + "]";
  }
  return out + " [OPTIONS]";
}

std::string help_text(const Context& context, const CLI::App& app) {
  if (app.get_parent() == nullptr) return of_program(app);
  std::string out = app.get_description() + ".\n\nUsage: " + usage_line(app) + "\n";
  for (const std::string& alias : app.get_aliases()) out += "       also as: berth " + alias + "\n";
  const Command* entry = entry_of(context, app);
  if (entry != nullptr && !entry->text.empty()) out += "\n" + folded(entry->text, help_width);
  const auto options = options_of(app);
  out += block("Arguments", lines_of(options, true)) + block("Options", lines_of(options, false));
  if (entry != nullptr && !entry->examples.empty()) out += examples(*entry);
  if (!app.get_footer().empty()) out += "\n" + app.get_footer() + "\n";
  return out + "\nAll commands also take -c FILE, -p PROJECT, -q, -v and others: see `berth --help`.\n";
}

std::string folded(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string word(text.substr(0, end));
    const std::size_t length = columns_of(word);
    if (column > 0 && !word.empty()) {
      const bool fits = column + 1 + length <= width;
      out += fits ? " " : "\n" + std::string(indent, ' ');
      column = fits ? column + 1 : 0;
    }
    out += word;
    column += length;
    const bool line_ends = end < text.size() && text[end] == '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line_ends) continue;
    out += '\n';
    if (!text.empty() && text.front() != '\n') out += std::string(indent, ' ');
    column = 0;
  }
  if (column > 0 || out.empty()) out += '\n';
  return out;
}

}  // namespace berth::cli
