#pragma once
// What is counted of a supervisor beside how things stand now: how long things took, and what would be forgotten with a
// run. Fed where the events are handled, rendered by app/metrics_text.hpp; the rest of the metrics is in the status.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berth::core {

// How often something was how large, by upper bounds.
class Histogram {
 public:
  // `bounds`: rising, each belongs to its bucket; they have to outlive this. Above the last is one more bucket.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

  // What is below zero, or no number, counts as zero: a clock that was read twice may say so.
  void observe(double value);

  [[nodiscard]] std::span<const double> bounds() const { return bounds_; }
  // Of each bucket alone; one more than there are bounds.
  [[nodiscard]] const std::vector<std::uint64_t>& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] double sum() const { return sum_; }

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
};

// Seconds on processors, over all runs of a server. Processes end between two looks, and what they had used is not told
// to anybody then: this never goes down, and may lag behind.
class CpuTally {
 public:
  // All that this run has used, as far as can be seen now.
  void seen(double seconds_of_run);
  void run_ended();
  [[nodiscard]] double seconds() const { return ended_ + run_; }

 private:
  double ended_ = 0;
  double run_ = 0;
};

// Of one server's log. What is not known is empty.
struct LogTotals {
  std::uint64_t bytes = 0;  // written
  std::uint64_t dropped_bytes = 0;
  std::optional<std::uint64_t> dropped_lines;
};

struct ServerMetrics {
  ServerMetrics();

  Histogram time_to_ready;  // seconds, one for each start that got there
  Histogram probes_passed;  // seconds until the answer
  Histogram probes_failed;  // seconds until it was given up
  CpuTally cpu;
  LogTotals log;  // as last seen
};

class Metrics {
 public:
  Metrics();

  // Of this server; made when it is new.
  ServerMetrics& at(std::string_view server);
  // nullptr: nothing was counted of it.
  [[nodiscard]] const ServerMetrics* of(std::string_view server) const;
  // It was removed: should one of its name come back, it is counted from zero.
  void forget(std::string_view server);

  Histogram loop_delay;  // seconds that a timer of the event loop was late

 private:
  std::map<std::string, ServerMetrics, std::less<>> servers_;
};

}  // namespace berth::core
