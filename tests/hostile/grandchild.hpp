#pragma once
// A process that gets away: forked twice, in a session of its own, out of reach of a signal to the group.

#include "hostile/options.hpp"

namespace hostile {

// `listener` may be -1. Prints `grandchild PID` before it returns. The grandchild is a fresh image of this
// program, so that a cleared environment shows in /proc as well.
void fork_grandchild(const Options& options, int listener);

// What the fresh image does: nothing, for ten minutes.
[[noreturn]] void live_as_grandchild(const Options& options);

}  // namespace hostile
