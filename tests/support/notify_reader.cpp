#include "support/notify_reader.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>

namespace harness {
namespace {

struct Address {
  sockaddr_un name{};
  socklen_t length = 0;

  explicit Address(const std::string& text) {
    name.sun_family = AF_UNIX;
    text.copy(name.sun_path, sizeof(name.sun_path) - 1);
    const bool abstract = text.starts_with('@');
    if (abstract) name.sun_path[0] = '\0';
    length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + text.size() + (abstract ? 0 : 1));
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
};

}  // namespace

NotifyReader::NotifyReader(std::string address) : address_(std::move(address)) {
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const Address name(address_);
  if (socket_ < 0 || ::bind(socket_, name.get(), name.length) != 0) {
    throw std::system_error(errno, std::generic_category(), "no socket at " + address_);
  }
}

NotifyReader::~NotifyReader() {
  if (socket_ >= 0) ::close(socket_);
}

std::optional<std::string> NotifyReader::next(std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    char block[8192];
    const ssize_t got = ::recv(socket_, block, sizeof(block), 0);
    if (got >= 0) return messages_.emplace_back(block, static_cast<std::size_t>(got));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    if (left <= 0) return std::nullopt;
    pollfd polled{socket_, POLLIN, 0};
    ::poll(&polled, 1, static_cast<int>(left));
  }
}

std::optional<std::string> NotifyReader::await(const std::string& words, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    auto message = next(std::max(left, std::chrono::milliseconds(0)));
    if (!message || message->find(words) != std::string::npos) return message;
  }
}

const std::vector<std::string>& NotifyReader::all() {
  while (next(std::chrono::milliseconds(0))) {
  }
  return messages_;
}

std::size_t NotifyReader::count(const std::string& words) {
  const auto& messages = all();
  return static_cast<std::size_t>(std::ranges::count_if(
      messages, [&](const std::string& message) { return message.find(words) != std::string::npos; }));
}

std::size_t NotifyReader::fill() const {
  const Address name(address_);
  std::size_t sent = 0;
  const int sender = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  while (::sendto(sender, "X_FILLED=1", 10, MSG_NOSIGNAL, name.get(), name.length) > 0) ++sent;
  ::close(sender);
  return sent;
}

}  // namespace harness
