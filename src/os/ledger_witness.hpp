#pragma once
// What can be known of the processes that the port ledger names, from /proc and the kernel's sockets.

#include <optional>
#include <string>

#include "core/ledger_host.hpp"

namespace berth::os {

// Of this process; it does not change.
core::ProcessIdentity identity_of_this_process();
// `start_time` 0: there is no such process.
core::ProcessIdentity identity_of(pid_t pid);

core::Life life_of(const LedgerEntry& entry);

bool somebody_listens(Port port);

// An entry made of what is on that port: the process that listens, or the one that has it bound, and what its
// environment says of it.
std::optional<LedgerEntry> entry_seen_on(Port port);

}  // namespace berth::os
