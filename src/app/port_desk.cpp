#include "app/port_desk.hpp"

#include <algorithm>

namespace berth::app {

using core::Cause;
using core::PortRefused;

PortDesk::PortDesk(PortRange range, const std::vector<Port>& fixed_ports, Log log)
    : registry_(range), fixed_(fixed_ports.begin(), fixed_ports.end()), log_(std::move(log)) {
  for (const Port port : fixed_ports) registry_.reserve(port);  // never given to another
}

// True when the port is ours now. A refusal that is not about this port (no descriptors) ends the search.
bool PortDesk::try_port(Port port, Search& search) {
  auto hold = os::PortHold::take(port, search.holders);
  if (hold) {
    berths_.insert_or_assign(port, std::move(*hold));
    return true;
  }
  search.refusal = {hold.error().taken ? Cause::port_range_exhausted : Cause::spawn_failed, hold.error().message};
  if (hold.error().taken) log_(hold.error().message + "; passed over");
  return false;
}

std::optional<Port> PortDesk::first_that_binds(Search& search) {
  for (auto port = registry_.next_free(); port; port = registry_.next_free(*port + 1U)) {
    if (try_port(*port, search)) return port;
    if (search.refusal.cause == Cause::spawn_failed) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Port> PortDesk::revived(const std::vector<Port>& avoid, Search& search) {
  for (const DeadPort& dead : registry_.dead()) {
    if (std::find(avoid.begin(), avoid.end(), dead.port) != avoid.end() || !try_port(dead.port, search)) continue;
    registry_.revive(dead.port);
    log_("port " + std::to_string(dead.port) + " was dead and can be bound again: back in service");
    return dead.port;
  }
  return std::nullopt;
}

Expected<Port, PortRefused> PortDesk::claim(const core::ClaimPort& claim) {
  if (claim.held && claim.prefer && berths_.contains(*claim.prefer)) {  // kept since the last run
    if (hold_again(*claim.prefer)) return *claim.prefer;
    release(*claim.prefer);  // somebody came while nothing held it
  }
  Search search;
  const PortRefused& refusal = search.refusal;
  std::optional<Port> port;
  if (claim.prefer && registry_.range().contains(*claim.prefer) && registry_.next_free(*claim.prefer) == claim.prefer &&
      try_port(*claim.prefer, search)) {
    port = claim.prefer;
  }
  if (!port) port = first_that_binds(search);
  if (!port && refusal.cause != Cause::spawn_failed) port = revived(claim.avoid, search);
  if (port) {
    registry_.reserve(*port);
    return *port;
  }
  if (refusal.cause == Cause::spawn_failed) return Unexpected<PortRefused>(refusal);
  std::string message = registry_.exhausted_message();
  if (!refusal.message.empty()) message += "; the last one tried: " + refusal.message;
  return Unexpected<PortRefused>(PortRefused{Cause::port_range_exhausted, message});
}

Expected<Port, PortRefused> PortDesk::claim_fixed(Port port) {
  if (holds(port)) return port;
  os::PortHolders holders;
  auto hold = os::PortHold::take(port, holders);
  if (hold) {
    berths_.insert_or_assign(port, std::move(*hold));
    return port;
  }
  berths_.erase(port);  // its hold was let go, and somebody came
  const Cause cause = hold.error().taken ? Cause::fixed_port_held : Cause::spawn_failed;
  return Unexpected<PortRefused>(
      PortRefused{cause, "fixed " + hold.error().message + "; end that process or choose another `port`"});
}

void PortDesk::let_go_of_hold(Port port) {
  if (const auto berth = berths_.find(port); berth != berths_.end()) berth->second.let_go();
}

bool PortDesk::holds(Port port) const {
  const auto berth = berths_.find(port);
  return berth != berths_.end() && berth->second.held();
}

bool PortDesk::hold_again(Port port) {
  const auto berth = berths_.find(port);
  if (berth == berths_.end()) return false;
  if (berth->second.held()) return true;
  os::PortHolders holders;
  auto hold = os::PortHold::take(port, holders);
  if (hold) berth->second = std::move(*hold);
  return berth->second.held();
}

void PortDesk::release(Port port) {
  berths_.erase(port);
  if (!fixed_.contains(port)) registry_.release(port);
}

void PortDesk::condemn(Port port, std::string reason, std::string holder) {
  berths_.erase(port);
  registry_.mark_dead(port, std::move(reason), std::move(holder));
}

void PortDesk::rest(Port port) {
  berths_.erase(port);
  registry_.rest(port);
}

core::Holder PortDesk::holder_now(Port port, std::string& name) {
  if (holds(port)) return core::Holder::own_hold;
  os::PortHolders holders;
  auto hold = os::PortHold::take(port, holders);
  if (hold || !hold.error().taken) return core::Holder::nobody;
  name = hold.error().holder;
  return core::Holder::unknown;
}

}  // namespace berth::app
