#include "core/order.hpp"

#include <algorithm>

namespace berth::core {

namespace {

bool has_process(const Seat& seat) {
  return seat.state == State::starting || seat.state == State::ready || seat.state == State::unhealthy ||
         seat.state == State::stopping;
}

}  // namespace

bool down_for_good(State state) {
  return state == State::failed || state == State::exited || state == State::stopped;
}

std::vector<std::size_t> may_start(const std::vector<Seat>& seats, unsigned start_concurrency) {
  auto starting = static_cast<std::size_t>(
      std::count_if(seats.begin(), seats.end(), [](const Seat& seat) { return seat.state == State::starting; }));
  std::vector<std::size_t> granted;
  for (std::size_t i = 0; i < seats.size() && starting < start_concurrency; ++i) {
    const auto& needs = seats[i].depends_on;
    if (seats[i].state != State::waiting) continue;
    if (!std::all_of(needs.begin(), needs.end(), [&](std::size_t d) { return seats[d].state == State::ready; }))
      continue;
    granted.push_back(i);
    ++starting;
  }
  return granted;
}

std::vector<DependencyNews> doomed(const std::vector<Seat>& seats) {
  std::vector<DependencyNews> news;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    if (seats[i].state != State::waiting) continue;
    const auto& needs = seats[i].depends_on;
    const auto bad =
        std::find_if(needs.begin(), needs.end(), [&](std::size_t d) { return down_for_good(seats[d].state); });
    if (bad != needs.end()) news.push_back({i, *bad});
  }
  return news;
}

std::vector<std::size_t> may_stop(const std::vector<Seat>& seats, const std::vector<std::size_t>& wanted_down) {
  std::vector<bool> needed(seats.size(), false);
  std::vector<bool> leaving(seats.size(), false);
  for (const std::size_t i : wanted_down) leaving[i] = true;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    if (!has_process(seats[i]) || (seats[i].wanted_up && !leaving[i])) continue;
    for (const std::size_t d : seats[i].depends_on) needed[d] = true;
  }
  std::vector<std::size_t> free;
  std::copy_if(wanted_down.begin(), wanted_down.end(), std::back_inserter(free),
               [&](std::size_t i) { return !needed[i]; });
  return free;
}

}  // namespace berth::core
