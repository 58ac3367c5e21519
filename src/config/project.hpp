#pragma once
// Which project a file belongs to, without asking whether the rest of it is right: `status` and `down` work while
// somebody edits.

#include <string>

namespace berth::config {

// `name` in the file, else the name of its folder.
std::string project_of(const std::string& file);

}  // namespace berth::config
