#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "cli/log_printer.hpp"
#include "cli/moment.hpp"
#include "config/names.hpp"
#include "config/project.hpp"
#include "os/log_merge.hpp"

namespace berth::cli {

namespace {

struct LogsOptions {
  std::vector<std::string> names;
  bool follow = false;
  std::optional<std::uint64_t> lines;
  std::string since;
  std::string stream;
  bool timestamps = false;
  bool json = false;
};

std::string target_of(const LogsOptions& options) {
  std::string target = "/v1/logs?follow=" + std::string(options.follow ? "1" : "0");
  for (const std::string& name : options.names) target += "&name=" + encoded(name);
  if (options.lines) target += "&lines=" + std::to_string(*options.lines);
  if (!options.stream.empty()) target += "&stream=" + options.stream;
  if (!options.since.empty()) target += "&since=" + encoded(to_moment(options.since));
  return target;
}

// Hands over whole lines of the stream.
class Lines {
 public:
  template <class Each>
  bool take(std::string_view piece, Each&& each) {
    rest_ += piece;
    std::size_t begin = 0;
    bool go_on = true;
    for (auto end = rest_.find('\n'); end != std::string::npos && go_on; end = rest_.find('\n', begin)) {
      go_on = each(std::string_view(rest_).substr(begin, end - begin));
      begin = end + 1;
    }
    rest_.erase(0, begin);
    return go_on;
  }

 private:
  std::string rest_;
};

int from_supervisor(const Context& context, const LogsOptions& options, LogPrinter& printer) {
  Lines lines;
  const auto patience = options.follow ? std::nullopt : std::optional(Milliseconds{15'000});
  const auto end = follow(context.socket(), target_of(options), patience, [&](std::string_view piece) {
    const bool go_on = lines.take(piece, [&](std::string_view line) {
      const auto value = boost::json::parse({line.data(), line.size()});
      const auto& told = value.as_object();
      os::LogMerge::Line one;
      if (told.at("at").is_string()) one.at = told.at("at").as_string();
      one.server = told.at("server").as_string();
      const auto& stream = told.at("stream").as_string();
      one.stream = stream == "out" ? core::Stream::out : stream == "err" ? core::Stream::err : core::Stream::berth;
      one.text = std::string(told.at("line").as_string());
      one.whole = !told.contains("continued");
      return printer.print(one);
    });
    return printer.flush() && go_on;
  });
  if (end != StreamEnd::went_away) return exit_ok;
  if (!options.follow) throw Stop{exit_no_supervisor, "the supervisor went away while it was asked"};
  throw Stop{exit_no_supervisor, "the supervisor went away without a word"};
}

// The servers that were asked for; their secrets are needed too, so a file with errors is refused.
std::vector<const ServerConfig*> chosen(const Config& config, const std::vector<std::string>& names) {
  std::vector<const ServerConfig*> servers;
  std::vector<std::string_view> known;
  for (const ServerConfig& server : config.servers) {
    known.push_back(server.name);
    if (names.empty()) servers.push_back(&server);
  }
  for (const std::string& name : names) {
    const auto at = std::find(known.begin(), known.end(), name);
    if (at == known.end()) throw Stop{exit_usage, config::unknown_server(name, known)};
    servers.push_back(&config.servers[static_cast<std::size_t>(at - known.begin())]);
  }
  return servers;
}

int from_files(const Context& context, const LogsOptions& options, LogPrinter& printer) {
  const Config config = context.load();
  os::LogWish wish;
  wish.lines = options.lines;
  if (!options.since.empty()) wish.since = to_moment(options.since);
  if (options.stream == "out") wish.stream = core::Stream::out;
  if (options.stream == "err") wish.stream = core::Stream::err;
  std::vector<os::LogMerge::Source> sources;
  for (const ServerConfig* server : chosen(config, options.names)) {
    const std::string path = context.log_dir(config.name) + "/" + server->name + ".log";
    const auto files = os::find_log_generations(path, server->log.files);
    sources.push_back({server->name, os::LogReader(path, wish, [files] { return files; }),
                       std::make_shared<core::Redactor>(server->secret_values)});
  }
  os::LogMerge merge(std::move(sources));
  os::LogMerge::Line line;
  for (auto next = merge.next(line); next != os::LogMerge::Next::later; next = merge.next(line)) {
    if (next == os::LogMerge::Next::line && !printer.print(line)) return exit_ok;
  }
  printer.flush();
  return exit_ok;
}

// Of the configuration, where there is one: with -p there need not be.
std::vector<std::string> known_servers(const Context& context) {
  try {
    return config::server_names_of(context.config_file());
  } catch (const Stop&) {
    return {};
  }
}

int logs(const Context& context, const LogsOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  LogPrinter::Options how;
  how.json = options.json;
  how.colour = !options.json && context.colour_on(STDOUT_FILENO);
  how.timestamps = options.timestamps;
  how.prefix = options.names.size() != 1;
  LogPrinter printer(how);
  printer.expect(options.names.empty() ? known_servers(context) : options.names);
  try {
    return from_supervisor(context, options, printer);
  } catch (const Stop& stop) {
    if (stop.code != exit_no_supervisor || options.follow) throw;
  }
  return from_files(context, options, printer);
}

}  // namespace

void add_logs(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context,
      {"logs",
       group::look,
       "Print what servers have said",
       "Several servers are merged by time, each line with its server's name before it; of a single one that was asked "
       "for by name, its words stand alone. Secrets are left out, and so are control characters and escape "
       "sequences.\n\n"
       "What Berth has to say about a log goes to stderr. Without a supervisor the files are read as they are left, "
       "and "
       "-f is not possible. A line of more than 64 KiB comes in pieces (with --json: \"continued\": true).",
       {{"berth logs web -n 100 -f"}, {"berth logs --since 10m --stream err", "what all have complained of lately"}}});
  auto options = std::make_shared<LogsOptions>();
  command->add_option("NAME", options->names, "Only these servers");
  command->add_flag("-f,--follow", options->follow, "Go on with what they say, until Ctrl-C or `berth down`");
  command->add_option("-n,--lines", options->lines, "Only the last N lines of each")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  command->add_option("--since", options->since, "Only what is newer: 10m, or 2026-11-21T10:00:00Z")
      ->check(check_moment)
      ->type_name("T");
  choose_from(command->add_option("--stream", options->stream, "Only one of the two"), {"out", "err"});
  command->add_flag("-t,--timestamps", options->timestamps, "Put the time before each line");
  command->add_flag("--json", options->json, "A JSON object a line: at, server, stream, line");
  command->callback([&context, options] { context.action = [&context, options] { return logs(context, *options); }; });
}

}  // namespace berth::cli
