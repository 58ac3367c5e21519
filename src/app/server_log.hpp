#pragma once
// SERVER.log: a server's words on their way to the thread that writes them. When that cannot keep up, the server's
// pipes are not read for a while, and it waits; when the disk takes nothing for longer, its words are dropped and
// counted, and it runs on.

#include <algorithm>
#include <array>
#include <berth/config.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/line_splitter.hpp"
#include "core/log_account.hpp"
#include "core/log_record.hpp"
#include "os/log_writer.hpp"
#include "os/output_pipe.hpp"

namespace berth::app {

// What the logs of all servers share.
class LogDesk {
 public:
  // See LogWriter: both are called in its thread.
  explicit LogDesk(std::function<void()> progress, std::function<void()> before_write = {})
      : writer_(std::move(progress), std::move(before_write)) {}

  [[nodiscard]] os::LogWriter& writer() { return writer_; }
  // Where records are put together; empty whenever somebody begins.
  [[nodiscard]] os::LogBuffer& scratch() { return scratch_; }
  // The time as records tell it.
  std::string_view now() { return time_.text(std::chrono::system_clock::now()); }

 private:
  static constexpr std::size_t scratch_size = 112 * 1024;  // what a pipe holds, with what is written around its lines

  os::LogWriter writer_;
  os::LogBuffer scratch_{scratch_size};
  core::LogTime time_;
};

class ServerLog {
 public:
  // How long a server may be kept waiting for the disk before what it says is dropped.
  static constexpr std::chrono::milliseconds patience{2'000};

  ServerLog(const boost::asio::any_io_executor& executor, LogDesk& desk, const std::string& path,
            const LogConfig& config, std::function<void(const std::string&)> warn);
  ~ServerLog();
  ServerLog(const ServerLog&) = delete;
  ServerLog& operator=(const ServerLog&) = delete;

  // Size, number of files and format, from the next line on.
  void configure(const LogConfig& config);
  // Another file, from the next line on.
  void move_to(const std::string& path, const LogConfig& config);
  // Whose reading waits for the disk.
  void reads_from(os::OutputPipe& out, os::OutputPipe& err) { pipes_ = {&out, &err}; }

  // Takes what was said, and hands each line to `each(line, among_the_last)`: is it one of the last few of these bytes?
  template <class Each>
  void take(core::Stream stream, std::string_view bytes, Each&& each) {
    begin();
    const char* const last = last_lines(bytes);
    auto& lines = stream == core::Stream::out ? out_ : err_;
    lines.feed(bytes, [&](std::string_view line, bool whole) {
      add(stream, line, whole);
      // What had begun before these bytes is elsewhere in memory.
      const bool inside =
          !std::less<>{}(line.data(), bytes.data()) && std::less<>{}(line.data(), bytes.data() + bytes.size());
      each(line, inside ? !std::less<>{}(line.data(), last) : last == bytes.data());
    });
    end();
  }
  // What was said without a line feed, of one who says no more.
  template <class Each>
  void flush(Each&& each) {
    begin();
    out_.flush([&](std::string_view line, bool whole) {
      add(core::Stream::out, line, whole);
      each(core::Stream::out, line);
    });
    err_.flush([&](std::string_view line, bool whole) {
      add(core::Stream::err, line, whole);
      each(core::Stream::err, line);
    });
    end();
  }
  // Nobody speaks for a while.
  void rest() { channel_->rest(); }

  // The writer has done something: to be called soon after it has said so.
  void progress();

  [[nodiscard]] const std::string& path() const { return channel_->path(); }
  [[nodiscard]] LogCounters counters() const { return channel_->state().counters; }
  // Why it cannot be written, and what that has cost; empty when it can.
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] const std::shared_ptr<os::LogChannel>& channel() const { return channel_; }

 private:
  static constexpr int few = 20;
  // Where the last few lines begin.
  static const char* last_lines(std::string_view bytes) {
    std::size_t end = bytes.size();
    for (int i = 0; i <= few && end > 0; ++i) {
      const void* feed = ::memrchr(bytes.data(), '\n', end);
      end = feed == nullptr ? 0 : static_cast<std::size_t>(static_cast<const char*>(feed) - bytes.data());
    }
    return bytes.data() + end;
  }
  void begin() { at_ = desk_.now(); }
  void add(core::Stream stream, std::string_view line, bool whole) {
    os::LogBuffer& to = desk_.scratch();
    const std::size_t room = core::room_for(format_, line.size());
    if (to.room() < room) make_room(room);
    to.grown_to(core::write_record(to.end(), format_, at_, stream, line, whole));
    ++to.said.lines;
    to.said.bytes += line.size() + (whole ? 1 : 0);
  }
  void make_room(std::size_t bytes);
  void end();
  void push();
  void wait_for_room();
  void go_on();
  void tell();

  LogDesk& desk_;
  std::shared_ptr<os::LogChannel> channel_;
  LogFormat format_;
  std::function<void(const std::string&)> warn_;
  std::array<os::OutputPipe*, 2> pipes_{};
  core::LineSplitter out_;
  core::LineSplitter err_;
  std::string_view at_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // a handler that is on its way already finds it gone
  bool waits_ = false;
  std::uint64_t waits_so_far_ = 0;
  bool drops_ = false;
  std::string told_;  // the trouble that was told of
};

}  // namespace berth::app
