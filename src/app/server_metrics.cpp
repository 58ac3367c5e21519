// What is counted of a server while it lives.

#include <algorithm>
#include <chrono>

#include "app/server.hpp"

namespace berth::app {

core::ServerMetrics& Server::counted() const {
  return harbour_.metrics->at(config_->name);
}

core::LogTotals Server::log_totals() const {
  const LogCounters log = log_.counters();
  return {.bytes = log.bytes, .dropped_bytes = log.dropped_bytes, .dropped_lines = log.dropped_lines};
}

void Server::count_probe(bool passed) {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - run_->probe_began;
  (passed ? counted().probes_passed : counted().probes_failed).observe(took.count());
}

void Server::count_ready() {
  if (life_.time_to_ready()) {
    counted().time_to_ready.observe(std::chrono::duration<double>(*life_.time_to_ready()).count());
  }
}

os::TreeUsage Server::look_at_usage(const std::vector<pid_t>& members) const {
  auto usage = os::usage_of(members);
  counted().cpu.seen(run_->reaped_cpu_s + usage.cpu_s + usage.ended_cpu_s);
  return usage;
}

}  // namespace berth::app
