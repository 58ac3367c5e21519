#include "cli/commands.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>

#include "cli/context.hpp"
#include "cli/help.hpp"
#include "config/names.hpp"

namespace berth::cli {

namespace {

constexpr std::array all_groups{group::run, group::look, group::connect, group::configure, group::itself};

// In the order of the help, within their groups.
constexpr std::array run{add_up, add_down, add_start_stop_restart, add_reload, add_wait, add_service};
constexpr std::array look{add_status, add_logs, add_explain, add_events, add_ports, add_inspect};
constexpr std::array connect{add_url_env, add_client};
constexpr std::array configure{add_init, add_check, add_import, add_schema};
constexpr std::array itself{add_completion, add_man, add_version};

// Our own words instead of those of the library.
class Help : public CLI::Formatter {
 public:
  explicit Help(const Context& context) : context_(context) {}
  std::string make_help(const CLI::App* app, std::string /*name*/, CLI::AppFormatMode /*mode*/) const override {
    return help_text(context_, *app);
  }

 private:
  const Context& context_;
};

}  // namespace

CLI::App* declare(CLI::App& app, Context& context, Command command) {
  auto* added = app.add_subcommand(std::string(command.name), std::string(command.help));
  added->group(std::string(command.group));
  added->set_help_flag("-h,--help", "Print this");
  context.commands.emplace_back(added, std::move(command));
  return added;
}

void choose_from(CLI::Option* option, const std::vector<std::string>& words) {
  std::string names;
  std::string sentence;
  for (const std::string& word : words) {
    names += (names.empty() ? "" : "|") + word;
    sentence += (sentence.empty() ? "" : word == words.back() ? " or " : ", ") + word;
  }
  option->type_name(names)->check([words, sentence](const std::string& given) {
    if (std::find(words.begin(), words.end(), given) != words.end()) return std::string();
    const std::vector<std::string_view> known(words.begin(), words.end());
    const std::string_view near = config::nearest(given, known);
    return config::shown(given) + " is not " + sentence +
           (near.empty() ? "" : "; did you mean `" + std::string(near) + "`?");
  });
}

const Command* entry_of(const Context& context, const CLI::App& command) {
  for (const auto& [app, entry] : context.commands) {
    if (app == &command) return &entry;
  }
  return nullptr;
}

std::vector<const CLI::App*> shown_commands(const CLI::App& app) {
  const auto all = app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
  std::vector<const CLI::App*> shown;
  for (const std::string_view wanted : all_groups) {
    for (const CLI::App* command : all) {
      if (command->get_group() == wanted) shown.push_back(command);
    }
  }
  for (const CLI::App* command : all) {  // of a group that this table does not know: at the end, rather than nowhere
    if (std::find(shown.begin(), shown.end(), command) == shown.end()) shown.push_back(command);
  }
  return shown;
}

void declare_all(CLI::App& app, Context& context) {
  app.name("berth");
  app.description(
      "Berth, a harbour master for MCP servers: gives each a port, keeps it running, says truthfully how it is.");
  app.require_subcommand(0, 1);
  app.fallthrough();  // the common options may also stand after the command
  app.formatter(std::make_shared<Help>(context));
  app.set_help_flag("-h,--help", "Print this");
  context.add_options(app);
  const auto add_all = [&](const auto& commands) {
    for (const auto add : commands) add(app, context);
  };
  add_all(run);
  add_all(look);
  add_all(connect);
  add_all(configure);
  add_all(itself);
  app.footer(
      "`berth COMMAND --help` says more of each, with examples. To begin with: `berth init`, `berth up -d`, "
      "`berth status`.");
}

}  // namespace berth::cli
