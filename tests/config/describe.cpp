#include "config/describe.hpp"

#include <filesystem>
#include <sstream>

#include "config/signals.hpp"

namespace berth::config::test {
namespace {

class Describer {
 public:
  template <class Value>
  void line(const std::string& name, const Value& value, const Value& standard) {
    if (!(value == standard)) out_ << "  " << name << " = " << text(value) << "\n";
  }

  void head(const std::string& text) { out_ << text << "\n"; }
  std::string take() { return out_.str(); }

 private:
  static std::string text(const std::string& value) { return "`" + value + "`"; }
  static std::string text(bool value) { return value ? "true" : "false"; }
  static std::string text(unsigned value) { return std::to_string(value); }
  static std::string text(std::uint64_t value) { return std::to_string(value) + " bytes"; }
  static std::string text(int value) { return std::to_string(value); }
  static std::string text(Milliseconds value) { return std::to_string(value.count()) + " ms"; }
  static std::string text(const PortRange& range) {
    return std::to_string(range.first) + "-" + std::to_string(range.last);
  }
  static std::string text(const std::optional<Port>& port) { return port ? std::to_string(*port) : "auto"; }
  template <class Value>
  static std::string text(const std::optional<Value>& value) {
    return value ? text(*value) : "none";
  }
  static std::string text(Probe probe) {
    static constexpr const char* names[] = {"none", "listen", "http", "mcp"};
    return names[static_cast<std::size_t>(probe)];
  }
  static std::string text(LogFormat format) { return format == LogFormat::json ? "json" : "text"; }
  static std::string text(LogLevel level) {
    static constexpr const char* names[] = {"debug", "info", "warn", "error"};
    return names[static_cast<std::size_t>(level)];
  }
  static std::string text(RestartPolicy policy) {
    static constexpr const char* names[] = {"always", "on-failure", "never"};
    return names[static_cast<std::size_t>(policy)];
  }
  static std::string text(double value) {
    std::ostringstream out;
    out << value;
    return out.str();
  }
  static std::string text(const std::pair<std::string, std::string>& pair) {
    return pair.first + "=`" + pair.second + "`";
  }
  template <class Item>
  static std::string text(const std::vector<Item>& items) {
    std::string list;
    for (const Item& item : items) list += (list.empty() ? "" : " ") + text(item);
    return "[" + list + "]";
  }

  std::ostringstream out_;
};

void describe_tables(Describer& to, const ServerConfig& server) {
  const ServerConfig standard;
  to.line("ready.probe", server.ready.probe, standard.ready.probe);
  to.line("ready.timeout", server.ready.timeout, standard.ready.timeout);
  to.line("ready.settle", server.ready.settle, standard.ready.settle);
  to.line("health.probe", server.health.probe, standard.health.probe);
  to.line("health.interval", server.health.interval, standard.health.interval);
  to.line("health.timeout", server.health.timeout, standard.health.timeout);
  to.line("health.failures", server.health.failures, standard.health.failures);
  to.line("backoff.initial", server.backoff.initial, standard.backoff.initial);
  to.line("backoff.factor", server.backoff.factor, standard.backoff.factor);
  to.line("backoff.max", server.backoff.max, standard.backoff.max);
  to.line("backoff.jitter", server.backoff.jitter, standard.backoff.jitter);
  to.line("backoff.reset_after", server.backoff.reset_after, standard.backoff.reset_after);
  to.line("backoff.crashloop_after", server.backoff.crashloop_after, standard.backoff.crashloop_after);
  to.line("backoff.give_up_after", server.backoff.give_up_after, standard.backoff.give_up_after);
  to.line("stop.signal", signal_name(server.stop.signal), signal_name(standard.stop.signal));
  to.line("stop.timeout", server.stop.timeout, standard.stop.timeout);
  to.line("conflict.exit_codes", server.conflict.exit_codes, standard.conflict.exit_codes);
  to.line("conflict.patterns", server.conflict.patterns, standard.conflict.patterns);
  to.line("conflict.attempts", server.conflict.attempts, standard.conflict.attempts);
  to.line("limits.memory", server.limits.memory, standard.limits.memory);
  to.line("limits.open_files", server.limits.open_files, standard.limits.open_files);
  to.line("limits.processes", server.limits.processes, standard.limits.processes);
  to.line("limits.nice", server.limits.nice, standard.limits.nice);
  to.line("limits.user", server.limits.user, standard.limits.user);
  to.line("limits.group", server.limits.group, standard.limits.group);
  to.line("limits.no_new_privs", server.limits.no_new_privs, standard.limits.no_new_privs);
  to.line("log.max_size", server.log.max_size, standard.log.max_size);
  to.line("log.files", server.log.files, standard.log.files);
  to.line("log.format", server.log.format, standard.log.format);
}

void describe_server(Describer& to, const ServerConfig& server, const std::filesystem::path& folder) {
  const ServerConfig standard;
  to.head("server " + server.name);
  to.line("command", server.command, standard.command);
  to.line("args", server.args, standard.args);
  to.line("cwd", std::filesystem::path(server.cwd).lexically_relative(folder).string(), std::string("."));
  to.line("env_file", server.env_file, standard.env_file);
  to.line("env", server.env, standard.env);
  to.line("inherit_env", server.inherit_env, standard.inherit_env);
  to.line("port", server.fixed_port, standard.fixed_port);
  to.line("port_env", server.port_env, standard.port_env);
  to.line("secret_values", server.secret_values, standard.secret_values);
  to.line("path", server.path, standard.path);
  to.line("headers", server.headers, standard.headers);
  to.line("enabled", server.enabled, standard.enabled);
  to.line("required", server.required, standard.required);
  to.line("depends_on", server.depends_on, standard.depends_on);
  to.line("restart", server.restart, standard.restart);
  describe_tables(to, server);
}

}  // namespace

std::string describe(const Config& config) {
  const std::filesystem::path folder = std::filesystem::path(config.path).parent_path();
  const Config standard;
  Describer to;
  to.head("project " + config.name);
  to.line("ports.range", config.ports.range, standard.ports.range);
  to.line("ports.host", config.ports.host, standard.ports.host);
  to.line("ports.hold", config.ports.hold, standard.ports.hold);
  to.line("ports.registry", config.ports.registry, standard.ports.registry);
  to.line("supervisor.start_concurrency", config.supervisor.start_concurrency, standard.supervisor.start_concurrency);
  to.line("supervisor.shutdown_timeout", config.supervisor.shutdown_timeout, standard.supervisor.shutdown_timeout);
  to.line("supervisor.log_level", config.supervisor.log_level, standard.supervisor.log_level);
  to.line("supervisor.log_format", config.supervisor.log_format, standard.supervisor.log_format);
  to.line("metrics.port", config.metrics.port, standard.metrics.port);
  to.line("metrics.host", config.metrics.host, standard.metrics.host);
  for (const ServerConfig& server : config.servers) describe_server(to, server, folder);
  return to.take();
}

}  // namespace berth::config::test
