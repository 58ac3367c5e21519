#include "os/socket_binder.hpp"

namespace berth::os {

std::optional<core::PortBinder::Trouble> SocketBinder::bind(Port port) {
  auto hold = PortHold::take(port, *holders_);
  if (!hold) return Trouble{hold.error().taken, hold.error().passing, hold.error().holder, hold.error().message};
  held_.insert_or_assign(port, std::move(*hold));
  return std::nullopt;
}

}  // namespace berth::os
