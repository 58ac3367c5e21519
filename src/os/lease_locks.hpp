#pragma once
// The kernel's side of the port ledger: one file that is never written and never removed, of which each byte is a lock
// (fcntl(2), F_OFD_SETLK). They belong to the open file description: the kernel frees them when the last process that
// shares it has ended, whatever it died of.
//
// Byte 0 is held by whoever writes the ledger, byte N by whoever has leased port N; who waits for byte 0 holds one that
// lies after the last port's by as many bytes as the clock had microseconds when it came.

#include <fcntl.h>

#include <berth/config.hpp>
#include <berth/expected.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/ledger_host.hpp"
#include "os/fd.hpp"

namespace berth::os {

class LeaseLocks {
 public:
  using Lock = core::LedgerHost::Lock;

  // The error names the file and what is wrong with it: a link, another user's, a file system without locks.
  static Expected<LeaseLocks, std::string> open(std::string path);

  Lock take(Port port) { return set(port, F_WRLCK); }
  void drop(Port port) { set(port, F_UNLCK); }
  [[nodiscard]] bool others_have(Port port) const { return conflict(port, port).has_value(); }
  [[nodiscard]] std::vector<Port> others() const;

  // Byte 0, in the order in which they came. Those who have waited longest ask most often; one who is stopped meanwhile
  // is passed over.
  Lock enter(std::chrono::milliseconds patience);
  void leave() { set(writer, F_UNLCK); }

  // Somebody has removed the file, so that newcomers do not see our locks: opens it anew. All locks are lost then;
  // true.
  bool renew_if_removed();
  [[nodiscard]] int descriptor() const { return file_.get(); }

 private:
  static constexpr off_t writer = 0;
  static constexpr off_t waiting = 65'536;  // from here on
  struct Bytes {
    off_t first = 0;
    off_t last = 0;
  };

  LeaseLocks(std::string path, Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  static Expected<Fd, std::string> open_file(const std::string& path);
  Lock set(off_t byte, short type);
  // Some bytes from `first` to `last` that another description has locked.
  [[nodiscard]] std::optional<Bytes> conflict(off_t first, off_t last) const;
  Lock wait_until(std::chrono::steady_clock::time_point end);
  [[nodiscard]] int ahead_of_us(int most) const;

  std::string path_;
  Fd file_;
  off_t ticket_ = 0;  // 0: is not waiting to write
};

}  // namespace berth::os
