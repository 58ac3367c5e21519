#pragma once
// What whoever has started this process may have left it with.

#include <sys/resource.h>

#include <optional>
#include <vector>

namespace berth::app {

// Three descriptors a server are more than the usual 1024 for a few hundred of them. What there was before is returned,
// for the children.
std::optional<rlimit> raise_descriptor_limit();

// Of the standard descriptors, those that are terminals.
std::vector<int> standard_terminals();

// A mask of blocked signals is inherited. SIGCHLD, which tells of the end of a server, is unblocked in any case.
void unblock_signals(bool all_of_them);

}  // namespace berth::app
