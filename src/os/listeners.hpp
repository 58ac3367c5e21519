#pragma once
// Who listens on TCP on this host: one dump of the kernel (NETLINK_SOCK_DIAG, sock_diag(7)), about half a millisecond
// for 800 sockets, or /proc/net/tcp and tcp6 where that is not to be had. No connection is made to find it out.

#include <berth/config.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "os/process.hpp"

namespace berth::os {

struct Listener {
  Port port = 0;
  bool v6 = false;
  std::string address;  // "127.0.0.1", "::1", "0.0.0.0", "::" …
  std::uint32_t inode = 0;
  uid_t user = 0;
  unsigned pending = 0;  // connections that wait to be accepted

  [[nodiscard]] bool wildcard() const { return address == "0.0.0.0" || address == "::"; }
  [[nodiscard]] bool loopback() const { return address == "::1" || address.starts_with("127."); }
};

class Listeners {
 public:
  // As things are now. Empty when neither way works; `known()` tells that from "nobody listens".
  static Listeners look();

  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] const std::vector<Listener>& all() const { return all_; }  // by port
  [[nodiscard]] std::vector<Listener> on(Port port) const;

 private:
  bool known_ = false;
  std::vector<Listener> all_;
};

// Changes when a listener comes or goes, whatever the order.
std::uint64_t fingerprint(const std::vector<Listener>& listeners);

// Who is on the ports of this host, in whatever state: one dump and one walk of /proc, made when the first question
// comes and good for the moment. For diagnosis, not for a loop.
class PortHolders {
 public:
  // `COMMAND (pid N)` of the process that listens there or has a connection from there; empty when it cannot be seen. A
  // hold of this very process (port_hold.hpp) does not count.
  // Sockets that are bound and nothing else are not told by older kernels.
  std::string name(Port port);
  std::optional<pid_t> process(Port port);  // likewise

  // Nothing but the ends of connections that nobody owns any more (TIME_WAIT, FIN_WAIT2 …), which the kernel forgets
  // within minutes and which a listener may mostly bind over.
  bool only_leftovers(Port port);

 private:
  struct Socket {
    std::uint32_t inode = 0;
    bool listening = false;
    bool bound_only = false;
  };
  void dump_sockets();
  void walk_processes();

  std::optional<std::multimap<Port, Socket>> sockets_;
  std::optional<std::unordered_map<std::uint32_t, pid_t>> owners_;
};

}  // namespace berth::os
