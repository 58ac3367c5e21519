#include "core/metrics.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace berth::core {

namespace {

// From a bridge that is there at once to one that downloads itself first.
constexpr std::array ready_bounds{0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0};
// Real servers answered OPTIONS within 13 ms; a probe is given up after 3 s.
constexpr std::array probe_bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0};
constexpr std::array delay_bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0};

}  // namespace

void Histogram::observe(double value) {
  if (!(value > 0)) value = 0;
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  ++counts_[static_cast<std::size_t>(bucket)];
  sum_ += value;
}

std::uint64_t Histogram::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

void CpuTally::seen(double seconds_of_run) {
  run_ = std::max(run_, seconds_of_run);
}

void CpuTally::run_ended() {
  ended_ += run_;
  run_ = 0;
}

ServerMetrics::ServerMetrics()
    : time_to_ready(ready_bounds), probes_passed(probe_bounds), probes_failed(probe_bounds) {}

Metrics::Metrics() : loop_delay(delay_bounds) {}

ServerMetrics& Metrics::at(std::string_view server) {
  const auto found = servers_.find(server);
  return found != servers_.end() ? found->second : servers_[std::string(server)];
}

const ServerMetrics* Metrics::of(std::string_view server) const {
  const auto found = servers_.find(server);
  return found != servers_.end() ? &found->second : nullptr;
}

void Metrics::forget(std::string_view server) {
  if (const auto found = servers_.find(server); found != servers_.end()) servers_.erase(found);
}

}  // namespace berth::core
