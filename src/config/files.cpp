#include "config/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace berth::config {

Expected<std::string, std::string> read_text_file(const std::filesystem::path& path, Pipes pipes) {
  using Failure = Unexpected<std::string>;
  // With O_NONBLOCK a pipe is opened though nobody writes to it. What is asked is what is read: no other file can come
  // in between.
  const int waiting = pipes == Pipes::refuse ? O_NONBLOCK : 0;
  const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | waiting);
  if (opened < 0) return Failure(std::strerror(errno));
  const std::unique_ptr<const int, void (*)(const int*)> file(&opened, [](const int* fd) { ::close(*fd); });
  struct stat info {};
  if (::fstat(opened, &info) != 0) return Failure(std::strerror(errno));
  if (S_ISDIR(info.st_mode)) return Failure("it is a directory");
  if (pipes == Pipes::refuse && S_ISFIFO(info.st_mode)) {
    return Failure("it is a pipe, and while servers run nothing is waited for");
  }

  std::string text;
  std::string block(std::size_t{64} * 1024, '\0');
  for (;;) {
    const ssize_t got = ::read(opened, block.data(), block.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failure(std::string("reading it failed: ") + std::strerror(errno));
    text.append(block, 0, static_cast<std::size_t>(got));
    if (text.size() > largest_file) return Failure("it is larger than 16 MiB");
  }
}

std::string resolve(const std::filesystem::path& folder, const std::string& path) {
  std::string text = (folder / path).lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace berth::config
