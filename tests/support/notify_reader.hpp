#pragma once
// The service manager's end of sd_notify: a datagram socket that a test reads.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "support/program.hpp"

namespace harness {

class NotifyReader {
 public:
  // A path, or `@NAME` for the abstract namespace. Throws std::system_error.
  explicit NotifyReader(std::string address);
  ~NotifyReader();
  NotifyReader(const NotifyReader&) = delete;
  NotifyReader& operator=(const NotifyReader&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }

  // The next message; nothing when none has come by the deadline.
  std::optional<std::string> next(std::chrono::milliseconds deadline = patience);
  // Reads on until one holds `words`, and returns it; nothing at the deadline.
  std::optional<std::string> await(const std::string& words, std::chrono::milliseconds deadline = patience);
  // All that has come so far, those that were read before included.
  const std::vector<std::string>& all();
  [[nodiscard]] std::size_t count(const std::string& words);

  // Sends to itself until nothing more goes in; how many did.
  [[nodiscard]] std::size_t fill() const;

 private:
  std::string address_;
  int socket_ = -1;
  std::vector<std::string> messages_;
};

}  // namespace harness
