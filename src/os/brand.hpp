#pragma once
// A brand that a process passes on to everything that descends from it, whatever it does with its session, its group,
// its environment, its descriptors and its parents: a peculiar value of the soft limit RLIMIT_RTTIME (getrlimit(2)),
// which the kernel copies at every fork and keeps at every exec, and which anybody may read in /proc/PID/limits. The
// limit counts CPU time under a real-time scheduling policy; the values used here are tens of thousands of years.

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace berth::os {

// 0: none. Bit 61 is set; the next 37 bits name a supervisor, the lowest 24 one run of one server.
using Brand = std::uint64_t;

// A new name for a supervisor, drawn at random; 0 where the hard limit leaves no room for brands.
Brand new_supervisor_brand();

Brand brand_of_run(Brand supervisor, std::uint32_t run);
bool same_supervisor(Brand a, Brand b);

// 0 when it has none, or cannot be read.
Brand brand_of(pid_t pid);

// Takes the brand off this process: for one that is to outlive its kin.
void remove_own_brand();

}  // namespace berth::os
