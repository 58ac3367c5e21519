#pragma once
// Berth's own log on the terminal, by way of the console that never blocks.

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "app/console.hpp"
#include "os/journal.hpp"

namespace berth::app {

class ConsoleSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  ConsoleSink(Console& console, bool colour) : console_(console), colour_(colour) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    const std::string_view line(text.data(), text.size());
    if (console_.journal()) return record(message.level, std::string(line.substr(0, line.size() - 1)));
    if (!colour_ || message.level < spdlog::level::warn) return console_.raw(line);
    const std::string_view colour = message.level == spdlog::level::warn ? "\x1b[33m" : "\x1b[31m";
    console_.raw(std::string(colour) + std::string(line.substr(0, line.size() - 1)) + "\x1b[0m\n");
  }
  void flush_() override {}

 private:
  // One, whatever it says: a second line would be a record without a priority.
  void record(spdlog::level::level_enum level, std::string line) {
    std::replace(line.begin(), line.end(), '\n', ' ');
    console_.raw(std::string(priority(level)) + line + "\n");
  }

  static std::string_view priority(spdlog::level::level_enum level) {
    if (level >= spdlog::level::err) return os::priority::error;
    if (level == spdlog::level::warn) return os::priority::warning;
    return level == spdlog::level::info ? os::priority::info : os::priority::debug;
  }

  Console& console_;
  bool colour_;
};

}  // namespace berth::app
