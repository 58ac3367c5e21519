#pragma once
// Berth's own log, berth.log, written by the thread that writes all logs: rotated, and kept alive through a full disk
// and a folder that was removed.

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "core/log_record.hpp"
#include "core/redactor.hpp"
#include "os/clock.hpp"
#include "os/log_writer.hpp"

namespace berth::app {

class LogFileSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  LogFileSink(os::LogWriter& writer, const std::string& path, LogFormat format, core::Redactor redact)
      : writer_(writer), format_(format), redact_(std::move(redact)) {
    os::LogFile::Options options;
    options.max_size = LogConfig{}.max_size;
    options.files = LogConfig{}.files;
    options.note = [format](const core::Said& dropped, const std::string& why) {
      return line_of(format, os::timestamp(), "warning",
                     core::describe(dropped) + " of this log could not be written: " + why);
    };
    channel_ = writer_.open(path, std::move(options));
  }

  // More that must not be written.
  void hide(const std::vector<std::string>& secrets) { redact_.add(secrets); }

  // Why it cannot be written; empty when it can.
  [[nodiscard]] std::string trouble() const { return channel_->state().trouble; }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const auto level = spdlog::level::to_string_view(message.level);
    const std::string words = redact_(std::string_view(message.payload.data(), message.payload.size()));
    const std::string line =
        line_of(format_, os::timestamp(message.time), std::string_view(level.data(), level.size()), words);
    os::LogBuffer buffer(line.size());
    buffer.append(line);
    buffer.said = {1, line.size()};
    writer_.push(*channel_, buffer, os::LogWriter::Policy::drop_when_full);
  }
  void flush_() override {}

 private:
  static std::string line_of(LogFormat format, std::string_view at, std::string_view level, std::string_view words) {
    std::string line;
    if (format == LogFormat::json) {
      line.append(R"({"at":")").append(at).append(R"(","level":")").append(level).append(R"(","message":")");
      core::append_json_text(line, words);
      return line + "\"}\n";
    }
    line.append(at).append(" ").append(level).append(" ").append(words);
    std::replace(line.begin(), line.end(), '\n', ' ');
    return line + "\n";
  }

  os::LogWriter& writer_;
  LogFormat format_;
  core::Redactor redact_;
  std::shared_ptr<os::LogChannel> channel_;
};

}  // namespace berth::app
