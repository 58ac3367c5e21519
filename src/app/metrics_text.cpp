#include "app/metrics_text.hpp"

#include <array>
#include <optional>

#include "app/prometheus_text.hpp"
#include "core/cause.hpp"
#include "core/lifecycle.hpp"
#include "os/clock.hpp"

namespace berth::app {

using core::Cause;
using core::ServerMetrics;
using core::State;

namespace {

constexpr std::array all_states{State::stopped, State::waiting,   State::starting, State::ready,  State::unhealthy,
                                State::backoff, State::crashloop, State::stopping, State::exited, State::failed};

// These are there from the beginning, at 0, so that the first restart is an increase; others when they have occurred.
constexpr std::array usual_causes{Cause::crash,          Cause::clean_exit,    Cause::not_listening, Cause::wrong_port,
                                  Cause::probe_failed,   Cause::start_timeout, Cause::unhealthy,     Cause::oom_killed,
                                  Cause::resource_limit, Cause::spawn_failed};

bool is_usual(std::string_view name) {
  for (const Cause cause : usual_causes) {
    if (to_string(cause) == name) return true;
  }
  return false;
}

double unix_time(WallTime time) {
  return static_cast<double>(os::wall_ms(time)) / 1000.0;
}

class Renderer {
 public:
  Renderer(const SupervisorStatus& status, const core::Metrics& counted, const os::OwnUsage& own)
      : status_(status), counted_(counted), own_(own) {}

  std::string render() {
    berth_itself();
    state_of_servers();
    life_of_servers();
    probes_of_servers();
    resources_of_servers();
    logs_of_servers();
    ports();
    process();
    return out_.take();
  }

 private:
  static constexpr std::string_view server = "server";

  // A sample for each server of which it is known; `of` gives an optional or a plain value.
  template <class Of>
  void each(Of of) {
    for (const ServerStatus& s : status_.servers) {
      if (const std::optional value = of(s)) out_.sample({{server, s.name}}, *value);
    }
  }

  // Likewise, out of what is counted; of a server that nothing has happened to yet, zero.
  template <class Of>
  void each_counted(Of of) {
    static const ServerMetrics nothing;
    each([&](const ServerStatus& s) {
      const ServerMetrics* counted = counted_.of(s.name);
      return of(counted != nullptr ? *counted : nothing);
    });
  }

  void berth_itself() {
    out_.gauge("berth_build_info", "The version of Berth; always 1.");
    out_.sample({{"version", status_.version}}, true);
    out_.gauge("berth_project_info", "The project that this supervisor looks after; always 1.");
    out_.sample({{"project", status_.project}}, true);
    out_.histogram("berth_event_loop_delay_seconds",
                   "How late timers of Berth's own event loop fired: while it is busy, it answers nobody.");
    out_.sample({}, counted_.loop_delay);
  }

  void state_of_servers() {
    out_.gauge("berth_server_state", "1 for the state that the server is in, 0 for all others.");
    for (const ServerStatus& s : status_.servers) {
      for (const State state : all_states) {
        const auto name = to_string(state);
        out_.sample({{server, s.name}, {"state", name}}, name == s.state);
      }
    }
    out_.gauge("berth_server_wanted", "1 when the server is wanted up.");
    each([](const ServerStatus& s) { return std::optional(s.wanted == "up"); });
    out_.gauge("berth_server_ready", "1 when its own process tree listens on its own port and the probe has passed.");
    each([](const ServerStatus& s) { return std::optional(s.ready); });
    out_.gauge("berth_server_consecutive_failures", "Failures in a row, as they count for the pause before a restart.");
    each([](const ServerStatus& s) { return std::optional(s.consecutive_failures); });
  }

  void life_of_servers() {
    out_.counter("berth_server_starts_total", "Launches, whoever asked for them and for whatever reason.");
    each([](const ServerStatus& s) { return std::optional(s.starts); });
    out_.counter("berth_server_restarts_total", "Launches after a failure, by the cause of that failure.");
    for (const ServerStatus& s : status_.servers) restarts(s);
    out_.counter("berth_server_port_conflicts_total", "Launches that failed because the port was taken.");
    each([](const ServerStatus& s) { return std::optional(s.port_conflicts); });
    out_.histogram("berth_server_time_to_ready_seconds", "From the launch until ready, of each start that got there.");
    each_counted([](const ServerMetrics& m) { return std::optional(m.time_to_ready); });
    out_.gauge("berth_server_last_time_to_ready_seconds", "The same of the present run.");
    each([](const ServerStatus& s) { return s.time_to_ready_s; });
    out_.gauge("berth_server_start_time_seconds", "Unix time at which the process that lives was launched.");
    each([](const ServerStatus& s) { return s.started_at ? std::optional(unix_time(*s.started_at)) : std::nullopt; });
    out_.gauge("berth_server_uptime_seconds", "For how long the process that lives has been running.");
    each([](const ServerStatus& s) { return s.uptime_s; });
  }

  void restarts(const ServerStatus& s) {
    for (const Cause cause : usual_causes) {
      const auto found = s.restarts_by_cause.find(std::string(to_string(cause)));
      const unsigned count = found != s.restarts_by_cause.end() ? found->second : 0;
      out_.sample({{server, s.name}, {"cause", to_string(cause)}}, count);
    }
    for (const auto& [cause, count] : s.restarts_by_cause) {
      if (!is_usual(cause)) out_.sample({{server, s.name}, {"cause", cause}}, count);
    }
  }

  void probes_of_servers() {
    out_.histogram("berth_probe_duration_seconds",
                   "How long probes by HTTP took, before ready and after, until an answer (ok) or none (failed).");
    static const ServerMetrics nothing;
    for (const ServerStatus& s : status_.servers) {
      const ServerMetrics* counted = counted_.of(s.name);
      const ServerMetrics& m = counted != nullptr ? *counted : nothing;
      out_.sample({{server, s.name}, {"result", "ok"}}, m.probes_passed);
      out_.sample({{server, s.name}, {"result", "failed"}}, m.probes_failed);
    }
  }

  void resources_of_servers() {
    out_.gauge("berth_server_memory_bytes", "Resident memory of the server's whole process tree.");
    each([](const ServerStatus& s) { return s.memory_bytes; });
    out_.gauge("berth_server_processes", "Processes of its tree.");
    each([](const ServerStatus& s) { return s.processes; });
    out_.counter("berth_server_cpu_seconds_total",
                 "Processor time of its process tree, over all its runs. What a process used that ended between two "
                 "looks and that no other of its tree has waited for is missing.");
    each_counted([](const ServerMetrics& m) { return std::optional(m.cpu.seconds()); });
  }

  void logs_of_servers() {
    out_.counter("berth_server_log_bytes_total",
                 "Bytes of its output that its log has taken, without the time before each line.");
    each_counted([](const ServerMetrics& m) { return std::optional(m.log.bytes); });
    out_.counter("berth_server_log_dropped_bytes_total", "Bytes of its output that could not be written to its log.");
    each_counted([](const ServerMetrics& m) { return std::optional(m.log.dropped_bytes); });
    out_.counter("berth_server_log_dropped_lines_total", "Lines of its output that are missing in its log.");
    each_counted([](const ServerMetrics& m) { return m.log.dropped_lines; });
  }

  void ports() {
    out_.gauge("berth_ports_range_size", "Ports in `ports.range`.");
    out_.sample({}, status_.ports.range.size());
    out_.gauge("berth_ports_in_use", "Ports that are held for servers.");
    out_.sample({}, std::uint64_t{status_.ports.in_use});
    out_.gauge("berth_ports_dead", "Ports of the range that were lost to other processes.");
    out_.sample({}, std::uint64_t{status_.ports.dead.size()});
  }

  template <class Value>
  void if_known(const std::optional<Value>& value) {
    if (value) out_.sample({}, *value);
  }

  // The names that all clients of Prometheus have for these.
  void process() {
    out_.counter("process_cpu_seconds_total", "Processor time of Berth itself.");
    out_.sample({}, own_.cpu_s);
    out_.gauge("process_resident_memory_bytes", "Resident memory of Berth itself.");
    if_known(own_.resident_bytes);
    out_.gauge("process_virtual_memory_bytes", "Virtual memory of Berth itself.");
    if_known(own_.virtual_bytes);
    out_.gauge("process_open_fds", "Open file descriptors of Berth itself.");
    if_known(own_.open_descriptors);
    out_.gauge("process_max_fds", "The most that it may have.");
    if_known(own_.most_descriptors);
    out_.gauge("process_start_time_seconds", "Unix time at which Berth was started.");
    if_known(own_.started_at);
  }

  const SupervisorStatus& status_;
  const core::Metrics& counted_;
  const os::OwnUsage& own_;
  PrometheusText out_;
};

}  // namespace

std::string metrics_text(const SupervisorStatus& status, const core::Metrics& counted, const os::OwnUsage& own) {
  return Renderer(status, counted, own).render();
}

}  // namespace berth::app
