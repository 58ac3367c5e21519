#pragma once
// A child that wants too much of the machine, within bounds of its own: a test that fails must not hurt anybody.

#include "hostile/options.hpp"

namespace hostile {

// Takes what --eat-memory, --eat-files and --fork-many ask for; where that cannot be had, it ends as programs do then:
// with an exception that nobody catches, or with the words of the C library and code 1.
void be_greedy(const Options& options);

}  // namespace hostile
