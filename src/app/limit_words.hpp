#pragma once
// The limits of a server for a person: which apply, and what holds them. Pure.

#include <berth/config.hpp>
#include <string>
#include <vector>

#include "core/limits.hpp"

namespace berth::app {

// What holds the limits of one run.
struct LimitMeans {
  bool launched = false;  // else it is not known yet
  bool memory_by_group = false;
  bool processes_by_group = false;
  bool as_root = false;  // the run: some limits do not hold for root
};

// "memory 512 MiB (control group)", one for each limit.
std::vector<std::string> limit_words(const LimitsConfig& limits, const LimitMeans& means,
                                     const core::GroupCounts& counts);

// What is to be known where the kernel holds a limit in another way than one would think; empty: nothing.
std::string weakness_of_limits(const LimitsConfig& limits, const LimitMeans& means);

}  // namespace berth::app
