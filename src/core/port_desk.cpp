#include "core/port_desk.hpp"

#include <algorithm>

namespace berth::core {

PortDesk::PortDesk(PortRange range, const std::vector<Port>& fixed_ports, PortBinder& binder, Log log)
    : registry_(range), fixed_(fixed_ports.begin(), fixed_ports.end()), binder_(binder), log_(std::move(log)) {
  for (const Port port : fixed_ports) registry_.reserve(port);  // never given to another
}

// True when the port is ours now.
bool PortDesk::try_port(Port port, Search& search) {
  const auto trouble = binder_.bind(port);
  if (!trouble) {
    busy_.erase(port);
    berths_[port] = true;
    return true;
  }
  search.last = trouble->message;
  if (trouble->holder.empty()) search.nameless[port] = trouble->message;
  search.machine_refuses = !trouble->taken;
  search.passing = search.passing || trouble->passing;
  if (trouble->taken && busy_.insert_or_assign(port, search.now).second) log_(trouble->message + "; passed over");
  return false;
}

std::optional<Port> PortDesk::first_that_binds(Search& search) {
  std::vector<Port> busy;
  for (auto port = registry_.next_free(); port; port = registry_.next_free(*port + 1U)) {
    const auto seen = busy_.find(*port);
    if (seen != busy_.end() && search.now - seen->second < memory_of_busy_ports) {
      busy.push_back(*port);
      continue;
    }
    if (try_port(*port, search)) return port;
    if (search.machine_refuses) return std::nullopt;
  }
  for (const Port port : busy) {
    if (try_port(port, search)) return port;
    if (search.machine_refuses) return std::nullopt;
  }
  return std::nullopt;
}

void PortDesk::revive(Port port) {
  if (registry_.revive(port))
    log_("port " + std::to_string(port) + " was dead and can be bound again: back in service");
}

std::optional<Port> PortDesk::revived(const std::vector<Port>& avoid, Search& search) {
  for (const DeadPort& dead : registry_.dead()) {
    const bool avoided = std::find(avoid.begin(), avoid.end(), dead.port) != avoid.end();
    if (avoided || fixed_.contains(dead.port) || !try_port(dead.port, search)) continue;
    const Port port = dead.port;
    revive(port);
    return port;
  }
  return std::nullopt;
}

Expected<Port, PortRefused> PortDesk::claim(const ClaimPort& claim, Instant now) {
  wake_rested(now);
  binder_.look_anew();
  if (claim.held && claim.prefer && berths_.contains(*claim.prefer)) {  // kept since the last run
    if (!fixed_.contains(*claim.prefer) && hold_again(*claim.prefer)) return *claim.prefer;
    release(*claim.prefer);  // somebody came while nothing held it, or it is to be another's
  }
  Search search{.now = now, .passing = !resting_.empty()};
  std::optional<Port> port;
  if (claim.prefer && registry_.range().contains(*claim.prefer) && registry_.next_free(*claim.prefer) == claim.prefer &&
      try_port(*claim.prefer, search)) {
    port = claim.prefer;
  }
  if (!port && !search.machine_refuses) port = first_that_binds(search);
  if (!port && !search.machine_refuses) port = revived(claim.avoid, search);
  if (port) {
    registry_.reserve(*port);
    return *port;
  }
  if (search.machine_refuses) return Unexpected<PortRefused>(PortRefused{Cause::spawn_failed, search.last, true});
  return Unexpected<PortRefused>(PortRefused{Cause::port_range_exhausted, exhausted(search), search.passing});
}

// Who has all these ports; the first of them, where they are many.
std::string PortDesk::exhausted(const Search& search) {
  constexpr std::size_t most_named = 16;
  const PortRange range = registry_.range();
  std::string holders;
  std::size_t named = 0;
  std::size_t known = 0;
  for (std::uint32_t port = range.first; port <= range.last && known < 2 * most_named; ++port) {
    std::string holder = binder_.holder(static_cast<Port>(port));
    if (holder.empty() && berths_.contains(static_cast<Port>(port))) holder = "this project";
    const auto why = search.nameless.find(static_cast<Port>(port));
    if (holder.empty() && why == search.nameless.end()) continue;
    if (++known > most_named) continue;
    ++named;
    holders += holders.empty() ? "" : "; ";
    holders += holder.empty() ? why->second : std::to_string(port) + " by " + holder;
  }
  std::string message = registry_.exhausted_message();
  if (named > 0) message += "; held: " + holders + (known > named ? "; and more" : "");
  if (named == 0 && !search.last.empty()) message += "; the last one tried: " + search.last;
  return message;
}

Expected<Port, PortRefused> PortDesk::claim_fixed(Port port, bool held) {
  if (!held && has_berth(port)) {
    return Unexpected<PortRefused>(PortRefused{
        Cause::fixed_port_held,
        "fixed port " + std::to_string(port) + " is the berth of another server of this project, until that one ends",
        true, true});
  }
  if (holds(port)) return port;
  binder_.look_anew();
  const auto trouble = binder_.bind(port);
  if (!trouble) {
    berths_[port] = true;
    revive(port);
    registry_.reserve(port);
    return port;
  }
  drop_berth(port);  // its hold was let go, and somebody came
  const Cause cause = trouble->taken ? Cause::fixed_port_held : Cause::spawn_failed;
  const bool passing = !trouble->taken || trouble->passing;
  return Unexpected<PortRefused>(PortRefused{
      cause, "fixed " + trouble->message + (passing ? "" : "; end that process or choose another `port`"), passing});
}

void PortDesk::set_fixed_ports(const std::vector<Port>& ports) {
  const auto before = std::exchange(fixed_, std::set<Port>(ports.begin(), ports.end()));
  for (const Port port : before) {
    if (!fixed_.contains(port) && !has_berth(port)) registry_.release(port);
  }
  for (const Port port : fixed_) registry_.reserve(port);
}

void PortDesk::let_go_of_hold(Port port) {
  const auto berth = berths_.find(port);
  if (berth == berths_.end() || !std::exchange(berth->second, false)) return;
  binder_.unbind(port);
}

bool PortDesk::holds(Port port) const {
  const auto berth = berths_.find(port);
  return berth != berths_.end() && berth->second;
}

bool PortDesk::hold_again(Port port) {
  const auto berth = berths_.find(port);
  if (berth == berths_.end()) return false;
  if (!berth->second) berth->second = !binder_.bind(port);
  return berth->second;
}

void PortDesk::drop_berth(Port port) {
  if (berths_.erase(port) > 0) binder_.leave(port);
}

void PortDesk::release(Port port) {
  drop_berth(port);
  if (!fixed_.contains(port)) registry_.release(port);
}

void PortDesk::condemn(Port port, std::string reason, std::string holder) {
  drop_berth(port);
  registry_.mark_dead(port, std::move(reason), std::move(holder));
}

void PortDesk::rest(Port port, Instant now) {
  drop_berth(port);
  registry_.rest(port);
  resting_.emplace_back(now + rest_of_a_port, port);
}

void PortDesk::wake_rested(Instant now) {
  for (; !resting_.empty() && resting_.front().first <= now; resting_.pop_front()) {
    registry_.wake(resting_.front().second);
    if (fixed_.contains(resting_.front().second)) registry_.reserve(resting_.front().second);
  }
}

Holder PortDesk::holder_now(Port port, std::string& name) {
  if (holds(port)) return Holder::own_hold;
  binder_.look_anew();
  const auto trouble = binder_.bind(port);
  if (!trouble) has_berth(port) ? binder_.unbind(port) : binder_.leave(port);
  if (!trouble || !trouble->taken) return Holder::nobody;
  name = trouble->holder;
  return Holder::unknown;
}

}  // namespace berth::core
