// How metrics are written.

#include "app/metrics_text.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <sstream>

#include "app/prometheus_text.hpp"
#include "core/cause.hpp"
#include "support/catch.hpp"

namespace berth::app {
namespace {

constexpr std::array bounds{0.005, 1.0};

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

SupervisorStatus one_server(const std::string& name) {
  SupervisorStatus status;
  status.project = "tour";
  status.version = "0.1.0";
  status.ports.range = {50000, 50009};
  ServerStatus server;
  server.name = name;
  server.state = "ready";
  server.wanted = "up";
  server.ready = true;
  status.servers.push_back(server);
  return status;
}

TEST_CASE("A family is written word for word as the format wants it") {
  core::Histogram histogram(bounds);
  for (const double value : {0.005, 0.5, 7.25}) histogram.observe(value);
  PrometheusText text;
  text.counter("a_total", "How \\ often.\nTruly \"often\".");
  text.sample({}, std::uint64_t{18446744073709551615U});
  text.gauge("b_seconds", "How long.");
  text.sample({{"server", "web"}}, 0.1);
  text.sample({{"server", "say \"hi\"\\\n"}, {"state", "é"}}, true);
  text.sample({}, std::numeric_limits<double>::infinity());
  text.sample({}, -std::numeric_limits<double>::infinity());
  text.sample({}, std::nan(""));
  text.histogram("c_seconds", "How long each.");
  text.sample({{"server", "web"}}, histogram);
  CHECK(text.take() ==
        "# HELP a_total How \\\\ often.\\nTruly \"often\".\n"
        "# TYPE a_total counter\n"
        "a_total 18446744073709551615\n"
        "# HELP b_seconds How long.\n"
        "# TYPE b_seconds gauge\n"
        "b_seconds{server=\"web\"} 0.1\n"
        "b_seconds{server=\"say \\\"hi\\\"\\\\\\n\",state=\"é\"} 1\n"
        "b_seconds +Inf\n"
        "b_seconds -Inf\n"
        "b_seconds NaN\n"
        "# HELP c_seconds How long each.\n"
        "# TYPE c_seconds histogram\n"
        "c_seconds_bucket{server=\"web\",le=\"0.005\"} 1\n"
        "c_seconds_bucket{server=\"web\",le=\"1\"} 2\n"
        "c_seconds_bucket{server=\"web\",le=\"+Inf\"} 3\n"
        "c_seconds_sum{server=\"web\"} 7.755\n"
        "c_seconds_count{server=\"web\"} 3\n");
}

TEST_CASE("A made-up status is written as it is, with what was counted beside it") {
  SupervisorStatus status = one_server("web");
  ServerStatus& web = status.servers[0];
  web.starts = 5;
  web.restarts = 3;
  web.restarts_by_cause = {{"crash", 2}, {"port_range_exhausted", 1}};
  web.port_conflicts = 1;
  web.time_to_ready_s = 1.84;
  web.uptime_s = 60.5;
  web.started_at = WallTime(std::chrono::milliseconds(1'790'000'000'250));
  web.memory_bytes = 71303168;
  web.processes = 3;
  status.ports.in_use = 1;
  status.ports.dead = {{50001, "address already in use", "node (pid 812)"}};
  core::Metrics counted;
  counted.at("web").probes_failed.observe(3.0);
  counted.at("web").cpu.seen(0.8);
  counted.at("web").log = {.bytes = 100, .dropped_bytes = 7, .dropped_lines = 2};

  const std::string text = metrics_text(status, counted, {.cpu_s = 1.5, .open_descriptors = 27});
  INFO(text);
  for (const char* line : {
           R"(berth_build_info{version="0.1.0"} 1)",
           R"(berth_project_info{project="tour"} 1)",
           R"(berth_server_state{server="web",state="ready"} 1)",
           R"(berth_server_state{server="web",state="crashloop"} 0)",
           R"(berth_server_ready{server="web"} 1)",
           R"(berth_server_wanted{server="web"} 1)",
           R"(berth_server_starts_total{server="web"} 5)",
           R"(berth_server_restarts_total{server="web",cause="crash"} 2)",
           R"(berth_server_restarts_total{server="web",cause="unhealthy"} 0)",
           R"(berth_server_restarts_total{server="web",cause="port_range_exhausted"} 1)",
           R"(berth_server_port_conflicts_total{server="web"} 1)",
           R"(berth_server_last_time_to_ready_seconds{server="web"} 1.84)",
           R"(berth_server_time_to_ready_seconds_count{server="web"} 0)",
           R"(berth_server_uptime_seconds{server="web"} 60.5)",
           R"(berth_server_start_time_seconds{server="web"} 1790000000.25)",
           R"(berth_server_memory_bytes{server="web"} 71303168)",
           R"(berth_server_processes{server="web"} 3)",
           R"(berth_server_cpu_seconds_total{server="web"} 0.8)",
           R"(berth_probe_duration_seconds_bucket{server="web",result="failed",le="2.5"} 0)",
           R"(berth_probe_duration_seconds_bucket{server="web",result="failed",le="5"} 1)",
           R"(berth_probe_duration_seconds_count{server="web",result="ok"} 0)",
           R"(berth_server_log_bytes_total{server="web"} 100)",
           R"(berth_server_log_dropped_bytes_total{server="web"} 7)",
           R"(berth_server_log_dropped_lines_total{server="web"} 2)",
           "berth_ports_range_size 10",
           "berth_ports_in_use 1",
           "berth_ports_dead 1",
           "berth_event_loop_delay_seconds_count 0",
           "process_cpu_seconds_total 1.5",
           "process_open_fds 27",
       }) {
    CHECK(has_line(text, line));
    if (!has_line(text, line)) FAIL_CHECK(line);
  }
}

TEST_CASE("What is not known is left out, and is no zero") {
  const std::string text = metrics_text(one_server("web"), {}, {});
  for (const char* name : {"berth_server_memory_bytes", "berth_server_uptime_seconds", "process_max_fds",
                           "berth_server_log_dropped_lines_total"}) {
    INFO(name);
    CHECK(text.find(std::string("# TYPE ") + name + " ") != std::string::npos);
    CHECK(text.find("\n" + std::string(name) + "{") == std::string::npos);
    CHECK(text.find("\n" + std::string(name) + " ") == std::string::npos);
  }
}

TEST_CASE("A server that is not in the status any more has no series, whatever was counted of it") {
  core::Metrics counted;
  counted.at("gone").cpu.seen(1);
  const std::string text = metrics_text(one_server("web"), counted, {});
  CHECK(text.find("gone") == std::string::npos);
}

TEST_CASE("A server's samples are few, whatever has happened to it") {
  SupervisorStatus status = one_server("web");
  for (const auto& cause : core::cause_names) status.servers[0].restarts_by_cause[std::string(cause)] = 1;
  std::istringstream lines(metrics_text(status, {}, {}));
  std::size_t samples = 0;
  for (std::string line; std::getline(lines, line);)
    samples += line.find("server=\"web\"") != std::string::npos ? 1 : 0;
  CHECK(samples < 100);
}

TEST_CASE("All samples of a family stand together, below its type") {
  SupervisorStatus status = one_server("web");
  status.servers.push_back(one_server("notes").servers[0]);
  std::istringstream lines(metrics_text(status, {}, {}));
  std::set<std::string> families;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, kind, name;
    if (line.starts_with("# HELP ")) {
      words >> hash >> kind >> family;
      INFO(line);
      CHECK(families.insert(family).second);
    } else if (!line.starts_with("#")) {
      INFO(line);
      CHECK(line.starts_with(family));
    }
  }
  CHECK(families.size() > 20);
}

}  // namespace
}  // namespace berth::app
