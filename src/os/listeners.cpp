#include "os/listeners.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <sstream>

#include "os/fd.hpp"
#include "os/process_tree.hpp"
#include "os/read_file.hpp"

namespace berth::os {

namespace {

// The states of include/net/tcp_states.h; the kernel does not export them to programs.
constexpr unsigned state_listen = 10;
// Linux 6.8 and later tell of sockets that are bound and nothing else when they are asked for, and call them closed;
// others ignore the bit.
constexpr unsigned state_close = 7;
constexpr unsigned state_bound_inactive = 13;
constexpr std::uint32_t all_states = 0xfff | 1U << state_bound_inactive;

struct DumpedSocket {
  Listener listener;
  unsigned state = 0;
};
using Visit = std::function<void(DumpedSocket)>;

std::string address_text(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, address, text.data(), text.size());
  return text.data();
}

bool request_dump(int netlink, int family, std::uint32_t states) {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 body;
  } request{};
  request.header.nlmsg_len = sizeof(request);
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = static_cast<std::uint8_t>(family);
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = states;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  return ::sendto(netlink, &request, sizeof(request), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel)) ==
         static_cast<ssize_t>(sizeof(request));
}

// An IPv4 address behind an IPv6 socket (::ffff:127.0.0.1), as the JVM binds it, is that IPv4 address.
Listener unmapped(Listener listener) {
  constexpr std::string_view prefix = "::ffff:";
  if (listener.v6 && listener.address.starts_with(prefix) && listener.address.find('.') != std::string::npos) {
    listener.address.erase(0, prefix.size());
    listener.v6 = false;
  }
  return listener;
}

void visit_message(const nlmsghdr* header, const Visit& visit) {
  inet_diag_msg message{};
  std::memcpy(&message, NLMSG_DATA(header), sizeof(message));
  const bool v6 = message.idiag_family == AF_INET6;
  visit(DumpedSocket{
      .listener = {.port = ntohs(message.id.idiag_sport),
                   .v6 = v6,
                   .address = address_text(v6 ? AF_INET6 : AF_INET, message.id.idiag_src),
                   .inode = message.idiag_inode,
                   .user = message.idiag_uid,
                   .pending = message.idiag_rqueue},
      .state = message.idiag_state,
  });
}

bool dump_family(int netlink, int family, std::uint32_t states, const Visit& visit) {
  if (!request_dump(netlink, family, states)) return false;
  alignas(nlmsghdr) std::array<char, 32768> buffer{};
  for (;;) {
    const ssize_t got = ::recv(netlink, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    auto size = static_cast<unsigned>(got);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(header, size);
         header = NLMSG_NEXT(header, size)) {
      if (header->nlmsg_type == NLMSG_DONE) return true;
      if (header->nlmsg_type == NLMSG_ERROR) return false;
      visit_message(header, visit);
    }
  }
}

bool dump_by_netlink(std::uint32_t states, const Visit& visit) {
  const Fd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink) return false;
  if (!dump_family(netlink.get(), AF_INET, states, visit)) return false;
  dump_family(netlink.get(), AF_INET6, states, visit);  // a host without IPv6 has none to tell of
  return true;
}

// Addresses stand there as hexadecimal words in the byte order of the machine.
std::string address_from_hex(const std::string& hex, bool v6) {
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i < (v6 ? 4U : 1U) && hex.size() >= (i + 1) * 8; ++i) {
    words[i] = static_cast<std::uint32_t>(std::stoul(hex.substr(i * 8, 8), nullptr, 16));
  }
  return address_text(v6 ? AF_INET6 : AF_INET, words.data());
}

// "SENT:RECEIVED" in hexadecimal; of a listener the second is what waits to be accepted.
unsigned pending_in(const std::string& queues) {
  const auto colon = queues.find(':');
  return colon == std::string::npos ? 0 : static_cast<unsigned>(std::strtoul(queues.c_str() + colon + 1, nullptr, 16));
}

bool dump_by_proc(const char* file, bool v6, const Visit& visit) {
  const auto text = read_file(file);
  if (!text) return false;
  std::istringstream lines(*text);
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout;
    std::uint32_t inode = 0;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
    const auto colon = local.find(':');
    if (!fields || colon == std::string::npos) continue;
    visit(DumpedSocket{
        .listener = {.port = static_cast<Port>(std::stoul(local.substr(colon + 1), nullptr, 16)),
                     .v6 = v6,
                     .address = address_from_hex(local.substr(0, colon), v6),
                     .inode = inode,
                     .user = static_cast<uid_t>(std::strtoul(uid.c_str(), nullptr, 10)),
                     .pending = pending_in(queues)},
        .state = static_cast<unsigned>(std::stoul(state, nullptr, 16)),
    });
  }
  return true;
}

bool dump(std::uint32_t states, const Visit& visit) {
  if (dump_by_netlink(states, visit)) return true;
  const Visit wanted = [&](DumpedSocket socket) {
    if ((states >> socket.state & 1U) != 0) visit(std::move(socket));
  };
  const bool v4 = dump_by_proc("/proc/net/tcp", false, wanted);
  const bool v6 = dump_by_proc("/proc/net/tcp6", true, wanted);
  return v4 || v6;
}

}  // namespace

Listeners Listeners::look() {
  Listeners seen;
  seen.known_ =
      dump(1U << state_listen, [&](DumpedSocket socket) { seen.all_.push_back(unmapped(std::move(socket.listener))); });
  std::sort(seen.all_.begin(), seen.all_.end(), [](const Listener& a, const Listener& b) { return a.port < b.port; });
  return seen;
}

std::vector<Listener> Listeners::on(Port port) const {
  const auto by_port = [](const Listener& a, const Listener& b) { return a.port < b.port; };
  const auto [first, last] = std::equal_range(all_.begin(), all_.end(), Listener{.port = port}, by_port);
  return {first, last};
}

std::uint64_t fingerprint(const std::vector<Listener>& listeners) {
  std::uint64_t sum = listeners.size();
  for (const Listener& listener : listeners) {
    sum += (std::uint64_t{listener.inode} << 16 | listener.port) * 0x9e3779b97f4a7c15ULL;
  }
  return sum;
}

void PortHolders::dump_sockets() {
  if (sockets_) return;
  sockets_.emplace();
  dump(all_states, [&](const DumpedSocket& socket) {
    sockets_->emplace(socket.listener.port, Socket{.inode = socket.listener.inode,
                                                   .listening = socket.state == state_listen,
                                                   .bound_only = socket.state == state_close});
  });
}

void PortHolders::walk_processes() {
  if (owners_) return;
  owners_.emplace();
  for (const pid_t pid : all_processes()) {
    for (const std::uint32_t inode : open_sockets({pid}).inodes) owners_->emplace(inode, pid);
  }
}

std::string PortHolders::name(Port port) {
  const auto pid = process(port);
  return pid ? describe_process(*pid) : "";
}

std::optional<pid_t> PortHolders::process(Port port) {
  dump_sockets();
  const auto [first, last] = sockets_->equal_range(port);
  std::optional<pid_t> connected;
  for (auto it = first; it != last; ++it) {
    if (it->second.inode == 0) continue;
    walk_processes();
    const auto owner = owners_->find(it->second.inode);
    if (owner == owners_->end()) continue;
    if (it->second.bound_only && owner->second == ::getpid()) continue;
    // Who listens is more in the way than who has a connection from there.
    if (it->second.listening) return owner->second;
    if (!connected) connected = owner->second;
  }
  return connected;
}

bool PortHolders::only_leftovers(Port port) {
  dump_sockets();
  const auto [first, last] = sockets_->equal_range(port);
  return first != last &&
         std::all_of(first, last, [](const auto& entry) { return entry.second.inode == 0 && !entry.second.listening; });
}

}  // namespace berth::os
