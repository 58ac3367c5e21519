#pragma once
// Berth's own log, by way of the file that survives a full disk and a folder that was removed.

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <string>
#include <string_view>

#include "os/log_file.hpp"

namespace berth::app {

class LogFileSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit LogFileSink(std::string path) : file_(std::move(path)) {}

  // Why it cannot be written; empty when it can.
  std::string trouble() {
    file_.append("");
    return file_.trouble();
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    const std::uint64_t lost = file_.dropped_bytes();
    const bool again = lost > told_ && trouble().empty();
    if (again) file_.append("berth: " + std::to_string(lost - told_) + " bytes of this log could not be written\n");
    if (again) told_ = lost;
    file_.append(std::string_view(text.data(), text.size()));
  }
  void flush_() override {}

 private:
  os::LogFile file_;
  std::uint64_t told_ = 0;
};

}  // namespace berth::app
