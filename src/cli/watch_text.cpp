// `status --watch` for a pipe: what a program, or a terminal without a cursor, can read.

#include <poll.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <csignal>
#include <iostream>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "cli/selection.hpp"
#include "cli/status_table.hpp"
#include "cli/terminal.hpp"
#include "cli/watch.hpp"
#include "cli/watch_model.hpp"
#include "os/json_text.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

constexpr int period_ms = 1'000;
constexpr Milliseconds patience{5'000};

// True when nobody reads the standard output any more, within the pause between two looks.
bool nobody_reads_after_pause() {
  pollfd watched{STDOUT_FILENO, 0, 0};
  return ::poll(&watched, 1, period_ms) > 0 && (watched.revents & (POLLERR | POLLHUP)) != 0;
}

std::optional<ControlAnswer> ask_again(const std::string& socket, const Context& context, bool& told) {
  std::string why = "no supervisor answers on " + socket;
  try {
    auto answer = ask(socket, "GET", full_status, patience);
    if (answer && answer->ok()) {
      if (told && !context.quiet()) std::cerr << "berth: the supervisor is back\n";
      told = false;
      return answer;
    }
  } catch (const Stop& stop) {
    why = stop.message;
  }
  if (!told && !context.quiet()) std::cerr << "berth: " << why << "; waiting for it\n";
  told = true;
  return std::nullopt;
}

}  // namespace

int watch_as_text(const Context& context, const std::vector<std::string>& names, bool as_json) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::string socket = context.socket();
  auto answer = std::optional(ask_running(socket, "GET", full_status));
  if (!answer->ok()) throw Stop{exit_failed, answer->error_message()};
  std::optional<json::array> shown;
  bool told = false;
  for (;;) {
    if (answer) {
      auto& servers = answer->body.as_object().at("servers").as_array();
      servers = select(servers, names);
      if (!shown || has_changed(*shown, servers)) {
        TableLook look;
        look.colour = context.colour_on(STDOUT_FILENO);
        if (const auto size = terminal_size(STDOUT_FILENO)) look.width = size->columns;
        const std::string text =
            as_json ? os::json_text(answer->body) + "\n" : (shown ? "\n" : "") + status_table(servers, look);
        if (!write_all(STDOUT_FILENO, text)) return exit_ok;
        shown = servers;
      }
    }
    if (nobody_reads_after_pause()) return exit_ok;
    answer = ask_again(socket, context, told);
  }
}

}  // namespace berth::cli
