#include "app/status_json.hpp"

#include <boost/json/array.hpp>
#include <cmath>

#include "app/json_values.hpp"
#include "os/clock.hpp"

namespace berth::app {

namespace json = boost::json;

namespace {

json::value time_or_null(const std::optional<WallTime>& time) {
  if (!time) return nullptr;
  return json::value(os::timestamp(*time));
}

// Seconds with three decimals: what a person reads, and no more than is known.
json::value seconds(const std::optional<double>& value) {
  if (!value) return nullptr;
  return std::round(*value * 1000.0) / 1000.0;
}

json::value to_json(const std::optional<ExitStatusReport>& exit) {
  if (!exit) return nullptr;
  json::array tail(exit->output_tail.begin(), exit->output_tail.end());
  return json::object{{"code", maybe(exit->code)}, {"signal", maybe(exit->signal)}, {"at", os::timestamp(exit->at)},
                      {"cause", exit->cause},      {"message", exit->message},      {"output_tail", std::move(tail)}};
}

json::value to_json(const std::optional<McpFacts>& mcp) {
  if (!mcp) return nullptr;
  return json::object{{"protocol", maybe(mcp->protocol)},
                      {"server", maybe(mcp->server)},
                      {"version", maybe(mcp->version)},
                      {"tools", maybe(mcp->tools)}};
}

}  // namespace

json::array to_json(const std::vector<DeadPort>& dead) {
  json::array list;
  for (const DeadPort& port : dead) {
    list.push_back(json::object{{"port", port.port}, {"reason", port.reason}, {"holder", text_or_null(port.holder)}});
  }
  return list;
}

json::object to_json(const ServerStatus& s) {
  return json::object{{"name", s.name},
                      {"state", s.state},
                      {"wanted", s.wanted},
                      {"ready", s.ready},
                      {"pid", maybe(s.pid)},
                      {"port", maybe(s.port)},
                      {"url", maybe(s.url)},
                      {"started_at", time_or_null(s.started_at)},
                      {"uptime_s", seconds(s.uptime_s)},
                      {"time_to_ready_s", seconds(s.time_to_ready_s)},
                      {"starts", s.starts},
                      {"restarts", s.restarts},
                      {"consecutive_failures", s.consecutive_failures},
                      {"port_conflicts", s.port_conflicts},
                      {"next_retry_in_s", seconds(s.next_retry_in_s)},
                      {"last_exit", to_json(s.last_exit)},
                      {"reason", maybe(s.reason)},
                      {"detail", s.detail},
                      {"mcp", to_json(s.mcp)},
                      {"cpu_s", seconds(s.cpu_s)},
                      {"memory_bytes", maybe(s.memory_bytes)},
                      {"processes", maybe(s.processes)}};
}

namespace {

json::value to_json(const std::optional<MetricsStatus>& metrics) {
  if (!metrics) return nullptr;
  return json::object{{"url", metrics->url}, {"trouble", text_or_null(metrics->trouble)}};
}

}  // namespace

json::object to_json(const std::string& server, const McpResult& result, const std::string& url) {
  const core::McpFindings& found = result.findings;
  const bool known = found.protocol.has_value();
  json::value tools = nullptr;
  if (found.tools) tools = json::array(found.tools->begin(), found.tools->end());
  const auto word_if_known = [known](std::string_view word) {
    return known ? json::value(word) : json::value(nullptr);
  };
  return json::object{{"server", server},
                      {"ok", found.outcome == core::McpFindings::Outcome::ok},
                      {"sign_in_needed", found.outcome == core::McpFindings::Outcome::sign_in_needed},
                      {"protocol", maybe(found.protocol)},
                      {"era", word_if_known(found.modern ? "modern" : "legacy")},
                      {"transport", word_if_known(found.on_stream ? "sse" : "streamable-http")},
                      {"name", maybe(found.name)},
                      {"version", maybe(found.version)},
                      {"tools", std::move(tools)},
                      {"url", url},
                      {"message", found.message}};
}

json::object to_json(const SupervisorStatus& s) {
  json::array servers;
  for (const ServerStatus& server : s.servers) servers.push_back(to_json(server));
  return json::object{{"schema", 1},
                      {"project", s.project},
                      {"version", s.version},
                      {"pid", s.pid},
                      {"config", s.config},
                      {"started_at", os::timestamp(s.started_at)},
                      {"uptime_s", seconds(s.uptime_s)},
                      {"servers", std::move(servers)},
                      {"ports", json::object{{"range", json::array{s.ports.range.first, s.ports.range.last}},
                                             {"in_use", s.ports.in_use},
                                             {"dead", to_json(s.ports.dead)}}},
                      {"metrics", to_json(s.metrics)}};
}

}  // namespace berth::app
