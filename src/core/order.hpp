#pragma once
// Who may start now, and who must be gone first: dependencies and the start governor. Pure: seats in, indexes out.

#include <cstddef>
#include <string>
#include <vector>

#include "core/lifecycle.hpp"

namespace berth::core {

// What the order needs to know of one server. `depends_on` are indexes into the same list.
struct Seat {
  State state = State::stopped;
  bool wanted_up = false;
  std::vector<std::size_t> depends_on;
};

// It will not become ready unasked.
bool down_for_good(State state);

// The waiting servers that may go on, first come first served: every dependency is ready, and fewer than
// `start_concurrency` servers are starting.
std::vector<std::size_t> may_start(const std::vector<Seat>& seats, unsigned start_concurrency);

// Waiting servers of which a dependency will not become ready unasked.
struct DependencyNews {
  std::size_t server = 0;
  std::size_t dependency = 0;
};
std::vector<DependencyNews> doomed(const std::vector<Seat>& seats);

// Of those in `wanted_down`, the ones that nothing which is going down too depends on any more.
std::vector<std::size_t> may_stop(const std::vector<Seat>& seats, const std::vector<std::size_t>& wanted_down);

}  // namespace berth::core
