#pragma once
// The protocol of an older program that shares the ledger's file and knows nothing of the kernel's locks: FILE.lock is
// made with O_EXCL and asked for every 50 ms, the file is read, changed, and written where it stands.

#include <sys/types.h>

#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace ledger {

class OldProtocol {
 public:
  static constexpr std::chrono::milliseconds between_looks{50};
  static constexpr std::chrono::seconds longest_wait{5};

  explicit OldProtocol(std::string file) : file_(std::move(file)), lock_(file_ + ".lock") {}

  enum class Done { yes, gave_up, unreadable };

  // The lowest port that is not registered; those that are gone are dropped on the way. 0 in `port`: all are.
  Done allocate(int first, int last, int& port) const;
  Done release(int port) const;

 private:
  using Change = std::function<void(boost::json::object& whole)>;
  [[nodiscard]] bool lock() const;
  [[nodiscard]] Done with_file(const Change& change) const;

  std::string file_;
  std::string lock_;
};

// Both whole; nothing when there is no file.
std::optional<std::string> read_whole(const std::string& path);
bool write_whole(int file, const std::string& text);

std::int64_t unix_ms();
boost::json::object entry_of_this_process(int port);

}  // namespace ledger
