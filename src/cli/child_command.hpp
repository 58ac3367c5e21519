#pragma once
// Another command of this program, run on the terminal that this one has lent it.

#include <sys/types.h>

#include <berth/expected.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace berth::cli {

// A child of this very program. It reads nothing, and ends with us at the latest.
class ChildCommand {
 public:
  // The error says why it could not be started.
  static Expected<ChildCommand, std::string> start(const std::vector<std::string>& arguments);
  ChildCommand(ChildCommand&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  ChildCommand& operator=(ChildCommand&&) = delete;
  ~ChildCommand();

  void end() const;  // SIGTERM
  // Its exit code (128 + N when a signal ended it), once it has ended.
  std::optional<int> ended();

 private:
  explicit ChildCommand(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

}  // namespace berth::cli
