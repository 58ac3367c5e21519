#include "app/server_log.hpp"

#include "os/clock.hpp"

namespace berth::app {

namespace {

os::LogFile::Options options_of(const LogConfig& config) {
  os::LogFile::Options options;
  options.max_size = config.max_size;
  options.files = config.files;
  options.said = core::said_bytes;
  return options;
}

// The line in the file where others should be.
auto note_in(LogFormat format) {
  return [format](const core::Said& dropped, const std::string& why) {
    const std::string words = core::describe(dropped) + " could not be written here: " + why;
    return core::record(format, os::timestamp(), core::Stream::berth, words);
  };
}

}  // namespace

ServerLog::ServerLog(const boost::asio::any_io_executor& executor, LogDesk& desk, const std::string& path,
                     const LogConfig& config, std::function<void(const std::string&)> warn)
    : desk_(desk),
      channel_(desk.writer().open(path, options_of(config))),
      format_(config.format),
      warn_(std::move(warn)),
      timer_(executor) {
  channel_->set_note(note_in(format_));
}

ServerLog::~ServerLog() = default;

void ServerLog::configure(const LogConfig& config) {
  channel_->set_limits(config.max_size, config.files);
  channel_->set_note(note_in(config.format));
  format_ = config.format;
}

void ServerLog::move_to(const std::string& path, const LogConfig& config) {
  channel_ = desk_.writer().open(path, options_of(config));
  configure(config);
  if (waits_) go_on();
  drops_ = false;
}

void ServerLog::make_room(std::size_t bytes) {
  push();
  if (desk_.scratch().room() < bytes) desk_.scratch() = os::LogBuffer(bytes);
}

void ServerLog::end() {
  if (desk_.scratch().size() > 0) push();
}

void ServerLog::push() {
  const auto policy = drops_ ? os::LogWriter::Policy::drop_when_full : os::LogWriter::Policy::keep;
  const bool room = desk_.writer().push(*channel_, desk_.scratch(), policy);
  if (room) {
    drops_ = false;
  } else if (!drops_ && !waits_) {
    wait_for_room();
  } else if (drops_) {
    tell();
  }
}

void ServerLog::wait_for_room() {
  waits_ = true;
  for (os::OutputPipe* pipe : pipes_) {
    if (pipe != nullptr) pipe->pause();
  }
  timer_.expires_after(patience);
  timer_.async_wait(
      [this, here = std::weak_ptr(alive_), wait = ++waits_so_far_](const boost::system::error_code& error) {
        if (error || here.expired() || !waits_ || wait != waits_so_far_)
          return;  // of an earlier wait, on its way when that was over
        drops_ = true;
        go_on();
      });
}

void ServerLog::go_on() {
  waits_ = false;
  timer_.cancel();
  for (os::OutputPipe* pipe : pipes_) {
    if (pipe != nullptr) pipe->resume();
  }
}

void ServerLog::progress() {
  if ((waits_ || drops_) && !os::LogWriter::full(*channel_)) {
    drops_ = false;
    if (waits_) go_on();
  }
  tell();
}

void ServerLog::tell() {
  const auto state = channel_->state();
  if (state.trouble == told_) return;
  const bool began = told_.empty();
  told_ = state.trouble;
  const core::Said dropped{state.counters.dropped_lines, state.counters.dropped_bytes};
  if (told_.empty()) {
    warn_(path() + " is written again; " + core::describe(dropped) + " were dropped");
  } else if (began) {
    warn_(path() + " cannot be written: " + told_ + "; the server runs on, its output is dropped");
  }
}

std::string ServerLog::trouble() const {
  const auto state = channel_->state();
  if (state.trouble.empty()) return "";
  const core::Said dropped{state.counters.dropped_lines, state.counters.dropped_bytes};
  return path() + " cannot be written: " + state.trouble + "; " + core::describe(dropped) + " dropped so far";
}

}  // namespace berth::app
