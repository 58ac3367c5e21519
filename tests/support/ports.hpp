#pragma once
// Ports for tests that run side by side.

#include <cstdint>

namespace harness {

// A block of neighbouring ports that belongs to one test. A kernel lock on a file in /tmp keeps other tests off
// it for the life of the object.
class PortRange {
 public:
  PortRange(int first, int last, int lock) : first_(first), last_(last), lock_(lock) {}
  ~PortRange();
  PortRange(PortRange&& other) noexcept;
  PortRange& operator=(PortRange&&) = delete;

  [[nodiscard]] int first() const { return first_; }
  [[nodiscard]] int last() const { return last_; }

 private:
  int first_;
  int last_;
  int lock_;
};

// `count` neighbouring ports (1–32) within 20000–31999, below Linux's ephemeral range, that can be bound now on
// every address. Throws std::runtime_error when there are none.
PortRange free_port_range(int count);

// Whether 127.0.0.1:port can be bound and listened on by a program that does not set SO_REUSEADDR.
bool port_is_free(int port);

// Whether somebody listens on 127.0.0.1:port. No connection is made.
bool somebody_listens(int port);

// Whether this machine has ::1.
bool has_ipv6_loopback();

}  // namespace harness
