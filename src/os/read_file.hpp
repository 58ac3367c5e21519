#pragma once
// Small files, whole: of /proc, and our own.

#include <optional>
#include <string>

namespace berth::os {

// Nothing when it cannot be read; errno says why. Stops at `limit` bytes.
std::optional<std::string> read_file(const std::string& path, std::size_t limit = 16U << 20U);

// Of an open file, from where it stands.
std::optional<std::string> read_all(int file, std::size_t limit);

}  // namespace berth::os
