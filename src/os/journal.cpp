#include "os/journal.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <string>

namespace berth::os {

bool is_journal(int fd) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat info {};
  if (stream == nullptr || ::fstat(fd, &info) != 0) return false;
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) == stream;
}

}  // namespace berth::os
