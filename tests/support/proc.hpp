#pragma once
// What /proc tells about processes: the proof that nothing was left behind.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace harness {

// Every live process, zombies excepted, that has `variable` (as NAME=VALUE) in its environment or `argument` on
// its command line. Empty strings match nothing.
std::vector<pid_t> processes_with_marker(const std::string& variable, const std::string& argument = {});

bool process_lives(pid_t pid);  // a zombie does not
std::size_t descriptor_count(pid_t pid);
std::size_t zombie_children(pid_t pid);
std::uint64_t rss(pid_t pid);  // bytes; 0 when unknown

std::string command_line(pid_t pid);  // words joined by spaces

}  // namespace harness
