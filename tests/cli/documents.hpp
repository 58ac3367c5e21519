#pragma once
// Status documents for the tests of texts and screens.

#include <boost/json.hpp>
#include <string>

namespace berth::cli::test {

namespace json = boost::json;

inline json::object server(const std::string& name, const std::string& state, const json::object& more = {}) {
  const bool ready = state == "ready";
  json::object document{{"name", name},
                        {"state", state},
                        {"wanted", "up"},
                        {"ready", ready},
                        {"pid", ready ? json::value(4711) : json::value(nullptr)},
                        {"port", ready ? json::value(50000) : json::value(nullptr)},
                        {"url", ready ? json::value("http://127.0.0.1:50000/mcp") : json::value(nullptr)},
                        {"uptime_s", ready ? json::value(61.2) : json::value(nullptr)},
                        {"time_to_ready_s", ready ? json::value(1.84) : json::value(nullptr)},
                        {"starts", 1},
                        {"restarts", 0},
                        {"consecutive_failures", 0},
                        {"port_conflicts", 0},
                        {"next_retry_in_s", nullptr},
                        {"last_exit", nullptr},
                        {"reason", nullptr},
                        {"detail", ready ? "http://127.0.0.1:50000/mcp" : ""},
                        {"mcp", nullptr},
                        {"cpu_s", ready ? json::value(0.5) : json::value(nullptr)},
                        {"memory_bytes", ready ? json::value(71303168) : json::value(nullptr)},
                        {"processes", ready ? json::value(3) : json::value(nullptr)}};
  for (const auto& [key, value] : more) document[key] = value;
  return document;
}

inline json::object last_exit(const json::value& code, const json::value& signal, const std::string& cause) {
  return {{"code", code},   {"signal", signal},   {"at", "2026-11-21T10:00:00.000Z"},
          {"cause", cause}, {"message", "ended"}, {"output_tail", json::array{"the last line"}}};
}

// One of each kind.
inline json::array harbour() {
  return {server("clock", "ready"),
          server("notes", "backoff",
                 {{"port", 50001},
                  {"restarts", 12},
                  {"starts", 13},
                  {"reason", "crash"},
                  {"detail", "retry in 14s: ended with code 3 before it was ready"},
                  {"last_exit", last_exit(3, nullptr, "crash")}}),
          server("search-the-web", "starting",
                 {{"pid", 812}, {"port", 50002}, {"uptime_s", 4.2}, {"detail", "not ready yet"}}),
          server("missing", "failed", {{"reason", "command_not_found"}, {"detail", "no such command: `nope`"}}),
          server("later", "stopped", {{"wanted", "down"}})};
}

inline json::object document(const json::array& servers, double uptime = 3720, int pid = 4242) {
  return {{"schema", 1},       {"project", "my-tools"}, {"version", "0.1.0"}, {"pid", pid}, {"config", "berth.toml"},
          {"started_at", "x"}, {"uptime_s", uptime},    {"servers", servers}};
}

}  // namespace berth::cli::test
