#include "config/files.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

namespace berth::config {

Expected<std::string, std::string> read_text_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return Unexpected<std::string>("it is a directory");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return Unexpected<std::string>(errno == 0 ? "it cannot be opened" : std::strerror(errno));

  std::string text;
  char block[64 * 1024];
  while (file.read(block, sizeof block) || file.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(file.gcount()));
    if (text.size() > largest_file) return Unexpected<std::string>("it is larger than 16 MiB");
  }
  if (file.bad()) return Unexpected<std::string>("reading it failed");
  return text;
}

std::string resolve(const std::filesystem::path& folder, const std::string& path) {
  std::string text = (folder / path).lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace berth::config
