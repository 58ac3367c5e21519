#include "hostile/sockets.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace hostile {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address make_v4(in_addr host, int port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<std::uint16_t>(port));
  v4.sin_addr = host;
  Address address;
  std::memcpy(&address.storage, &v4, sizeof v4);
  address.size = sizeof v4;
  return address;
}

Address make_v6(in6_addr host, int port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(static_cast<std::uint16_t>(port));
  v6.sin6_addr = host;
  Address address;
  std::memcpy(&address.storage, &v6, sizeof v6);
  address.size = sizeof v6;
  return address;
}

Address first_answer_for_localhost(int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* answers = nullptr;
  Address address;
  if (::getaddrinfo("localhost", std::to_string(port).c_str(), &hints, &answers) != 0) return address;
  std::memcpy(&address.storage, answers->ai_addr, answers->ai_addrlen);
  address.size = answers->ai_addrlen;
  ::freeaddrinfo(answers);
  return address;
}

Address resolve(const std::string& host, int port) {
  if (host == "localhost-style") return first_answer_for_localhost(port);
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return make_v4(v4, port);
  in6_addr v6{};
  if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) return make_v6(v6, port);
  return {};
}

}  // namespace

Listener listen_on(const std::string& host, int port, bool reuse_address) {
  const Address address = resolve(host, port);
  if (address.size == 0) return {-1, EADDRNOTAVAIL};
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return {-1, errno};
  const int yes = 1;
  const int no = 0;
  if (reuse_address) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (host == "::") ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  if (::bind(fd, address.get(), address.size) != 0 || ::listen(fd, 64) != 0) {
    const int error = errno;
    ::close(fd);
    return {-1, error};
  }
  return {fd, 0};
}

int local_port(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  if (storage.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

}  // namespace hostile
