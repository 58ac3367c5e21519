#pragma once
// Waiting for something outside of the test's own process, which cannot be waited for in any better way.

#include <chrono>
#include <thread>

#include "support/program.hpp"

namespace harness {

// True as soon as `predicate` is; false when it is not by the deadline.
template <class Predicate>
bool eventually(Predicate predicate, std::chrono::milliseconds deadline = patience) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!predicate()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(20ms);
  }
  return true;
}

}  // namespace harness
