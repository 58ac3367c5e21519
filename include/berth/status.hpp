#pragma once
// How things stand, as a value: made in one place, rendered as a table, as JSON, as metrics. What is not known is
// empty, never a guess.

#include <berth/config.hpp>
#include <berth/port_registry.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth {

using WallTime = std::chrono::system_clock::time_point;

struct ExitStatusReport {
  std::optional<int> code;            // empty when a signal ended it
  std::optional<std::string> signal;  // "SIGKILL"
  WallTime at;
  std::string cause;  // of the closed list
  std::string message;
  std::vector<std::string> output_tail;  // its last lines, redacted
};

// What a server has said of itself when it was asked: by `ready.probe = "mcp"` or by `berth inspect`.
struct McpFacts {
  std::optional<std::string> protocol;  // the version agreed on, "2025-11-25"
  std::optional<std::string> server;    // its name
  std::optional<std::string> version;   // its own
  std::optional<std::size_t> tools;     // how many
};

struct ServerStatus {
  std::string name;
  std::string state;
  std::string wanted;  // "up" or "down"
  bool ready = false;
  std::optional<int> pid;
  std::optional<Port> port;
  std::optional<std::string> url;
  std::optional<WallTime> started_at;  // of the process that lives
  std::optional<double> uptime_s;
  std::optional<double> time_to_ready_s;
  unsigned starts = 0;
  unsigned restarts = 0;
  std::map<std::string, unsigned> restarts_by_cause;  // those that there were; as many as `restarts` together
  unsigned consecutive_failures = 0;
  unsigned port_conflicts = 0;
  std::optional<double> next_retry_in_s;
  std::optional<ExitStatusReport> last_exit;
  std::optional<std::string> reason;
  std::string detail;
  std::optional<McpFacts> mcp;                // of this run; empty: nobody has asked yet
  std::optional<double> cpu_s;                // of the whole tree
  std::optional<std::uint64_t> memory_bytes;  // resident, of the whole tree
  std::optional<unsigned> processes;
};

struct PortsStatus {
  PortRange range;
  std::size_t in_use = 0;  // berths that are held
  std::vector<DeadPort> dead;
};

// The port on which metrics are served.
struct MetricsStatus {
  std::string url;
  std::string trouble;  // why nobody is served there; empty: somebody is
};

struct SupervisorStatus {
  std::string project;
  std::string version;
  int pid = 0;
  std::string config;
  WallTime started_at;
  double uptime_s = 0;
  std::vector<ServerStatus> servers;
  PortsStatus ports;
  std::optional<MetricsStatus> metrics;  // empty: there is no such port
};

}  // namespace berth
