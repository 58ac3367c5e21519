#pragma once
// A port is ours when the ledger that supervisors share says so, and when it can be bound.

#include <berth/port_ledger.hpp>

#include "core/port_desk.hpp"
#include "os/socket_binder.hpp"

namespace berth::os {

class LeasedBinder : public core::PortBinder {
 public:
  explicit LeasedBinder(PortLedger& ledger) : ledger_(ledger) {}

  void look_anew() override { sockets_.look_anew(); }
  std::optional<Trouble> bind(Port port) override;
  void unbind(Port port) override { sockets_.unbind(port); }
  void leave(Port port) override;
  std::string holder(Port port) override;

 private:
  PortLedger& ledger_;
  SocketBinder sockets_;
};

}  // namespace berth::os
