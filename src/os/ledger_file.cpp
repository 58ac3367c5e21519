#include "os/ledger_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>  // renameat2

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "os/clock.hpp"
#include "os/fd.hpp"
#include "os/ledger_text.hpp"
#include "os/read_file.hpp"

namespace berth::os {

namespace {

using Error = Unexpected<std::string>;

bool same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_size == b.st_size && same_time(a.st_mtim, b.st_mtim) &&
         same_time(a.st_ctim, b.st_ctim);
}

core::LedgerReading damaged(std::string why) {
  core::LedgerReading reading;
  reading.damage = std::move(why);
  return reading;
}

core::LedgerReading missing() {
  core::LedgerReading reading;
  reading.exists = false;
  return reading;
}

std::string cannot(const char* what, const std::string& path) {
  return "cannot " + std::string(what) + " the ledger `" + path + "`: " + std::strerror(errno);
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// The times of files go by a clock that stands still for some milliseconds. A change within the same tick would leave
// them as they are, and a file that replaces another may be given its inode, too: until the clock has gone on, nothing
// is known to be unchanged.
bool can_tell_a_change(const struct stat& info) {
  timespec now{};
  if (::clock_gettime(CLOCK_REALTIME_COARSE, &now) != 0) return false;
  const timespec& changed = info.st_ctim;
  return changed.tv_sec < now.tv_sec || (changed.tv_sec == now.tv_sec && changed.tv_nsec < now.tv_nsec);
}

}  // namespace

const core::LedgerRead& LedgerFile::read() {
  struct stat info {};
  const bool there = ::lstat(path_.c_str(), &info) == 0;
  if (there && known_ && same_file(*known_, info)) return last_;
  known_.reset();
  if (there) {
    last_ = read(info);
  } else {
    last_ = errno == ENOENT ? core::LedgerRead(missing()) : Error(cannot("read", path_));
  }
  return last_;
}

core::LedgerRead LedgerFile::read(struct stat info) {
  if (info.st_uid != ::geteuid()) {
    return Error("the ledger `" + path_ + "` belongs to user " + std::to_string(info.st_uid));
  }
  if (S_ISLNK(info.st_mode)) return damaged("it is a symbolic link");
  if (!S_ISREG(info.st_mode)) return damaged("it is no file");
  if (static_cast<std::size_t>(info.st_size) > largest_ledger) {
    return damaged("it has " + std::to_string(info.st_size) + " bytes");
  }
  const Fd file(::open(path_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file && (errno == EACCES || errno == EPERM)) return damaged("it cannot be read");
  if (!file && errno == ENOENT) return missing();  // just now
  if (!file || ::fstat(file.get(), &info) != 0) return Error(cannot("read", path_));
  const bool lasting = can_tell_a_change(info);
  const auto text = read_all(file.get(), largest_ledger + 1);
  if (!text) return Error(cannot("read", path_));
  if (lasting) known_ = info;
  return read_ledger(*text);
}

Expected<std::string, std::string> LedgerFile::replace(const Ledger& ledger, bool keep_old,
                                                       const std::function<bool()>& not_any_more) {
  const std::string next = path_ + ".new";
  const auto failed = [&](const char* what) {
    auto why = cannot(what, path_);
    ::unlink(next.c_str());
    return Error(std::move(why));
  };
  struct stat old {};
  const mode_t mode = ::lstat(path_.c_str(), &old) == 0 && S_ISREG(old.st_mode) ? (old.st_mode & 0666U) | 0600U : 0600U;
  ::unlink(next.c_str());  // of one that was killed half-way
  const Fd file(::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return failed("write");
  if (from_the_reserve(file.get())) {
    errno = EMFILE;
    return failed("write");
  }
  if (mode != 0600U) ::fchmod(file.get(), mode);
  if (!write_all(file.get(), ledger_text(ledger)) || ::fsync(file.get()) != 0) return failed("write");
  if (not_any_more()) {
    ::unlink(next.c_str());
    return Error("the lock of the ledger `" + path_ + "` was taken away by another program");
  }
  const auto kept = keep_old ? put_aside() : std::string();
  if (!kept) return failed("put aside");
  if (::rename(next.c_str(), path_.c_str()) != 0) return failed("replace");
  known_.reset();
  return kept;
}

// A second name, so that the file is never missing; a folder has to be moved.
Expected<std::string, std::string> LedgerFile::put_aside() {
  for (int tries = 0; tries < 100; ++tries) {
    std::string time = timestamp();
    std::replace(time.begin(), time.end(), ':', '-');
    std::string kept = path_ + ".corrupt-" + time;
    const bool done =
        ::linkat(AT_FDCWD, path_.c_str(), AT_FDCWD, kept.c_str(), 0) == 0 ||
        (errno != EEXIST && ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, kept.c_str(), RENAME_NOREPLACE) == 0);
    if (done) {
      drop_oldest();
      return kept;
    }
    if (errno != EEXIST) break;
    ::poll(nullptr, 0, 1);  // one in each millisecond: the order of their names is that of their age
  }
  return Error(std::strerror(errno));
}

// Or a program that damages it for ever would fill the disk.
void LedgerFile::drop_oldest() {
  const std::filesystem::path path(path_);
  const std::string prefix = path.filename().string() + ".corrupt-";
  std::vector<std::filesystem::path> kept;
  std::error_code error;
  for (std::filesystem::directory_iterator it(path.parent_path(), error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().filename().string().starts_with(prefix)) kept.push_back(it->path());
  }
  std::sort(kept.begin(), kept.end());  // their names begin with the time
  while (kept.size() > most_kept) {
    std::filesystem::remove(kept.front(), error);  // no folder with something in it
    kept.erase(kept.begin());
  }
}

}  // namespace berth::os
