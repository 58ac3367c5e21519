#include <berth/port_registry.hpp>

#include "core/port_set.hpp"

namespace berth {

PortRegistry::PortRegistry(PortRange range)
    : range_(range),
      free_(std::make_unique<core::PortSet>()),
      used_(std::make_unique<core::PortSet>()),
      resting_(std::make_unique<core::PortSet>()) {
  for (std::uint32_t port = range_.first; port <= range_.last; ++port) free_->insert(static_cast<Port>(port));
}

PortRegistry::~PortRegistry() = default;

Expected<Port, std::string> PortRegistry::allocate() {
  const auto port = next_free();
  if (!port) return Unexpected<std::string>(exhausted_message());
  reserve(*port);
  return *port;
}

bool PortRegistry::reserve(Port port) {
  if (!range_.contains(port)) return true;
  if (!free_->contains(port)) return false;
  used_->insert(port);
  update_free(port);
  return true;
}

void PortRegistry::release(Port port) {
  used_->erase(port);
  update_free(port);
}

void PortRegistry::mark_dead(Port port, std::string reason, std::string holder) {
  if (!range_.contains(port)) return;
  used_->erase(port);
  resting_->erase(port);
  dead_.insert_or_assign(port, DeadPort{port, std::move(reason), std::move(holder)});
  update_free(port);
}

bool PortRegistry::revive(Port port) {
  const bool was_dead = dead_.erase(port) > 0;
  update_free(port);
  return was_dead;
}

void PortRegistry::rest(Port port) {
  if (!range_.contains(port)) return;
  used_->erase(port);
  resting_->insert(port);
  update_free(port);
}

void PortRegistry::wake(Port port) {
  resting_->erase(port);
  update_free(port);
}

std::optional<Port> PortRegistry::next_free(std::uint32_t from) const {
  return free_->lowest_from(from);
}

bool PortRegistry::in_use(Port port) const {
  return used_->contains(port);
}

bool PortRegistry::is_dead(Port port) const {
  return dead_.contains(port);
}

std::size_t PortRegistry::used_count() const {
  return used_->size();
}

std::vector<DeadPort> PortRegistry::dead() const {
  std::vector<DeadPort> all;
  all.reserve(dead_.size());
  for (const auto& [port, dead] : dead_) all.push_back(dead);
  return all;
}

std::string PortRegistry::exhausted_message() const {
  return "no free port in the range " + std::to_string(range_.first) + "-" + std::to_string(range_.last) + ": " +
         std::to_string(used_->size()) + " in use, " + std::to_string(dead_.size()) + " dead" +
         (resting_->size() == 0 ? "" : ", " + std::to_string(resting_->size()) + " resting for a minute") +
         "; widen `range` in [ports]" +
         (dead_.empty() ? " or stop a server"
                        : ", stop a server, or free what holds the dead ports (`berth ports` lists them)");
}

void PortRegistry::update_free(Port port) {
  if (!range_.contains(port)) return;
  const bool taken = used_->contains(port) || dead_.contains(port) || resting_->contains(port);
  taken ? free_->erase(port) : free_->insert(port);
}

}  // namespace berth
