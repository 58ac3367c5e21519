#pragma once
// Word to the service manager that has started us: datagrams to the socket of $NOTIFY_SOCKET, and what it has asked for
// in its other variables. The protocol is that of sd_notify(3), which promises to stay as it is. It is spoken here
// without libsystemd, which would cost start-up time and memory for one sendto(2).

#include <sys/socket.h>
#include <sys/un.h>

#include <berth/expected.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "os/fd.hpp"

namespace berth::os {

class NotifySocket {
 public:
  // A path, or `@NAME` for the abstract namespace. The error says what is wrong with the address; whether somebody
  // listens there shows when something is sent.
  static Expected<NotifySocket, std::string> open(std::string_view address);

  enum class Sent {
    yes,
    not_now,  // its reader has fallen behind, or we are out of memory
    never     // errno says why
  };
  // Lines NAME=VALUE. Never blocks.
  [[nodiscard]] Sent send(std::string_view lines) const;

 private:
  Fd socket_;
  sockaddr_un address_{};
  socklen_t length_ = 0;
};

// What a service manager has put into the environment of this process.
struct ServiceManager {
  std::string address;                                // $NOTIFY_SOCKET; empty: there is none
  std::optional<std::chrono::microseconds> watchdog;  // $WATCHDOG_USEC, unless $WATCHDOG_PID is another's
  std::string trouble;                                // a value that makes no sense; empty: all do

  static ServiceManager of_this_process();
};

// Variables that mean this process and no child of it: one that has them could say that we are ready, or feed our
// watchdog.
bool is_for_us_alone(std::string_view variable);

}  // namespace berth::os
