#include "os/log_writer.hpp"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace berth::os {

namespace {

constexpr std::size_t small = 16U * 1024U;  // bytes: what is smaller is collected
constexpr std::size_t large = 48U * 1024U;  // what is larger is handed on as it is
constexpr std::size_t most_spare = 12;
constexpr std::chrono::seconds patience_at_the_end{5};
constexpr std::string_view no_progress = "the disk takes nothing at present";

}  // namespace

struct LogChannel::Inner {
  Inner(std::shared_ptr<LogWriter::Shared> all, const std::string& name, LogFile::Options options)
      : shared(std::move(all)), path(name), file(name, std::move(options)) {}

  std::shared_ptr<LogWriter::Shared> shared;
  const std::string path;
  LogFile file;  // the writer's, while it is busy with it

  // Under the lock of all.
  std::vector<LogBuffer> queue;
  std::size_t waiting = 0;
  bool queued = false;  // among those that have something to write
  bool wanted = false;  // somebody waits for room
  bool watched = false;
  bool stalled = false;  // was full when more came
  bool resting = false;
  bool touched = false;  // something was written, or was to be, since it last came to rest
  core::Said refused;
  std::vector<std::function<void(LogFile&)>> orders;
  LogCounters counters;
  std::string trouble;
  LogGenerations generations;
};

struct LogWriter::Shared : std::enable_shared_from_this<LogWriter::Shared> {
  std::mutex lock;
  std::condition_variable work;
  std::condition_variable idle;
  std::deque<std::shared_ptr<LogChannel::Inner>> busy;
  std::vector<LogBuffer> spare;
  std::size_t waiting = 0;  // bytes, of all
  bool writing = false;
  bool ending = false;
  bool ended = false;
  bool asleep = false;  // the thread waits for work
  bool started = false;
  bool threaded = false;  // else all is written at once
  std::function<void()> progress;
  std::function<void()> before_write;
  std::function<void()> wake_soon;
  bool wake_is_due = false;

  [[nodiscard]] bool full(const LogChannel::Inner& channel) const {
    return channel.waiting >= most_of_one || (waiting >= most_of_all && channel.waiting >= always_room);
  }

  void run();
  bool work_on(std::unique_lock<std::mutex>& guard, LogChannel::Inner& channel);
  void start();
  void enqueue(const std::shared_ptr<LogChannel::Inner>& channel) {
    if (!std::exchange(started, true)) start();
    if (!std::exchange(channel->queued, true)) busy.push_back(channel);
    channel->touched = true;
  }
  // Without the lock, for which who is woken would only wait; and only who sleeps.
  void wake(std::unique_lock<std::mutex>& guard) {
    if (!asleep) return;
    if (wake_soon) {
      if (!std::exchange(wake_is_due, true)) wake_soon();
      return;
    }
    asleep = false;
    guard.unlock();
    work.notify_one();
    guard.lock();
  }
  // Where there is no thread.
  void write_now(std::unique_lock<std::mutex>& guard) {
    while (!threaded && !busy.empty()) {
      const auto channel = std::move(busy.front());
      busy.pop_front();
      channel->queued = false;
      work_on(guard, *channel);
    }
  }
};

// True when somebody should be told.
bool LogWriter::Shared::work_on(std::unique_lock<std::mutex>& guard, LogChannel::Inner& channel) {
  std::vector<LogBuffer> queue = std::exchange(channel.queue, {});
  const auto orders = std::exchange(channel.orders, {});
  const core::Said refused = std::exchange(channel.refused, {});
  const bool rest = std::exchange(channel.resting, false);
  if (rest) channel.touched = false;
  channel.counters.dropped_lines += refused.lines;
  channel.counters.dropped_bytes += refused.bytes;
  writing = true;
  std::size_t written = 0;
  guard.unlock();
  if (before_write && !queue.empty()) before_write();
  for (const auto& order : orders) order(channel.file);
  if (refused.lines > 0) channel.file.drop(refused, std::string(no_progress));
  for (const LogBuffer& buffer : queue) {
    channel.file.append(buffer.text(), buffer.said);
    written += buffer.size();
  }
  if (queue.empty() && refused.lines > 0) channel.file.append({});  // at least the note of it
  if (rest) channel.file.rest();
  guard.lock();
  writing = false;
  waiting -= written;
  channel.waiting -= written;
  for (LogBuffer& buffer : queue) {
    if (buffer.capacity() > large && spare.size() < most_spare) {
      buffer.clear();
      spare.push_back(std::move(buffer));
    }
  }
  channel.stalled = channel.refused.lines > 0;
  const bool news = channel.trouble != channel.file.trouble();
  channel.trouble = channel.file.trouble();
  channel.counters = channel.file.counters();
  channel.generations = channel.file.generations();
  const bool room = channel.wanted && !full(channel);
  if (room) channel.wanted = false;
  return room || news || channel.watched;
}

// With the first that there is to write: whoever writes nothing needs no thread.
void LogWriter::Shared::start() {
  // Signals are for the thread that was there first.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([shared = shared_from_this()] { shared->run(); }).detach();
    threaded = true;
  } catch (const std::system_error&) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void LogWriter::Shared::run() {
  std::unique_lock guard(lock);
  for (;;) {
    while (busy.empty() && !ending) {
      asleep = true;
      work.wait(guard);
    }
    asleep = false;
    if (busy.empty()) break;
    const auto channel = std::move(busy.front());
    busy.pop_front();
    channel->queued = false;
    const bool tell = work_on(guard, *channel);
    if (channel->refused.lines > 0) enqueue(channel);
    if (tell && !ending && progress) progress();  // under the lock: nobody is told once the end was asked for
    if (busy.empty()) idle.notify_all();
  }
  ended = true;
  idle.notify_all();
}

LogWriter::LogWriter(std::function<void()> progress, std::function<void()> before_write)
    : shared_(std::make_shared<Shared>()) {
  shared_->progress = std::move(progress);
  shared_->before_write = std::move(before_write);
}

LogWriter::~LogWriter() {
  std::unique_lock guard(shared_->lock);
  shared_->ending = true;
  shared_->work.notify_all();
  if (shared_->threaded) shared_->idle.wait_for(guard, patience_at_the_end, [this] { return shared_->ended; });
}

std::shared_ptr<LogChannel> LogWriter::open(const std::string& path, LogFile::Options options) {
  auto inner = std::make_shared<LogChannel::Inner>(shared_, path, std::move(options));
  return std::shared_ptr<LogChannel>(new LogChannel(std::move(inner)));
}

bool LogWriter::push(LogChannel& channel, LogBuffer& buffer, Policy policy) {
  LogChannel::Inner& to = *channel.inner_;
  std::unique_lock guard(shared_->lock);
  if (buffer.size() == 0) return !shared_->full(to);
  if (policy == Policy::drop_when_full && shared_->full(to)) {
    to.refused += buffer.said;
    to.stalled = true;
    to.wanted = true;
    buffer.clear();
    return false;
  }
  to.waiting += buffer.size();
  shared_->waiting += buffer.size();
  if (buffer.size() > large) {
    LogBuffer next;
    if (!shared_->spare.empty() && shared_->spare.back().capacity() >= buffer.capacity()) {
      next = std::move(shared_->spare.back());
      shared_->spare.pop_back();
    } else {
      next = LogBuffer(buffer.capacity());
    }
    to.queue.push_back(std::exchange(buffer, std::move(next)));
  } else {
    if (to.queue.empty() || to.queue.back().room() < buffer.size()) {
      to.queue.emplace_back(std::max(buffer.size(), to.queue.empty() ? 0 : small));
    }
    to.queue.back().append(buffer.text());
    to.queue.back().said += buffer.said;
    buffer.clear();
  }
  shared_->enqueue(channel.inner_);
  shared_->write_now(guard);
  shared_->wake(guard);
  const bool full = shared_->full(to);
  if (full) to.wanted = true;
  return !full;
}

bool LogWriter::full(const LogChannel& channel) {
  const LogChannel::Inner& inner = *channel.inner_;
  const std::lock_guard guard(inner.shared->lock);
  return inner.shared->full(inner);
}

void LogWriter::wake_by(std::function<void()> soon) {
  const std::lock_guard guard(shared_->lock);
  shared_->wake_soon = std::move(soon);
}

void LogWriter::wake() {
  {
    const std::lock_guard guard(shared_->lock);
    shared_->wake_is_due = false;
    if (!std::exchange(shared_->asleep, false)) return;
  }
  shared_->work.notify_one();
}

bool LogWriter::flush(std::chrono::milliseconds patience) {
  wake();
  std::unique_lock guard(shared_->lock);
  return shared_->idle.wait_for(guard, patience, [this] { return shared_->busy.empty() && !shared_->writing; });
}

// ---- a channel
// -----------------------------------------------------------------------------------------------------------

LogChannel::State LogChannel::state() const {
  const std::lock_guard guard(inner_->shared->lock);
  State state{inner_->trouble, inner_->counters, inner_->waiting};
  state.counters.dropped_lines += inner_->refused.lines;
  state.counters.dropped_bytes += inner_->refused.bytes;
  if (inner_->stalled) state.trouble = no_progress;
  return state;
}

LogGenerations LogChannel::generations() const {
  const std::lock_guard guard(inner_->shared->lock);
  return inner_->generations;
}

const std::string& LogChannel::path() const {
  return inner_->path;
}

void LogChannel::set_limits(std::uint64_t max_size, unsigned files) {
  const std::lock_guard guard(inner_->shared->lock);
  inner_->orders.emplace_back([=](LogFile& file) { file.set_limits(max_size, files); });
}

void LogChannel::set_note(std::function<std::string(const core::Said&, const std::string&)> note) {
  const std::lock_guard guard(inner_->shared->lock);
  inner_->orders.emplace_back([note = std::move(note)](LogFile& file) { file.set_note(note); });
}

void LogChannel::watch(bool on) {
  const std::lock_guard guard(inner_->shared->lock);
  inner_->watched = on;
}

void LogChannel::rest() {
  std::unique_lock guard(inner_->shared->lock);
  if (!inner_->touched) return;
  inner_->resting = true;
  inner_->shared->enqueue(inner_);
  inner_->shared->write_now(guard);
  inner_->shared->wake(guard);
}

}  // namespace berth::os
