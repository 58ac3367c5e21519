#include "chaos/held_port.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <sstream>

#include "support/program.hpp"

namespace chaos {
namespace {

bool can_be_bound(int port) {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;
  const int yes = 1;
  const int no = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  const bool bound =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd, 1) == 0;
  ::close(fd);
  return bound;
}

}  // namespace

std::string held(int port) {
  if (can_be_bound(port)) return {};
  bool remains = false;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::istringstream lines(harness::read_file(table));
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      std::istringstream words(line);
      std::string slot, local, remote, state, skipped, inode;
      words >> slot >> local >> remote >> state;
      if (std::stoi(local.substr(local.rfind(':') + 1), nullptr, 16) != port) continue;
      for (int i = 0; i < 5; ++i) words >> skipped;
      words >> inode;
      if (inode != "0") return "by a socket: " + line;
      remains = true;  // TIME_WAIT, or a connection whose process is gone
    }
  }
  return remains ? "" : "it cannot be bound, and no connection is in the way";
}

}  // namespace chaos
