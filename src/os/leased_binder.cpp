#include "os/leased_binder.hpp"

namespace berth::os {

std::optional<core::PortBinder::Trouble> LeasedBinder::bind(Port port) {
  const bool had = ledger_.has(port);
  if (const auto lease = ledger_.lease(port); !lease) {
    return Trouble{true, lease.error().passing, lease.error().holder, lease.error().message};
  }
  auto trouble = sockets_.bind(port);
  if (trouble && !had) ledger_.release(port);
  return trouble;
}

void LeasedBinder::leave(Port port) {
  sockets_.leave(port);
  ledger_.release(port);
}

std::string LeasedBinder::holder(Port port) {
  std::string holder = ledger_.holder(port);
  return holder.empty() ? sockets_.holder(port) : holder;
}

}  // namespace berth::os
