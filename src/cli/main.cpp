#include <fcntl.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/complete.hpp"
#include "cli/context.hpp"
#include "cli/help.hpp"
#include "cli/next_step.hpp"
#include "cli/terminal.hpp"
#include "cli/usage_errors.hpp"
#include "cli/welcome.hpp"

namespace {

// A descriptor that was closed when the program was started would be given to the next file that is opened, and what is
// printed would go there.
void open_standard_descriptors() {
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::open("/dev/null", O_RDWR)) {
    if (fd <= STDERR_FILENO) continue;
    ::close(fd);
    return;
  }
}

// The servers that the command line names.
std::vector<std::string> servers_named(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty() || chosen.front()->get_name() == "client") return {};
  const CLI::Option* names = chosen.front()->get_option_no_throw("NAME");
  return names == nullptr ? std::vector<std::string>{} : names->results();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace berth::cli;
  open_standard_descriptors();
  CLI::App app;
  Context context;
  declare_all(app, context);
  // What the scripts of `berth completion` ask: `berth __complete -- WORD…`. Not a command line of this program, but a
  // part of one that somebody is typing.
  if (argc > 2 && std::string_view(argv[1]) == "__complete") return print_candidates(app, {argv + 3, argv + argc});
  try {
    app.parse(argc, argv);
    remember_options(context.common_arguments());
    if (!context.action) std::cout << welcome(context, context.colour_on(STDOUT_FILENO));
    const int code = context.action ? context.action() : exit_ok;
    if (!std::cout.flush()) throw Stop{exit_failed, "cannot write to the standard output"};
    return code;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, std::cout, std::cerr);  // it was help that was asked for
    std::cerr << "berth: " << usage_error(context, app, error) << "\n";
    return exit_usage;
  } catch (const Stop& stop) {
    std::string message = stop.message;
    if (stop.code == exit_no_supervisor) message += unknown_in_config(context, servers_named(app));
    if (message.empty()) return stop.code;
    message = "berth: " + message;
    const auto size = terminal_size(STDERR_FILENO);
    std::cerr << (size ? folded(message, size->columns) : message + "\n");
    return stop.code;
  } catch (const std::exception& error) {
    std::cerr << "berth: " << error.what() << "\n";
    return exit_failed;
  }
}
