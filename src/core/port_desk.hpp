#pragma once
// Gives berths to servers: the registry says what is free in this project, the binder says what is free on this host.
// The ledger that several supervisors share has its place here too.

#include <berth/expected.hpp>
#include <berth/port_registry.hpp>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/lifecycle.hpp"

namespace berth::core {

// The host's side of a berth: sockets that are bound and never listen.
class PortBinder {
 public:
  struct Trouble {
    bool taken = true;     // false: the machine refused for a reason of its own (out of descriptors, say)
    bool passing = false;  // taken by what will be gone within minutes, unasked
    std::string holder;    // `COMMAND (pid N)`, when it is known
    std::string message;
  };

  virtual ~PortBinder() = default;
  // What was learned of other processes is old: the next `bind` answers a new question.
  virtual void look_anew() = 0;
  // Makes a port ours until `leave`, and keeps it bound until `unbind`, after which it may be bound again. Nothing: it
  // is ours.
  virtual std::optional<Trouble> bind(Port port) = 0;
  virtual void unbind(Port port) = 0;
  virtual void leave(Port port) = 0;  // what is bound is unbound
  // Who has it, in words that name a process; empty: not known.
  virtual std::string holder(Port port) = 0;
};

class PortDesk {
 public:
  // How long Linux keeps a connection in TIME_WAIT (TCP_TIMEWAIT_LEN), which some servers cannot bind over.
  static constexpr std::chrono::seconds rest_of_a_port{60};

  // A port that was busy is not asked for again within this time, unless there is no other.
  static constexpr std::chrono::seconds memory_of_busy_ports{5};

  // Said of a port that was busy on this host and passed over, and of a dead one that is back.
  using Log = std::function<void(const std::string&)>;

  PortDesk(PortRange range, const std::vector<Port>& fixed_ports, PortBinder& binder, Log log);

  // A berth for a server, held: the preferred port when it is free, else the lowest free one. Ports that were dead and
  // can be bound again are used only when there is no other, and never one of `claim.avoid`.
  Expected<Port, PortRefused> claim(const ClaimPort& claim, Instant now);
  // A berth that is no other's. `held`: it is this server's still.
  Expected<Port, PortRefused> claim_fixed(Port port, bool held);

  // Other fixed ports, from now on. A server that has one of them as its berth keeps it until it ends.
  void set_fixed_ports(const std::vector<Port>& ports);

  // Lets the socket go, keeps the berth: for a child that cannot bind beside it, and for `ports.hold = false`.
  void let_go_of_hold(Port port);
  [[nodiscard]] bool holds(Port port) const;
  // Binds again what was let go, for the time between two runs. False when somebody is there.
  bool hold_again(Port port);

  void release(Port port);
  void condemn(Port port, std::string reason, std::string holder);
  // Releases it, and gives it to nobody for `rest_of_a_port`.
  void rest(Port port, Instant now);

  // Whether a port could be bound now, apart from our own hold.
  Holder holder_now(Port port, std::string& name);

  [[nodiscard]] const PortRegistry& registry() const { return registry_; }
  [[nodiscard]] std::size_t berths() const { return berths_.size(); }
  [[nodiscard]] bool has_berth(Port port) const { return berths_.contains(port); }

 private:
  struct Search {  // of one claim
    Instant now;
    std::string last;                      // why the last port that was tried is not to be had
    std::map<Port, std::string> nameless;  // why those are not of which no holder is known
    bool machine_refuses = false;          // whatever the port: to try another makes no sense
    bool passing = false;                  // some port is only busy for a while
  };
  bool try_port(Port port, Search& search);
  std::optional<Port> first_that_binds(Search& search);
  std::optional<Port> revived(const std::vector<Port>& avoid, Search& search);
  void revive(Port port);
  void drop_berth(Port port);
  [[nodiscard]] std::string exhausted(const Search& search);
  void wake_rested(Instant now);

  PortRegistry registry_;
  std::set<Port> fixed_;
  PortBinder& binder_;
  std::map<Port, bool> berths_;  // every claimed port; whether its socket is held or was let go
  std::deque<std::pair<Instant, Port>> resting_;
  std::map<Port, Instant> busy_;  // on this host, and when that was seen
  Log log_;
};

}  // namespace berth::core
