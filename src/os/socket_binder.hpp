#pragma once
// The berths that this process holds, as the port desk wants them.

#include <optional>
#include <unordered_map>

#include "core/port_desk.hpp"
#include "os/port_hold.hpp"

namespace berth::os {

class SocketBinder : public core::PortBinder {
 public:
  void look_anew() override { holders_.emplace(); }
  std::optional<Trouble> bind(Port port) override;
  void unbind(Port port) override { held_.erase(port); }
  void leave(Port port) override { held_.erase(port); }
  std::string holder(Port port) override { return holders_->name(port); }

 private:
  std::unordered_map<Port, PortHold> held_;
  std::optional<PortHolders> holders_{std::in_place};
};

}  // namespace berth::os
