#include "os/port_hold.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace berth::os {

namespace {

void set(int socket, int level, int option, int value) {
  ::setsockopt(socket, level, option, &value, sizeof(value));
}

// Of both families at once: what listens on 127.0.0.1, on ::1 or on an address of the network is in the way of somebody
// who wants the wildcard. A host without IPv6 is asked for IPv4 only.
int bind_everywhere(int family, Port port, bool reuse, Fd& out) {
  Fd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno;
  if (from_the_reserve(socket.get())) return EMFILE;
  if (reuse) set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  int result = 0;
  if (family == AF_INET6) {
    set(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_any;
    result = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    result = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  if (result != 0) return errno;
  out = std::move(socket);
  return 0;
}

int bind_everywhere(Port port, bool reuse, Fd& out) {
  const int error = bind_everywhere(AF_INET6, port, reuse, out);
  return error == EAFNOSUPPORT || error == EADDRNOTAVAIL ? bind_everywhere(AF_INET, port, reuse, out) : error;
}

}  // namespace

Expected<PortHold, HoldError> PortHold::take(Port port, PortHolders& holders) {
  Fd socket;
  // First without SO_REUSEADDR: two holds that both had it would not see each other.
  int error = bind_everywhere(port, false, socket);
  const bool leftovers = error == EADDRINUSE && holders.only_leftovers(port);
  if (leftovers) error = bind_everywhere(port, true, socket);
  const std::string place = "port " + std::to_string(port);
  if (error == EADDRINUSE && leftovers) {
    return Unexpected<HoldError>(HoldError{true, true, "", place + " still has connections of an earlier process"});
  }
  if (error == EADDRINUSE) {
    const std::string holder = holders.name(port);
    return Unexpected<HoldError>(
        HoldError{true, false, holder, place + " is held by " + (holder.empty() ? "another process" : holder)});
  }
  if (error == EACCES) {  // below 1024 and not root: as good as taken
    return Unexpected<HoldError>(
        HoldError{true, false, "", place + " may not be bound by this user (ports below 1024 need root)"});
  }
  if (error != 0) {
    const std::string cure = error == EMFILE || error == ENFILE ? "; raise `ulimit -n`" : "";
    return Unexpected<HoldError>(
        HoldError{false, false, "", "cannot bind " + place + ": " + std::strerror(error) + cure});
  }
  // Now for the child's sake: the kernel asks for it when the child binds, not when we did.
  set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  set(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  return PortHold(std::move(socket));
}

}  // namespace berth::os
