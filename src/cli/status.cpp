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
#include "cli/terminal.hpp"
#include "cli/watch.hpp"
#include "os/json_text.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

struct StatusOptions {
  std::vector<std::string> names;
  bool json = false;
  bool watch = false;
};

TableLook look_of(const Context& context) {
  TableLook look;
  look.colour = context.colour_on(STDOUT_FILENO);
  if (const auto size = terminal_size(STDOUT_FILENO)) {
    look.width = size->columns;
    look.glyphs = &glyphs_of_locale();
  }
  return look;
}

int status(const Context& context, const StatusOptions& options) {
  if (options.watch) {
    if (!options.json && can_redraw(STDOUT_FILENO)) return watch_on_screen(context, options.names);
    return watch_as_text(context, options.names, options.json);
  }
  auto answer = ask_running(context.socket(), "GET", options.json ? full_status : lean_status);
  if (!answer.ok()) throw Stop{exit_failed, answer.error_message()};
  auto& servers = answer.body.as_object().at("servers").as_array();
  if (!options.names.empty()) servers = select(servers, options.names);
  if (options.json) {
    std::cout << os::json_text(answer.body) << "\n";
  } else {
    std::cout << status_table(servers, look_of(context));
  }
  return all_ready(servers, !options.names.empty()) ? exit_ok : exit_not_ready;
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context,
      {"status",
       group::look,
       "Say how things stand",
       "A table: on a terminal with shapes and colours, fitted to its width; elsewhere plain. Exit code 3 when one of "
       "these servers, or one that is wanted up, is not ready; 4 when no supervisor runs.\n\n"
       "--watch keeps the screen up to date, once a second, with the use of processors and memory; its keys select a "
       "server, restart and stop it, show its log and explain it (`?` lists them). Where there is no terminal, or with "
       "--json, it prints the table or a document after every change.",
       {{"berth status"},
        {"berth status --watch", "a screen that follows"},
        {"berth status web --json | jq -r '.servers[0].state'"},
        {"berth status --watch --json | jq -c '[.servers[] | {name, state}]'"}}});
  command->alias("ps");
  auto options = std::make_shared<StatusOptions>();
  command->add_option("NAME", options->names, "Only these servers");
  command->add_flag("-w,--watch", options->watch, "Go on, and show what changes");
  command->add_flag("--json", options->json, "One JSON document on stdout; with --watch one a line");
  command->callback(
      [&context, options] { context.action = [&context, options] { return status(context, *options); }; });
}

}  // namespace berth::cli
