#pragma once
// One ledger, from the first process to the last: who is killed and stopped meanwhile, and what is left.

#include "ledger/options.hpp"

namespace ledger {

// False when a law was broken; says what it saw on the standard output.
bool run(const Options& options, int repetition, std::uint64_t seed);

}  // namespace ledger
