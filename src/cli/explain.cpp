#include <unistd.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "cli/explain_screen.hpp"
#include "os/json_text.hpp"

namespace berth::cli {

namespace {

struct ExplainOptions {
  std::string name;
  bool json = false;
};

int explain(const Context& context, const ExplainOptions& options) {
  const auto answer = ask_running(context.socket(), "GET", "/v1/servers/" + encoded(options.name) + "/explain");
  if (!answer.ok()) throw Stop{answer.status == 404 ? exit_usage : exit_failed, answer.error_message()};
  if (options.json) {
    std::cout << os::json_text(answer.body) << "\n";
  } else {
    std::cout << explain_screen(answer.body.as_object(), context.colour_on(STDOUT_FILENO));
  }
  return exit_ok;
}

}  // namespace

void add_explain(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context,
      {"explain",
       group::look,
       "Say why a server is as it is, what comes next and what to do",
       "One screen: its state and the reason, its command line, what was seen of it, its ports and who took them, its "
       "last exits and its last output.",
       {{"berth explain web"}, {"berth explain web --json"}}});
  auto options = std::make_shared<ExplainOptions>();
  command->add_option("NAME", options->name, "The server")->required();
  command->add_flag("--json", options->json, "One JSON document on stdout");
  command->callback(
      [&context, options] { context.action = [&context, options] { return explain(context, *options); }; });
}

}  // namespace berth::cli
