#pragma once
// What the kernel has noted about some processes: whether they run, wait for a processor, or are stopped.

#include <sys/types.h>

#include <vector>

#include "core/vital_signs.hpp"

namespace berth::os {

// Those of `pids` that have this socket open; empty when none may be looked into.
std::vector<pid_t> owners_of(std::uint32_t socket_inode, const std::vector<pid_t>& pids);

// Of all threads of these (/proc/PID/task/TID/schedstat, in nanoseconds, and stat). Where the kernel keeps no
// schedstat (CONFIG_SCHED_INFO), and for what is gone: not known. They count as stopped or traced when one process of
// them is, and as blocked when one thread is.
core::VitalSigns vital_signs(const std::vector<pid_t>& pids);

}  // namespace berth::os
