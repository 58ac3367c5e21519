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

LeaseLocks::Lock LeaseLocks::enter(std::chrono::milliseconds patience) {
  using namespace std::chrono_literals;
  using Clock = std::chrono::steady_clock;
  const bool may_wait = patience > 0ms;
  if (!may_wait || !conflict(waiting, waiting)) {
    const Lock lock = set(writer, F_WRLCK);
    if (lock != Lock::busy || !may_wait) return lock;
  }
  set(waiting, F_RDLCK);
  const auto began = Clock::now();
  Lock lock = Lock::busy;
  while (lock == Lock::busy && Clock::now() - began < patience) {
    const auto waited = Clock::now() - began;
    std::this_thread::sleep_for(std::clamp<Clock::duration>(1ms - waited / 32, 100us, 1ms));
    lock = set(writer, F_WRLCK);
  }
  set(waiting, F_UNLCK);
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
