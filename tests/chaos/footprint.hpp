#pragma once
// How much of the machine a supervisor has, while all of its servers are down.

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace chaos {

struct Footprint {
  std::uint64_t memory = 0;  // anonymous, bytes
  int pipes = 0;
  int sockets = 0;
  int files = 0;  // one for the log of each server that ever ran, and a few
  int others = 0;

  [[nodiscard]] std::string text() const;
};

// The fewest descriptors of a few counts: the connection of the last `status` may still be closing.
Footprint footprint_of(pid_t supervisor);

// What has grown beyond what is allowed; empty when nothing has.
std::string growth(const Footprint& before, const Footprint& after, int servers);

}  // namespace chaos
