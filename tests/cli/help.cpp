#include "cli/help.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/commands.hpp"
#include "cli/context.hpp"
#include "cli/text_width.hpp"
#include "support/catch.hpp"

namespace berth::cli {
namespace {

struct Berth {
  CLI::App app;
  Context context;
  Berth() { declare_all(app, context); }
};

// The words of the part of a line that is a `berth` command, without the shell around it.
std::vector<std::string> berth_words(std::string_view line) {
  auto begin = line.find("berth ");
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin + 6);
  line = line.substr(0, line.find_first_of("|>)&;"));
  std::vector<std::string> words;
  std::string word;
  for (const char c : line) {
    if (c != ' ') word += c;
    if (c == ' ' && !word.empty()) words.push_back(std::exchange(word, ""));
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

}  // namespace

TEST_CASE("Every command stands in the table, with a group, a help and an example that parses") {
  const Berth berth;
  const auto commands = berth.app.get_subcommands([](const CLI::App*) { return true; });
  CHECK(commands.size() > 15);
  for (const CLI::App* command : commands) {
    INFO(command->get_name());
    const Command* entry = entry_of(berth.context, *command);
    REQUIRE(entry != nullptr);
    CHECK(entry->help.size() > 5);
    CHECK_FALSE(entry->help.ends_with('.'));
    REQUIRE_FALSE(entry->examples.empty());
    for (const Example& example : entry->examples) {
      INFO(example.line);
      Berth fresh;
      auto words = berth_words(example.line);
      std::reverse(words.begin(), words.end());
      CHECK_NOTHROW(fresh.app.parse(words));
      CHECK(fresh.context.action != nullptr);
      const auto chosen = fresh.app.get_subcommands();
      REQUIRE(chosen.size() == 1);
      CHECK(chosen.front()->get_name() == command->get_name());
    }
  }
}

TEST_CASE("The help of a command has its usage, options, examples and a way to more") {
  const Berth berth;
  for (const CLI::App* command : shown_commands(berth.app)) {
    const std::string help = help_text(berth.context, *command);
    INFO(help);
    CHECK(help.find(command->get_description() + ".") == 0);
    CHECK(help.find("\nUsage: berth " + command->get_name()) != std::string::npos);
    CHECK(help.find("\nExample") != std::string::npos);
    CHECK(help.find("berth --help") != std::string::npos);
    for (const OptionText& option : options_of(*command)) {
      CHECK(help.find(option.spelling()) != std::string::npos);
      CHECK_FALSE(option.help.empty());
    }
  }
}

TEST_CASE("The help of the program lists every command under its group") {
  const Berth berth;
  const std::string help = help_text(berth.context, berth.app);
  INFO(help);
  for (const char* heading : {"\nRun:\n", "\nLook:\n", "\nConnect clients:\n", "\nConfigure:\n", "\nBerth itself:\n"}) {
    CHECK(help.find(heading) != std::string::npos);
  }
  for (const CLI::App* command : shown_commands(berth.app))
    CHECK(help.find("\n  " + command->get_name()) != std::string::npos);
  CHECK(help.find("__complete") == std::string::npos);
}

TEST_CASE("Helps fit eighty columns, their examples aside") {
  const Berth berth;
  std::string all = help_text(berth.context, berth.app);
  for (const CLI::App* command : shown_commands(berth.app)) {
    const std::string help = help_text(berth.context, *command);
    all += help.substr(0, help.find("\nExample"));
  }
  std::size_t begin = 0;
  for (auto end = all.find('\n'); end != std::string::npos; begin = end + 1, end = all.find('\n', begin)) {
    INFO(all.substr(begin, end - begin));
    CHECK(columns_of(all.substr(begin, end - begin)) <= 80);
  }
}

TEST_CASE("Text is folded at words, with what follows indented") {
  CHECK(folded("one two three", 7) == "one two\nthree\n");
  CHECK(folded("one two three", 7, 2) == "one two\n  three\n");
  CHECK(folded("one\n\ntwo", 80) == "one\n\ntwo\n");
  CHECK(folded("unbreakable", 3) == "unbreakable\n");
}

}  // namespace berth::cli
