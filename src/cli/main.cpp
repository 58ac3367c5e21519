#include <fcntl.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>

#include "cli/context.hpp"

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

}  // namespace

int main(int argc, char** argv) {
  using namespace berth::cli;
  open_standard_descriptors();
  CLI::App app{
      "Berth, a harbour master for MCP servers: gives each a port, keeps it running, says truthfully how it is.\n"
      "Three to begin with: `berth init`, `berth up`, `berth status`.",
      "berth"};
  app.require_subcommand(0, 1);
  app.fallthrough();  // the common options may also stand after the command
  Context context;
  context.add_options(app);
  add_up(app, context);
  add_down(app, context);
  add_status(app, context);
  add_start_stop_restart(app, context);
  add_reload(app, context);
  add_wait(app, context);
  add_check(app, context);
  add_ports(app, context);
  add_url_env(app, context);
  add_explain(app, context);
  add_events(app, context);
  add_logs(app, context);
  add_inspect(app, context);
  add_init(app, context);
  add_version(app, context);
  try {
    app.parse(argc, argv);
    if (!context.action) std::cout << app.help();
    const int code = context.action ? context.action() : exit_ok;
    if (!std::cout.flush()) throw Stop{exit_failed, "cannot write to the standard output"};
    return code;
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? exit_ok : exit_usage;
  } catch (const Stop& stop) {
    if (!stop.message.empty()) std::cerr << "berth: " << stop.message << "\n";
    return stop.code;
  } catch (const std::exception& error) {
    std::cerr << "berth: " << error.what() << "\n";
    return exit_failed;
  }
}
