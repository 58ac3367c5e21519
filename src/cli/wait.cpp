#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "cli/progress.hpp"

namespace berth::cli {

namespace {

struct WaitOptions {
  std::vector<std::string> names;
  std::string what = "ready";
  std::string timeout;
};

int wait(const Context& context, const WaitOptions& options) {
  std::string target = "/v1/wait?for=" + options.what;
  for (const std::string& name : options.names) target += "&name=" + encoded(name);
  if (!options.timeout.empty()) target += "&timeout_ms=" + std::to_string(to_duration(options.timeout).count());
  const Goal goal = options.what == "ready" ? Goal::ready : Goal::stopped;
  return wait_answer(ask_waiting(context, context.socket(), target, options.names, goal));
}

}  // namespace

int wait_answer(const ControlAnswer& answer) {
  if (answer.ok()) return exit_ok;
  const bool unknown = answer.status == 404;
  throw Stop{answer.status == 408 ? exit_timed_out : unknown ? exit_usage : exit_failed, answer.error_message()};
}

void add_wait(CLI::App& app, Context& context) {
  auto* command =
      declare(app, context,
              {"wait",
               group::run,
               "Return once servers are ready, or stopped",
               "Exit code 1 at once when one cannot become so unasked (failed, exited); 124 when the time is over.",
               {{"berth wait web --timeout 30s"}, {"berth wait --for stopped", "all of them"}}});
  auto options = std::make_shared<WaitOptions>();
  command->add_option("NAME", options->names, "The servers (default: all that are wanted up)");
  choose_from(command->add_option("--for", options->what, "What to wait for (default: ready)"), {"ready", "stopped"});
  command->add_option("--timeout", options->timeout, "Give up after this long (exit 124)")
      ->check(check_duration)
      ->type_name("T");
  command->callback([&context, options] { context.action = [&context, options] { return wait(context, *options); }; });
}

}  // namespace berth::cli
