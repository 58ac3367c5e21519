#pragma once
// Reading a whole file of text that a person may have named wrongly.

#include <cstddef>
#include <filesystem>
#include <string>

#include "berth/expected.hpp"

namespace berth::config {

inline constexpr std::size_t largest_file = std::size_t{16} * 1024 * 1024;  // bytes

// What to do where a pipe is in the place of a file, as in `-c <(generate)`: nobody knows when somebody writes to it.
enum class Pipes { read, refuse };

// The content; or why not, in words that follow "cannot be read: ".
Expected<std::string, std::string> read_text_file(const std::filesystem::path& path, Pipes pipes = Pipes::read);

// `path`, relative to `folder`: absolute, without `.` and `..` and a slash at its end.
std::string resolve(const std::filesystem::path& folder, const std::string& path);

}  // namespace berth::config
