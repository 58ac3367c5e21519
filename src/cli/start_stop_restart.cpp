#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "cli/progress.hpp"

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
  const char* text;
  std::vector<Example> examples;
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
  const Goal goal = std::string_view(verb.name) == "stop" ? Goal::stopped : Goal::ready;
  return wait_answer(ask_waiting(context, socket, target, options.names, goal));
}

void add(CLI::App& app, Context& context, const Verb& verb) {
  auto* command = declare(app, context, {verb.name, group::run, verb.help, verb.text, verb.examples});
  auto options = std::make_shared<ActOptions>();
  command->add_option("NAME", options->names, "The servers")->required();
  if (std::string_view(verb.until) == "launched") {
    command->add_flag("--wait", options->wait, "Return once they are ready");
  }
  command->add_option("--timeout", options->timeout, "Give up waiting after this long (exit 124)")
      ->check(check_duration)
      ->type_name("T");
  command->callback([&context, options, verb] {
    context.action = [&context, options, verb] { return act(context, verb, *options); };
  });
}

}  // namespace

void add_start_stop_restart(CLI::App& app, Context& context) {
  add(app, context,
      {"start",
       "Start servers, and what they depend on",
       "launched",
       "Also those that have failed, and those with enabled = false. Returns when they are launched, with --wait when "
       "they are ready.",
       {{"berth start web"}, {"berth start --wait --timeout 1m web db"}}});
  add(app, context,
      {"stop",
       "Stop servers",
       "brought_down",
       "Returns when they have stopped, and nothing of them is left. Those that depend on them are left alone. They "
       "stay "
       "down until `berth start` or the next `berth up`.",
       {{"berth stop web"}}});
  add(app, context,
      {"restart",
       "Stop servers if they run, and start them",
       "launched",
       "Returns when they are launched again, with --wait when they are ready. A restart that somebody asks for is no "
       "failure and is not counted under RESTARTS.",
       {{"berth restart web"}, {"berth restart --wait web"}}});
}

}  // namespace berth::cli
