#pragma once
// A descriptor that closes itself.

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace berth::os {

inline constexpr int descriptor_reserve = 16;

// The last descriptors under the soft limit are kept for the control socket, the guardian and /proc: a program that
// cannot be asked how it is, or told to stop, is of no use. True for one that cuts into them.
inline bool from_the_reserve(int fd) {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
         fd + descriptor_reserve >= static_cast<long>(limit.rlim_cur);
}

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace berth::os
