#include "os/announced_lock.hpp"

#include <fcntl.h>
#include <stdio.h>  // renameat2

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "os/process.hpp"

namespace berth::os {

namespace {

constexpr const char* gone = ".gone";  // what is taken away has this at its end, for a moment

// 0: it names none.
pid_t maker_of(int file) {
  char text[32];
  const ssize_t got = ::pread(file, text, sizeof(text), 0);
  pid_t pid = 0;
  const char* const end = text + std::max<ssize_t>(got, 0);
  const char* const digit =
      std::find_if(static_cast<const char*>(text), end, [](char c) { return c >= '0' && c <= '9'; });
  if (digit > text && digit[-1] == '-') return 0;
  std::from_chars(digit, end, pid);  // whatever stands before it
  return pid > 0 ? pid : 0;
}

bool write_pid(int file) {
  const std::string pid = std::to_string(::getpid());
  errno = ENOSPC;  // for what is written in part
  return ::write(file, pid.data(), pid.size()) == static_cast<ssize_t>(pid.size());
}

}  // namespace

// It has its content from its first moment on: one whose maker was killed before it had said its pid would hold up all
// others for as long as a lock without a name is left alone.
AnnouncedLock::Made AnnouncedLock::make(std::string& why) {
  struct stat info {};
  if (::lstat(path_.c_str(), &info) == 0) return Made::exists;
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  Fd file(::open(folder.empty() ? "." : folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  bool done = file && write_pid(file.get());
  if (done) {
    const std::string name = "/proc/self/fd/" + std::to_string(file.get());
    done = ::linkat(AT_FDCWD, name.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) == 0;
    if (!done && errno == EEXIST) return Made::exists;
  }
  if (!done) {  // not every file system has files without a name
    file.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file && errno == EEXIST) return Made::exists;
    if (!file) {
      why = "cannot make `" + path_ + "`: " + std::strerror(errno);
      return Made::failed;
    }
    done = write_pid(file.get());
  }
  if (!done || ::fstat(file.get(), &info) != 0) {
    why = "cannot write `" + path_ + "`: " + std::strerror(errno);
    ::unlink(path_.c_str());
    return Made::failed;
  }
  inode_ = info.st_ino;
  file_ = std::move(file);  // kept open: while it is, no other file has this inode
  nameless_.reset();
  return Made::yes;
}

// Its maker is not there any more.
bool AnnouncedLock::is_abandoned(std::string& why) {
  const Fd file(::open(path_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0) {
    why = "`" + path_ + "` cannot be read: " + std::strerror(errno);
    return false;
  }
  if (const pid_t maker = maker_of(file.get()); maker > 0) {
    const auto process = stat_process(maker);
    // No entry in /proc: gone, unless this user may not see it there.
    const bool lives = process ? is_alive(*process) : ::kill(maker, 0) == 0 || errno == EPERM;
    why = "`" + path_ + "` is held by " + describe_process(maker);
    if (lives && maker != ::getpid()) return false;
    remove_abandoned(info.st_ino);
    return true;
  }
  why = "`" + path_ + "` is held by a program that does not say its pid";
  const auto now = std::chrono::steady_clock::now();
  const bool same = nameless_ && nameless_->inode == info.st_ino && nameless_->changed.tv_sec == info.st_ctim.tv_sec &&
                    nameless_->changed.tv_nsec == info.st_ctim.tv_nsec;
  if (!same) nameless_ = Seen{info.st_ino, info.st_ctim, now};
  if (now - nameless_->since < patience_) return false;
  remove_abandoned(info.st_ino);
  return true;
}

// Between the look and the removal somebody else may have removed it and made a new one: what was moved away and is not
// what was looked at goes back.
void AnnouncedLock::remove_abandoned(ino_t inode) {
  const std::string aside = path_ + gone;
  if (::rename(path_.c_str(), aside.c_str()) != 0) return;
  struct stat info {};
  if (::lstat(aside.c_str(), &info) == 0 && info.st_ino != inode &&
      ::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) == 0) {
    return;
  }
  ::unlink(aside.c_str());
}

AnnouncedLock::Lock AnnouncedLock::take(std::string& why) {
  ::unlink((path_ + gone).c_str());  // of one that was killed half-way
  Made made = make(why);
  if (made == Made::exists && is_abandoned(why)) made = make(why);
  if (made == Made::yes) return Lock::got;
  return made == Made::exists ? Lock::busy : Lock::broken;
}

bool AnnouncedLock::still_ours() const {
  struct stat info {};
  return file_ && ::lstat(path_.c_str(), &info) == 0 && info.st_ino == inode_;
}

void AnnouncedLock::leave() {
  if (still_ours()) ::unlink(path_.c_str());
  file_.reset();
}

}  // namespace berth::os
