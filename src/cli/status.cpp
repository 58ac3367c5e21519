#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/array.hpp>
#include <iostream>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "cli/selection.hpp"
#include "cli/status_table.hpp"
#include "os/json_text.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

struct StatusOptions {
  std::vector<std::string> names;
  bool json = false;
};

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 0;
}

int status(const Context& context, const StatusOptions& options) {
  auto answer = ask_running(context.socket(), "GET", "/v1/status");
  if (!answer.ok()) throw Stop{exit_failed, answer.error_message()};
  auto& servers = answer.body.as_object().at("servers").as_array();
  servers = select(servers, options.names);
  if (options.json) {
    std::cout << os::json_text(answer.body) << "\n";
  } else {
    std::cout << status_table(servers, terminal_width(), context.colour_on(STDOUT_FILENO));
  }
  return all_ready(servers, !options.names.empty()) ? exit_ok : exit_not_ready;
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("status", "Say how things stand")->alias("ps");
  auto options = std::make_shared<StatusOptions>();
  command->add_option("NAME", options->names, "Only these servers");
  command->add_flag("--json", options->json, "One JSON document on stdout");
  command->footer(
      "Exit code 3 when one of these servers, or one that is wanted up, is not ready; 4 when no supervisor runs.\n"
      "Example: berth status --json");
  command->callback(
      [&context, options] { context.action = [&context, options] { return status(context, *options); }; });
}

}  // namespace berth::cli
