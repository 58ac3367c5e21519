#include "os/read_file.hpp"

#include <fcntl.h>

#include <cerrno>

#include "os/fd.hpp"

namespace berth::os {

std::optional<std::string> read_file(const std::string& path, std::size_t limit) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file ? read_all(file.get(), limit) : std::nullopt;
}

std::optional<std::string> read_all(int file, std::size_t limit) {
  std::string text;
  char block[4096];
  while (text.size() < limit) {
    const ssize_t got = ::read(file, block, sizeof(block));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    text.append(block, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace berth::os
