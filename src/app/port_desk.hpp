#pragma once
// Gives berths to servers: the registry says what is free in this project, the bind says what is free on this host. The
// ledger that several supervisors share has its place here too.

#include <berth/expected.hpp>
#include <berth/port_registry.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/lifecycle.hpp"
#include "os/port_hold.hpp"

namespace berth::app {

class PortDesk {
 public:
  // Said of a port that was busy on this host and passed over, and of a dead one that is back.
  using Log = std::function<void(const std::string&)>;

  PortDesk(PortRange range, const std::vector<Port>& fixed_ports, Log log);

  // A berth for a server, held: the preferred port when it is free, else the lowest free one. Ports that were dead and
  // can be bound again are used only when there is no other, and never one of `claim.avoid`.
  Expected<Port, core::PortRefused> claim(const core::ClaimPort& claim);
  Expected<Port, core::PortRefused> claim_fixed(Port port);

  // Lets the socket go, keeps the berth: for a child that cannot bind beside it, and for `ports.hold = false`.
  void let_go_of_hold(Port port);
  [[nodiscard]] bool holds(Port port) const;
  // Binds again what was let go, for the time between two runs. False when somebody is there.
  bool hold_again(Port port);

  void release(Port port);
  void condemn(Port port, std::string reason, std::string holder);
  void rest(Port port);
  void wake(Port port) { registry_.wake(port); }

  // Whether a port could be bound now, apart from our own hold.
  core::Holder holder_now(Port port, std::string& name);

  [[nodiscard]] const PortRegistry& registry() const { return registry_; }
  [[nodiscard]] std::size_t berths() const { return berths_.size(); }

 private:
  struct Search {  // of one claim
    os::PortHolders holders;
    core::PortRefused refusal;
  };
  bool try_port(Port port, Search& search);
  std::optional<Port> first_that_binds(Search& search);
  std::optional<Port> revived(const std::vector<Port>& avoid, Search& search);

  PortRegistry registry_;
  std::set<Port> fixed_;
  std::map<Port, os::PortHold> berths_;  // every claimed port; its socket may have been let go
  Log log_;
};

}  // namespace berth::app
