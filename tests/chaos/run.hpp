#pragma once
// One run: from the first `up` to the proof that nothing is left.

#include <cstdint>

#include "chaos/options.hpp"

namespace chaos {

// Set by SIGINT and SIGTERM: the run ends early, and clears up.
void interrupt();
bool interrupted();

// True when nothing was wrong. Prints its report.
bool run(const Options& options, std::uint64_t seed);

}  // namespace chaos
