#pragma once
// What can be known of the processes that the port ledger names, from /proc and the kernel's sockets.

#include <string>
#include <vector>

#include "core/ledger_host.hpp"

namespace berth::os {

// Of this process; it does not change.
core::ProcessIdentity identity_of_this_process();
// `start_time` 0: there is no such process.
core::ProcessIdentity identity_of(pid_t pid);

core::Life life_of(const LedgerEntry& entry);

// Entries made of what is on these ports: the process that listens, or the one that has it bound, and what its
// environment says of it.
std::vector<LedgerEntry> entries_seen_on(const std::vector<Port>& ports);

}  // namespace berth::os
