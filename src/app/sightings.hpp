#pragma once
// What the listeners of this host mean for one server: whose is its berth, and how is it reached there?

#include <berth/config.hpp>
#include <string>
#include <unordered_set>
#include <vector>

#include "app/prober.hpp"
#include "core/lifecycle.hpp"
#include "os/listeners.hpp"

namespace berth::app {

struct Sighting {
  core::ListenersSeen seen;
  std::vector<Approach> approaches;  // to its own listeners on the berth, best first
  std::uint32_t inode = 0;           // of one of them
};

// `own`: the inodes of all sockets of its tree. `host`: `ports.host`. Pure, apart from the name of a stranger, which is
// looked up when there is one.
Sighting sight(const os::Listeners& listeners, Port berth, const std::string& host,
               const std::unordered_set<std::uint32_t>& own);

}  // namespace berth::app
