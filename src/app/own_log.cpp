#include "app/own_log.hpp"

#include <bit>

#include "app/console_sink.hpp"

namespace berth::app {

namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::info: break;
  }
  return spdlog::level::info;
}

}  // namespace

std::shared_ptr<spdlog::logger> make_log(const SupervisorOptions& options, LogLevel level,
                                         std::shared_ptr<LogFileSink> file, Console* terminal) {
  std::vector<spdlog::sink_ptr> sinks{std::move(file)};
  if (terminal != nullptr) {
    auto sink = std::make_shared<ConsoleSink>(*terminal, options.colour);
    sink->set_pattern(terminal->journal() ? "%v" : "berth: %v");  // the journal names the program itself
    if (options.quiet) sink->set_level(spdlog::level::warn);
    sinks.push_back(std::move(sink));
  }
  auto log = std::make_shared<spdlog::logger>("berth", sinks.begin(), sinks.end());
  log->set_level(options.verbose ? spdlog::level::debug : level_of(level));
  return log;
}

spdlog::level::level_enum importance(const Server& server, const core::Report& report) {
  using core::State;
  const State to = report.to;
  // The same failure for the hundredth time: told at 8, 16, 32 … and in the status always.
  const unsigned same = report.same_failures;
  const bool old_news = same > server.config().backoff.crashloop_after && !std::has_single_bit(same);
  if (old_news && (to == State::crashloop || to == State::starting || to == State::waiting)) {
    return spdlog::level::debug;
  }
  if (to == State::failed || to == State::crashloop) return spdlog::level::err;
  // On the way between two states that matter: worth a line only when something has just ended.
  const bool passing = to == State::waiting || (to == State::starting && server.pid() == 0);
  const bool after_end = report.cause && report.from != State::backoff && report.from != State::crashloop &&
                         report.from != State::waiting && report.cause != core::Cause::dependency;
  return passing && !after_end ? spdlog::level::debug : spdlog::level::info;
}

std::string sentence(const Server& server, const core::Report& report) {
  std::string line = server.config().name + " is " + std::string(core::to_string(report.to));
  if (report.port) line += " on port " + std::to_string(*report.port);
  if (server.pid() > 0) line += ", pid " + std::to_string(server.pid());
  if (report.cause) line += " (" + std::string(core::to_string(*report.cause)) + ")";
  if (!report.message.empty()) line += ": " + report.message;
  if (report.retry_in) line += "; next try in " + std::to_string(report.retry_in->count()) + " ms";
  return line;
}

}  // namespace berth::app
