#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "os/json_text.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

struct ReloadOptions {
  bool dry_run = false;
  bool json = false;
};

const json::array* list(const json::value& body, std::string_view key) {
  const auto* object = body.if_object();
  const auto* value = object != nullptr ? object->if_contains(key) : nullptr;
  return value != nullptr ? value->if_array() : nullptr;
}

void print_texts(const json::array* all, std::ostream& out) {
  if (all == nullptr) return;
  for (const auto& one : *all) {
    const auto* text = one.is_object() ? one.as_object().if_contains("text") : &one;
    if (text != nullptr && text->is_string()) out << std::string_view(text->as_string()) << "\n";
  }
}

// What is wrong with the file, as `berth check` says it.
[[noreturn]] void refuse(const ControlAnswer& answer, bool as_json) {
  if (answer.status != 422) throw Stop{exit_failed, answer.error_message()};
  if (as_json) std::cout << os::json_text(answer.body) << "\n";
  const auto* wrong = list(answer.body.at("error"), "diagnostics");
  print_texts(wrong, std::cerr);
  std::string message = "the file is not valid, and nothing was changed";
  if (os::json_text(answer.body).find("is not set") != std::string::npos) {
    message += "; variables are those of the environment in which the supervisor was started, or of an env_file";
  }
  throw Stop{exit_usage, message};
}

// The file is the one that the supervisor was started with.
void check_file(const std::string& wanted, const json::value& answer) {
  if (wanted.empty()) return;
  const std::string_view used = answer.at("config").as_string();
  std::error_code error;
  if (std::filesystem::equivalent(wanted, std::string(used), error)) return;
  throw Stop{exit_usage, "the supervisor was started with " + std::string(used) + ", and reloads that: not " + wanted +
                             "; nothing was changed"};
}

int reload(const Context& context, const ReloadOptions& options) {
  const std::string socket = context.socket();
  auto answer = ask_running(socket, "POST", "/v1/reload?dry_run=1");
  if (!answer.ok()) refuse(answer, options.json);
  check_file(context.config_option(), answer.body);
  const bool show = !options.json && !context.quiet();
  const auto plan = answer.body.at("text");
  print_texts(list(answer.body, "diagnostics"), std::cerr);
  if (show) print_texts(plan.if_array(), std::cout);
  if (!options.dry_run) {
    std::cout.flush();  // before anything is done
    answer = ask_running(socket, "POST", "/v1/reload");
    if (!answer.ok()) refuse(answer, options.json);
    if (show && answer.body.at("text") != plan) {
      std::cout << "the file has changed meanwhile; what was done:\n";
      print_texts(list(answer.body, "text"), std::cout);
    }
  }
  if (options.json) std::cout << os::json_text(answer.body) << "\n";
  return exit_ok;
}

}  // namespace

void add_reload(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context,
      {"reload",
       group::run,
       "Apply a changed configuration to what runs",
       "Prints the plan, and then carries it out: servers that did not change keep their process and port; what "
       "changed "
       "only in how they are looked after is applied to them as they run. Exit code 2, and nothing changed, when the "
       "file is not valid. SIGHUP to the supervisor does the same, and `berth up --watch` whenever the file changes.",
       {{"berth reload --dry-run", "only says what would be done"}, {"berth reload"}}});
  auto options = std::make_shared<ReloadOptions>();
  command->add_flag("--dry-run", options->dry_run, "Only print what would be done");
  command->add_flag("--json", options->json, "One JSON document on stdout");
  command->callback(
      [&context, options] { context.action = [&context, options] { return reload(context, *options); }; });
}

}  // namespace berth::cli
