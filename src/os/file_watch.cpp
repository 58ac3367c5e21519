#include "os/file_watch.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "os/fd.hpp"

namespace berth::os {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

constexpr auto between_looks = 2s;
constexpr unsigned longest_wait = 10;  // times `quiet`
constexpr int most_links = 16;

constexpr std::uint32_t events = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY |
                                 IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

// The folders in which a change of this path, or of anything that it is a link to, would be seen.
void add_folders(fs::path path, std::set<std::string>& folders) {
  std::error_code error;
  for (int i = 0; i < most_links; ++i) {
    folders.insert(path.parent_path().string());
    // A link may also be among the folders above, as where a whole folder is swapped by one rename.
    for (fs::path above = path.parent_path(); above.has_relative_path(); above = above.parent_path()) {
      if (fs::is_symlink(above, error)) folders.insert(above.parent_path().string());
    }
    if (!fs::is_symlink(path, error)) break;
    const fs::path target = fs::read_symlink(path, error);
    if (error) break;
    path = (path.parent_path() / target).lexically_normal();
  }
  const fs::path real = fs::canonical(path, error);
  if (!error) folders.insert(real.parent_path().string());
}

// What differs whenever a file was written or replaced.
using Look = std::tuple<dev_t, ino_t, off_t, std::int64_t, std::int64_t>;

Look look_at(const std::string& file) {
  struct stat it {};
  if (::stat(file.c_str(), &it) != 0) return {};
  return {it.st_dev, it.st_ino, it.st_size, std::int64_t{it.st_mtim.tv_sec} * 1'000'000'000 + it.st_mtim.tv_nsec,
          std::int64_t{it.st_ctim.tv_sec} * 1'000'000'000 + it.st_ctim.tv_nsec};
}

}  // namespace

struct FileWatch::State : std::enable_shared_from_this<State> {
  State(const asio::any_io_executor& executor, std::chrono::milliseconds delay, Changed tell)
      : stream(executor), poll_timer(executor), quiet_timer(executor), quiet(delay), changed(std::move(tell)) {}

  // What has happened since they were read last is a change too.
  void watch(std::vector<std::string> wanted) {
    if (files == wanted) return;
    files = std::move(wanted);
    seen.clear();
    stir();
  }

  void arm() {
    if (watch_folders()) {
      poll_timer.cancel();
    } else {
      poll();
    }
  }

  // False when some folder cannot be watched: it is not there, or this user has too many watches.
  bool watch_folders() {
    boost::system::error_code ignored;
    stream.close(ignored);
    Fd instance(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!instance || from_the_reserve(instance.get())) return false;
    const int fd = instance.get();
    stream.assign(fd, ignored);
    if (ignored) return false;
    std::ignore = instance.release();
    std::set<std::string> folders;
    for (const std::string& file : files) add_folders(file, folders);
    bool all = true;
    for (const std::string& folder : folders) {
      all = ::inotify_add_watch(fd, folder.c_str(), events | IN_ONLYDIR) >= 0 && all;
    }
    listen();
    return all;
  }

  void listen() {
    stream.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (error || !self->stream.is_open()) return;
                        std::array<char, 4096> ignored{};
                        while (::read(self->stream.native_handle(), ignored.data(), ignored.size()) > 0) {
                        }
                        self->stir_if_changed();
                        self->listen();
                      });
  }

  void poll() {
    poll_timer.expires_after(between_looks);
    poll_timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error) return;
      self->stir_if_changed();
      self->arm();
    });
  }

  // Other files of the same folder come and go.
  void stir_if_changed() {
    auto now = look();
    if (std::exchange(latest, now) != now) stir();
  }

  // A file is often written in several steps: the last one counts.
  void stir() {
    const auto now = Clock::now();
    if (!stirred_at) stirred_at = now;
    quiet_timer.expires_at(std::min(now + quiet, *stirred_at + longest_wait * quiet));
    quiet_timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error) return;
      self->stirred_at.reset();
      self->arm();  // a folder may have been replaced
      self->latest = self->look();
      if (std::exchange(self->seen, self->latest) == self->latest) return;
      if (self->changed) self->changed();
    });
  }

  [[nodiscard]] std::vector<Look> look() const {
    std::vector<Look> all;
    for (const std::string& file : files) all.push_back(look_at(file));
    return all;
  }

  asio::posix::stream_descriptor stream;
  asio::steady_timer poll_timer;
  asio::steady_timer quiet_timer;
  std::chrono::milliseconds quiet;
  Changed changed;
  std::vector<std::string> files;
  std::vector<Look> seen;    // when `changed` was called
  std::vector<Look> latest;  // since then
  std::optional<Clock::time_point> stirred_at;
};

FileWatch::FileWatch(const asio::any_io_executor& executor, std::chrono::milliseconds quiet, Changed changed)
    : state_(std::make_shared<State>(executor, quiet, std::move(changed))) {}

FileWatch::~FileWatch() {
  state_->changed = nullptr;
  boost::system::error_code ignored;
  state_->stream.close(ignored);
  state_->poll_timer.cancel();
  state_->quiet_timer.cancel();
}

void FileWatch::watch(const std::vector<std::string>& files) {
  state_->watch(files);
}

}  // namespace berth::os
