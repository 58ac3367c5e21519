#include "os/lease_locks.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

namespace berth::os {

namespace {

using Error = Unexpected<std::string>;

struct flock bytes(short type, off_t first, off_t last) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = first;
  lock.l_len = last - first + 1;
  return lock;
}

}  // namespace

Expected<Fd, std::string> LeaseLocks::open_file(const std::string& path) {
  const std::string name = "the lock file `" + path + "`";
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600));
  if (!file && errno == ELOOP) return Error(name + " is a symbolic link, and is not trusted");
  if (!file) return Error("cannot open " + name + ": " + std::strerror(errno));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return Error(name + " is no file");
  if (info.st_uid != ::geteuid()) return Error(name + " belongs to user " + std::to_string(info.st_uid));
  return file;
}

Expected<LeaseLocks, std::string> LeaseLocks::open(std::string path) {
  auto file = open_file(path);
  if (!file) return Error(file.error());
  LeaseLocks locks(std::move(path), std::move(*file));
  struct flock question = bytes(F_WRLCK, writer, writer);
  if (::fcntl(locks.file_.get(), F_OFD_GETLK, &question) != 0) {
    return Error("the file system of `" + locks.path_ + "` has no locks: " + std::strerror(errno));
  }
  return locks;
}

LeaseLocks::Lock LeaseLocks::set(off_t byte, short type) {
  struct flock lock = bytes(type, byte, byte);
  int result = 0;
  do {
    result = ::fcntl(file_.get(), F_OFD_SETLK, &lock);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return Lock::got;
  return errno == EAGAIN || errno == EACCES ? Lock::busy : Lock::broken;
}

std::optional<LeaseLocks::Bytes> LeaseLocks::conflict(off_t first, off_t last) const {
  struct flock lock = bytes(F_WRLCK, first, last);
  if (::fcntl(file_.get(), F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return Bytes{lock.l_start, lock.l_len == 0 ? last : lock.l_start + lock.l_len - 1};
}

// The kernel names one lock at a time: what is left and right of it is asked for in turn.
std::vector<Port> LeaseLocks::others() const {
  std::vector<Port> ports;
  std::vector<Bytes> open{{1, 65'535}};
  while (!open.empty()) {
    const Bytes part = open.back();
    open.pop_back();
    const auto found = conflict(part.first, part.last);
    if (!found) continue;
    const Bytes locked{std::max(found->first, part.first), std::min(found->last, part.last)};
    for (off_t port = locked.first; port <= locked.last; ++port) ports.push_back(static_cast<Port>(port));
    if (locked.first > part.first) open.push_back({part.first, locked.first - 1});
    if (locked.last < part.last) open.push_back({locked.last + 1, part.last});
  }
  std::sort(ports.begin(), ports.end());
  return ports;
}

// How many of those who wait came before this one; no more than `most` are counted.
int LeaseLocks::ahead_of_us(int most) const {
  int count = 0;
  std::vector<Bytes> open{{waiting, ticket_ - 1}};
  while (!open.empty() && count < most) {
    const Bytes part = open.back();
    open.pop_back();
    const auto found = part.first <= part.last ? conflict(part.first, part.last) : std::nullopt;
    if (!found) continue;
    ++count;
    open.push_back({part.first, found->first - 1});
    open.push_back({found->last + 1, part.last});
  }
  return count;
}

LeaseLocks::Lock LeaseLocks::enter(std::chrono::milliseconds patience) {
  using namespace std::chrono_literals;
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  // The time of arrival is the ticket. Who gives up and comes back does not have to go to the end.
  if (ticket_ == 0) ticket_ = waiting + static_cast<off_t>(began.time_since_epoch() / 1us);
  Lock lock = Lock::busy;
  if (patience <= 0ms || !conflict(waiting, ticket_ - 1)) lock = set(writer, F_WRLCK);
  if (lock == Lock::busy && patience > 0ms) lock = wait_until(began + patience);
  if (lock == Lock::got) ticket_ = 0;
  return lock;
}

// The kernel wakes nobody up in time without a signal or a thread, so that who waits has to ask; when all do so often,
// those who write do not get on. With fifty who wait these times give twice as much as the same short time for all.
LeaseLocks::Lock LeaseLocks::wait_until(std::chrono::steady_clock::time_point end) {
  using namespace std::chrono_literals;
  constexpr int most_counted = 4;
  while (set(ticket_, F_WRLCK) == Lock::busy) ++ticket_;
  Lock lock = Lock::busy;
  bool was_free = false;
  for (int looks = 0; lock == Lock::busy && std::chrono::steady_clock::now() < end;) {
    const int ahead = ahead_of_us(most_counted);
    // Others than the first take it only from a first one who does not: it may be stopped.
    if (ahead == 0 || was_free) lock = set(writer, F_WRLCK);
    was_free = lock == Lock::busy && ahead > 0 && !conflict(writer, writer);
    if (lock != Lock::busy) break;
    std::chrono::microseconds until_next_look = 5ms;
    if (ahead == 0) until_next_look = std::min(100us + ++looks / 64 * 100us, 1000us);  // less for one who writes long
    if (ahead > 0 && (ahead < most_counted || was_free)) until_next_look = 100us + ahead * 300us;
    std::this_thread::sleep_for(until_next_look);
  }
  set(ticket_, F_UNLCK);
  return lock;
}

bool LeaseLocks::renew_if_removed() {
  struct stat ours {};
  struct stat there {};
  if (::fstat(file_.get(), &ours) != 0) return false;
  const bool same = ::lstat(path_.c_str(), &there) == 0 && there.st_ino == ours.st_ino && there.st_dev == ours.st_dev;
  if (same) return false;
  auto file = open_file(path_);
  if (!file) return false;  // no folder, or no room: the old locks still hold against those who have the old file
  file_ = std::move(*file);
  return true;
}

}  // namespace berth::os
