#pragma once
// What whoever has started this process may have left it with.

#include <sys/resource.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "berth/config.hpp"
#include "os/cgroup.hpp"

namespace berth::app {

// Three descriptors a server are more than the usual 1024 for a few hundred of them. What there was before is returned,
// for the children.
std::optional<rlimit> raise_descriptor_limit();

// The kernel doubles a full table of descriptors and, in a process with threads, waits for every processor meanwhile
// (an RCU grace period, tens of milliseconds; Linux, fs/file.c). Called before there are any, this takes the room for
// as many servers at once.
void make_room_for_descriptors(std::size_t servers);

// Where servers have limits that groups can hold: now, while there are only processes of ours to move out of their way.
void prepare_groups(os::CgroupPlace& place, const Config& config);

// Of the standard descriptors, those that are terminals.
std::vector<int> standard_terminals();

// A mask of blocked signals is inherited. SIGCHLD, which tells of the end of a server, is unblocked in any case.
void unblock_signals(bool all_of_them);

}  // namespace berth::app
