#pragma once
// Which project a file belongs to, without asking whether the rest of it is right: `status` and `down` work while
// somebody edits.

#include <string>
#include <vector>

namespace berth::config {

// `name` in the file, else the name of its folder.
std::string project_of(const std::string& file);

// The names of the servers in a file that need not be valid as a whole, in its order: for completions and for hints.
// Empty when there are none, or when it cannot be read.
std::vector<std::string> server_names_of(const std::string& file);

}  // namespace berth::config
