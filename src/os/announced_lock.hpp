#pragma once
// The lock of programs that know no better one: a file that is made with O_EXCL, holds the pid of its maker, and is
// removed afterwards. It is honoured where a ledger is shared with such programs. One whose maker lives is never taken
// away, however old it is.

#include <sys/stat.h>

#include <chrono>
#include <optional>
#include <string>

#include "core/ledger_host.hpp"
#include "os/fd.hpp"

namespace berth::os {

class AnnouncedLock {
 public:
  using Lock = core::LedgerHost::Lock;

  // A lock that names no maker is left alone for this long, as seen by this process.
  static constexpr std::chrono::seconds patience_with_nameless{10};

  explicit AnnouncedLock(std::string path, std::chrono::nanoseconds patience = patience_with_nameless)
      : path_(std::move(path)), patience_(patience) {}

  // At once or not at all; `why` says whose it is, or what is wrong.
  Lock take(std::string& why);
  // Somebody who takes old locks away, as some programs do, may have done so while this process was stopped.
  [[nodiscard]] bool still_ours() const;
  void leave();

 private:
  struct Seen {
    ino_t inode = 0;
    timespec changed{};
    std::chrono::steady_clock::time_point since;
  };
  enum class Made { yes, exists, failed };
  Made make(std::string& why);
  bool is_abandoned(std::string& why);
  void remove_abandoned(ino_t inode);

  std::string path_;
  std::chrono::nanoseconds patience_;
  Fd file_;
  ino_t inode_ = 0;
  std::optional<Seen> nameless_;
};

}  // namespace berth::os
