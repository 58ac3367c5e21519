#pragma once
// Clients of the control socket that talk nonsense, or nothing.

#include <chrono>
#include <string>
#include <vector>

#include "chaos/dice.hpp"

namespace chaos {

class Clients {
 public:
  explicit Clients(Dice& dice) : dice_(dice) {}
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // Connects and sends something that is no request, or only a part of one; goes away at once or later.
  void garbage(const std::string& socket);
  // Connects and says nothing.
  void silence(const std::string& socket);

  void step();
  void leave();

 private:
  struct Open {
    int fd;
    std::chrono::steady_clock::time_point until;
  };

  int connect(const std::string& socket) const;
  void keep(int fd, std::chrono::milliseconds how_long);

  Dice& dice_;
  std::vector<Open> open_;
};

}  // namespace chaos
