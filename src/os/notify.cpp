#include "os/notify.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace berth::os {

namespace {

constexpr std::array<std::string_view, 3> variables{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Digits only, above zero.
std::optional<long> number(const std::string& text) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

}  // namespace

Expected<NotifySocket, std::string> NotifySocket::open(std::string_view address) {
  using Error = Unexpected<std::string>;
  const bool abstract = address.starts_with('@');
  if (!abstract && !address.starts_with('/')) return Error("it is neither an absolute path nor @NAME");
  NotifySocket notify;
  if (address.size() < 2 || address.size() >= sizeof(notify.address_.sun_path)) {
    return Error("it has " + std::to_string(address.size()) + " bytes, and a socket's name from 2 to " +
                 std::to_string(sizeof(notify.address_.sun_path) - 1));
  }
  notify.address_.sun_family = AF_UNIX;
  address.copy(notify.address_.sun_path, address.size());
  if (abstract) notify.address_.sun_path[0] = '\0';  // and no other byte ends the name
  notify.length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + (abstract ? 0 : 1));
  notify.socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!notify.socket_) return Error(std::string("no socket can be made: ") + std::strerror(errno));
  return notify;
}

NotifySocket::Sent NotifySocket::send(std::string_view lines) const {
  // Not connected: a manager that has made its socket anew is found again.
  const auto* to = reinterpret_cast<const sockaddr*>(&address_);
  ssize_t sent = 0;
  do {
    sent = ::sendto(socket_.get(), lines.data(), lines.size(), MSG_NOSIGNAL | MSG_DONTWAIT, to, length_);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return Sent::yes;
  return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? Sent::not_now : Sent::never;
}

ServiceManager ServiceManager::of_this_process() {
  ServiceManager manager;
  manager.address = environment("NOTIFY_SOCKET");
  const std::string interval = environment("WATCHDOG_USEC");
  const std::string pid = environment("WATCHDOG_PID");
  if (interval.empty()) return manager;
  const auto microseconds = number(interval);
  const auto whom = pid.empty() ? std::optional<long>(::getpid()) : number(pid);
  if (!microseconds) manager.trouble = "WATCHDOG_USEC is `" + interval + "`, and no number of microseconds";
  if (!whom) manager.trouble = "WATCHDOG_PID is `" + pid + "`, and no pid";
  if (microseconds && whom && *whom == ::getpid()) manager.watchdog = std::chrono::microseconds(*microseconds);
  return manager;
}

bool is_for_us_alone(std::string_view variable) {
  return std::ranges::find(variables, variable) != variables.end();
}

}  // namespace berth::os
