#pragma once
// What one TOML file says, after defaults, `${VAR}` expansion and validation. A plain value: nothing here
// touches the machine. berth/load.hpp makes it from a file; docs of every key: configs/berth.toml.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace berth {

using Port = std::uint16_t;
using Milliseconds = std::chrono::milliseconds;

// Inclusive at both ends; 1 ≤ first ≤ last ≤ 65535.
struct PortRange {
  Port first = 50000;
  Port last = 51000;

  [[nodiscard]] bool contains(Port port) const { return first <= port && port <= last; }
  [[nodiscard]] std::uint32_t size() const { return std::uint32_t{last} - first + 1U; }
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

enum class RestartPolicy { always, on_failure, never };

// How a server is asked whether it serves. `none`: not at all. `listen`: its own tree listens on its own
// port. `http`: it also answers OPTIONS on its path, whatever the status. `mcp`: it completes a handshake.
enum class Probe { none, listen, http, mcp };

struct PortsConfig {
  PortRange range;
  std::string host = "127.0.0.1";
  bool hold = true;
  std::string registry;  // empty: the private ledger in the runtime dir

  friend bool operator==(const PortsConfig&, const PortsConfig&) = default;
};

// How a log file is written: for people and `grep`, or an object a line.
enum class LogFormat { text, json };

enum class LogLevel { debug, info, warn, error };

struct SupervisorConfig {
  unsigned start_concurrency = 8;  // 1–1024
  Milliseconds shutdown_timeout{30'000};
  LogLevel log_level = LogLevel::info;  // of Berth's own log
  LogFormat log_format = LogFormat::text;

  friend bool operator==(const SupervisorConfig&, const SupervisorConfig&) = default;
};

struct ReadyConfig {
  Probe probe = Probe::http;
  Milliseconds timeout{60'000};  // > 0
  Milliseconds settle{500};

  friend bool operator==(const ReadyConfig&, const ReadyConfig&) = default;
};

struct HealthConfig {
  Probe probe = Probe::http;      // never `mcp`: a periodic handshake harms real servers
  Milliseconds interval{10'000};  // > 0
  Milliseconds timeout{3'000};    // > 0
  unsigned failures = 3;          // ≥ 1

  friend bool operator==(const HealthConfig&, const HealthConfig&) = default;
};

struct BackoffConfig {
  Milliseconds initial{500};  // ≤ max
  double factor = 2.0;        // 1–100
  Milliseconds max{30'000};
  double jitter = 0.2;  // 0–1: a delay d becomes d × (1 ± jitter)
  Milliseconds reset_after{60'000};
  unsigned crashloop_after = 5;
  unsigned give_up_after = 0;  // 0: never

  friend bool operator==(const BackoffConfig&, const BackoffConfig&) = default;
};

struct StopConfig {
  int signal = SIGTERM;
  Milliseconds timeout{10'000};

  friend bool operator==(const StopConfig&, const StopConfig&) = default;
};

struct ConflictConfig {
  std::vector<int> exit_codes{2};     // each 0–255; a hint, never proof
  std::vector<std::string> patterns;  // ECMAScript regular expressions, tried on each line of output
  unsigned attempts = 10;             // 0: the whole range

  friend bool operator==(const ConflictConfig&, const ConflictConfig&) = default;
};

// What a server may take of the machine, and as whom it runs. What is empty is as Berth itself has it.
struct LimitsConfig {
  std::optional<std::uint64_t> memory;  // bytes, ≥ 1 MiB; of the whole tree where a control group can hold it
  std::optional<unsigned> open_files;   // of each process, ≥ 16
  std::optional<unsigned> processes;    // threads are counted, too
  std::optional<int> nice;              // -20 … 19
  std::string user;                     // a name or a number that this machine knew when the file was read
  std::string group;                    // likewise
  bool no_new_privs = false;

  friend bool operator==(const LimitsConfig&, const LimitsConfig&) = default;
};

struct LogConfig {
  std::uint64_t max_size = 10ULL * 1024 * 1024;  // bytes, ≥ 1
  unsigned files = 5;                            // kept beside the current one
  LogFormat format = LogFormat::text;

  friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

// Prometheus text on a port of its own, beside the control socket.
struct MetricsConfig {
  unsigned port = 0;               // 0: none; up to 65535
  std::string host = "127.0.0.1";  // a loopback address, numeric

  friend bool operator==(const MetricsConfig&, const MetricsConfig&) = default;
};

using EnvironmentList = std::vector<std::pair<std::string, std::string>>;  // in file order

struct ServerConfig {
  std::string name;
  std::string command;            // `${VAR}` resolved, not yet looked up on PATH
  std::vector<std::string> args;  // `${VAR}` resolved; `{port}` and friends are left for the launch
  std::string cwd;                // absolute
  EnvironmentList env_file;       // the content of env_file, in file order
  EnvironmentList env;            // as `args`: templates are left for the launch
  bool inherit_env = true;
  std::optional<Port> fixed_port;  // empty: "auto"
  std::vector<std::string> port_env{"PORT"};
  std::vector<std::string> secret_values;  // at least 6 bytes each, longest first; never shown
  std::string path = "/mcp";
  EnvironmentList headers;  // of HTTP, sent with every request of Berth's own; names are HTTP tokens, each once
  bool enabled = true;
  bool required = false;
  std::vector<std::string> depends_on;
  RestartPolicy restart = RestartPolicy::always;
  ReadyConfig ready;
  HealthConfig health;
  BackoffConfig backoff;
  StopConfig stop;
  ConflictConfig conflict;
  LimitsConfig limits;
  LogConfig log;

  friend bool operator==(const ServerConfig&, const ServerConfig&) = default;
};

struct Config {
  std::string name;  // of the project
  std::string path;  // of the file, absolute
  PortsConfig ports;
  SupervisorConfig supervisor;
  MetricsConfig metrics;
  std::vector<ServerConfig> servers;  // in file order

  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace berth
