#pragma once
// What the listeners of this host mean for one server: whose is its berth, and how is it reached there?

#include <berth/config.hpp>
#include <string>
#include <vector>

#include "app/prober.hpp"
#include "core/lifecycle.hpp"
#include "os/listeners.hpp"
#include "os/process_tree.hpp"

namespace berth::app {

struct Sighting {
  core::ListenersSeen seen;
  std::vector<Approach> approaches;  // to its own listeners on the berth, best first
  std::uint32_t inode = 0;           // of one of them
};

// `own`: the sockets of its tree. `host`: `ports.host`. Pure, apart from the name of a stranger, which is looked up
// when there is one.
Sighting sight(const os::Listeners& listeners, Port berth, const std::string& host, const os::OpenSockets& own);

}  // namespace berth::app
