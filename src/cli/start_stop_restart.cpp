#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>

#include "cli/context.hpp"
#include "cli/control_client.hpp"

namespace berth::cli {

namespace {

struct ActOptions {
  std::vector<std::string> names;
  bool wait = false;
  std::string timeout;
};

// What each verb is done for, and what --wait makes of it.
struct Verb {
  const char* name;
  const char* help;
  const char* until;
};

int act(const Context& context, const Verb& verb, const ActOptions& options) {
  const std::string socket = context.socket();
  std::string target = "/v1/wait?for=" + std::string(options.wait ? "ready" : verb.until);
  const std::string first = encoded(options.names.front());
  std::string others;
  for (std::size_t i = 1; i < options.names.size(); ++i) others += "&name=" + encoded(options.names[i]);
  const auto answer = ask_running(socket, "POST", "/v1/servers/" + first + "/" + verb.name + "?" + others);
  if (!answer.ok()) throw Stop{answer.status == 404 ? exit_usage : exit_failed, answer.error_message()};
  target += "&name=" + first + others;
  if (!options.timeout.empty()) target += "&timeout_ms=" + std::to_string(to_duration(options.timeout).count());
  return wait_answer(ask_running(socket, "GET", target, std::nullopt));
}

void add(CLI::App& app, Context& context, const Verb& verb) {
  auto* command = app.add_subcommand(verb.name, verb.help);
  auto options = std::make_shared<ActOptions>();
  command->add_option("NAME", options->names, "The servers")->required();
  if (std::string_view(verb.until) == "launched") {
    command->add_flag("--wait", options->wait, "Return once they are ready");
  }
  command->add_option("--timeout", options->timeout, "Give up waiting after this long (exit 124)")
      ->check(check_duration)
      ->type_name("T");
  command->footer("Example: berth " + std::string(verb.name) + " everything");
  command->callback([&context, options, verb] {
    context.action = [&context, options, verb] { return act(context, verb, *options); };
  });
}

}  // namespace

void add_start_stop_restart(CLI::App& app, Context& context) {
  add(app, context, {"start", "Start servers, and what they depend on", "launched"});
  add(app, context, {"stop", "Stop servers", "brought_down"});
  add(app, context, {"restart", "Stop servers if they run, and start them", "launched"});
}

}  // namespace berth::cli
