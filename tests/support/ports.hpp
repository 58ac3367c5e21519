#pragma once
// Ports for tests that run side by side.

#include <cstdint>
#include <utility>
#include <vector>

namespace harness {

// Neighbouring ports that belong to one test. Kernel locks on files in /tmp keep other tests off them for the life of
// the object.
class PortRange {
 public:
  PortRange(int first, int last, std::vector<int> locks) : first_(first), last_(last), locks_(std::move(locks)) {}
  ~PortRange();
  PortRange(PortRange&& other) noexcept;
  PortRange& operator=(PortRange&&) = delete;

  [[nodiscard]] int first() const { return first_; }
  [[nodiscard]] int last() const { return last_; }

 private:
  int first_;
  int last_;
  std::vector<int> locks_;
};

// `count` neighbouring ports (1–1024) within 20000–31999, below Linux's ephemeral range, that can be bound now on
// every address. Throws std::runtime_error when there are none.
PortRange free_port_range(int count);

// Whether 127.0.0.1:port can be bound and listened on by a program that does not set SO_REUSEADDR.
bool port_is_free(int port);

// Whether somebody listens on 127.0.0.1:port. No connection is made.
bool somebody_listens(int port);

// Whether this machine has ::1.
bool has_ipv6_loopback();

}  // namespace harness
