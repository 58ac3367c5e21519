#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>

#include "cli/context.hpp"
#include "cli/control_client.hpp"

namespace berth::cli {

namespace {

struct EventsOptions {
  std::vector<std::string> names;
  bool follow = false;
  bool json = false;  // what it prints is JSON already
};

// False when nobody reads it any more.
bool print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) return false;
    if (written < 0)
      throw Stop{exit_failed, std::string("cannot write to the standard output: ") + std::strerror(errno)};
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Makes lines of server-sent events: one for each, of its data.
class Lines {
 public:
  // What was told in this piece, and in the ends of those before it.
  std::string take(std::string_view piece) {
    std::string out;
    rest_ += piece;
    std::size_t begin = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
      line(std::string_view(rest_).substr(begin, end - begin), out);
      begin = end + 1;
    }
    rest_.erase(0, begin);
    return out;
  }

 private:
  void line(std::string_view text, std::string& out) {
    if (text.empty()) gap_ = false;
    if (text == "event: gap") gap_ = true;
    constexpr std::string_view data = "data: ";
    if (!text.starts_with(data)) return;
    text.remove_prefix(data.size());
    if (gap_) {
      std::cerr << "berth: some events came faster than they were read, and are missing here: " << text << "\n";
    } else {
      out += std::string(text) + "\n";
    }
  }

  std::string rest_;
  bool gap_ = false;
};

int events(const Context& context, const EventsOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  std::string target = options.follow ? "/v1/events?follow=1" : "/v1/events?follow=0";
  for (const std::string& name : options.names) target += "&name=" + encoded(name);
  Lines lines;
  const auto patience = options.follow ? std::nullopt : std::optional(Milliseconds{15'000});
  const auto end =
      follow(context.socket(), target, patience, [&](std::string_view piece) { return print(lines.take(piece)); });
  if (end != StreamEnd::went_away) return exit_ok;
  if (!options.follow) throw Stop{exit_no_supervisor, "the supervisor went away while it was asked"};
  throw Stop{exit_no_supervisor, "the supervisor went away without a word"};
}

}  // namespace

void add_events(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context,
      {"events",
       group::look,
       "Print what has happened, one JSON object a line",
       "Each line has at, server, from, to, cause, message, port and pid. The last 200 changes of each server are "
       "kept, "
       "as long as the supervisor lives.",
       {{"berth events"}, {"berth events -f web | jq -r '[.at, .to, .message] | @tsv'", "follow one of them"}}});
  auto options = std::make_shared<EventsOptions>();
  command->add_option("NAME", options->names, "Only these servers");
  command->add_flag("-f,--follow", options->follow, "Go on with what happens, until Ctrl-C or `berth down`");
  command->add_flag("--json", options->json, "Accepted: it is JSON anyway");
  command->callback(
      [&context, options] { context.action = [&context, options] { return events(context, *options); }; });
}

}  // namespace berth::cli
