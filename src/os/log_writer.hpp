#pragma once
// The thread that writes logs, so that a slow disk holds up nobody else. What is to be written waits in a bounded
// queue; who fills it is told so, and may wait a while, or have it dropped and counted.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "os/log_file.hpp"

namespace berth::os {

// Lines for a file, with what was said in them.
class LogBuffer {
 public:
  LogBuffer() = default;
  explicit LogBuffer(std::size_t capacity)
      : data_(std::make_unique_for_overwrite<char[]>(capacity)), capacity_(capacity) {}

  [[nodiscard]] char* end() { return data_.get() + size_; }
  [[nodiscard]] std::size_t room() const { return capacity_ - size_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::string_view text() const { return {data_.get(), size_}; }
  void grown_to(const char* end) { size_ = static_cast<std::size_t>(end - data_.get()); }
  void append(std::string_view text) { size_ += text.copy(end(), text.size()); }
  void clear() {
    size_ = 0;
    said = {};
  }

  core::Said said;

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// A file of the writer. Its members may be called from one thread, which need not be the writer's.
class LogChannel {
 public:
  struct State {
    std::string trouble;  // why nothing is written at present; empty: all is well
    LogCounters counters;
    std::size_t waiting = 0;  // bytes in the queue
  };
  [[nodiscard]] State state() const;
  [[nodiscard]] LogGenerations generations() const;
  [[nodiscard]] const std::string& path() const;
  // From the next line on.
  void set_limits(std::uint64_t max_size, unsigned files);
  void set_note(std::function<std::string(const core::Said&, const std::string&)> note);
  // Tell of every write from now on, or no more.
  void watch(bool on);
  // Gives its descriptor back when all is written.
  void rest();

  struct Inner;

 private:
  friend class LogWriter;
  explicit LogChannel(std::shared_ptr<Inner> inner) : inner_(std::move(inner)) {}
  std::shared_ptr<Inner> inner_;
};

class LogWriter {
 public:
  static constexpr std::size_t most_of_one = 1U << 20U;    // bytes that wait, of one file: more is full
  static constexpr std::size_t most_of_all = 8U << 20U;    // of all together
  static constexpr std::size_t always_room = 32U * 1024U;  // for everyone, however much the others have

  // `progress` is called in the writer's thread: a file that was full has room again, there is trouble or no more, or a
  // watched file was written. `before_write`, for tests, is what the disk does before it takes anything. Without a
  // thread (there may be none left) everything is written at once.
  explicit LogWriter(std::function<void()> progress = {}, std::function<void()> before_write = {});
  // Writes what waits, unless the disk takes nothing for some seconds.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  std::shared_ptr<LogChannel> open(const std::string& path, LogFile::Options options);

  enum class Policy { keep, drop_when_full };
  // Takes what is in `buffer`, and leaves it empty, with at least the capacity it had. False: it is full now, and
  // `progress` will tell when there is room; with `drop_when_full` what came when it was full already is dropped.
  bool push(LogChannel& channel, LogBuffer& buffer, Policy policy = Policy::keep);
  [[nodiscard]] static bool full(const LogChannel& channel);

  // To be woken costs the thread's owner more than to write a line. `soon` is told that there is work, and calls wake()
  // when it has handed over what it has; without it the thread is woken at every push.
  void wake_by(std::function<void()> soon);
  void wake();

  // Waits until all is written, but not longer.
  bool flush(std::chrono::milliseconds patience);

  struct Shared;

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace berth::os
