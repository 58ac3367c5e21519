#include "os/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace berth::os {

namespace {
constexpr std::chrono::seconds between_tries{1};
}

bool LogFile::open() {
  const auto now = std::chrono::steady_clock::now();
  if (file_ && now < next_check_) return true;
  if (file_) {
    next_check_ = now + between_tries;
    struct stat info {};
    if (::fstat(file_.get(), &info) == 0 && info.st_nlink > 0) return true;
    file_.reset();  // somebody has removed it: what is written there is seen by nobody
    next_try_ = now;
  }
  if (now < next_try_) return false;
  next_try_ = now + between_tries;
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file_ && from_the_reserve(file_.get())) {
    file_.reset();
    errno = EMFILE;
  }
  if (!file_) trouble_ = std::strerror(errno);
  return static_cast<bool>(file_);
}

void LogFile::rest() {
  if (!file_) return;  // out of order: the time of the next try stays
  file_.reset();
  next_try_ = {};
}

void LogFile::append(std::string_view bytes) {
  if (!open()) {
    dropped_ += bytes.size();
    return;
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      trouble_ = std::strerror(errno);
      dropped_ += bytes.size();
      file_.reset();
      next_try_ = std::chrono::steady_clock::now() + between_tries;
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  trouble_.clear();
}

}  // namespace berth::os
