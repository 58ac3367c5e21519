#pragma once
// The processes with which a server talked through their standard input when it became ready. A bridge goes on
// listening, and answers, when the server behind it has died: nothing else tells. Helpers that nobody talks to come and
// go; they inherit the standard input that Berth gives, which is /dev/null.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace berth::app {

class Offspring {
 public:
  // Such descendants of these processes.
  void remember(const std::vector<pid_t>& owners);

  // Looks at them again. What has changed since the last look, as a sentence; empty: nothing.
  std::string look();

  // Some of them have ended and none has taken their place: a sentence that says so, else empty.
  [[nodiscard]] const std::string& loss() const { return loss_; }

 private:
  struct Process {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;
    std::string name;
  };
  [[nodiscard]] std::vector<pid_t> talked_to() const;

  std::vector<pid_t> owners_;
  std::vector<Process> born_;
  std::size_t many_ = 0;  // when remembered
  std::string loss_;
};

}  // namespace berth::app
