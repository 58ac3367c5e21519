#include "os/tcp_listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "os/listeners.hpp"

namespace berth::os {

namespace {

std::string why_not(int error, Port port) {
  if (error != EADDRINUSE) return std::strerror(error);
  const std::string holder = PortHolders().name(port);
  return "port " + std::to_string(port) + " is taken" + (holder.empty() ? "" : " by " + holder);
}

}  // namespace

Expected<Fd, std::string> listen_on_tcp(const std::string& address, Port port) {
  sockaddr_storage place{};
  socklen_t size = sizeof(sockaddr_in);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&place);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&place);
  if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
  } else if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    size = sizeof(sockaddr_in6);
  } else {
    return Unexpected<std::string>("`" + address + "` is no address");
  }
  const auto failed = [port] { return Unexpected<std::string>(why_not(errno, port)); };
  Fd listener(::socket(place.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  if (!listener) return failed();
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (size == sizeof(sockaddr_in6)) ::setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&place), size) != 0) return failed();
  if (::listen(listener.get(), SOMAXCONN) != 0) return failed();
  return listener;
}

}  // namespace berth::os
