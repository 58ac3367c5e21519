#include "config/fields.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

#include "config/values.hpp"

namespace berth::config {
namespace {

template <class Member>
struct OwnerOf;
template <class Owner, class Value>
struct OwnerOf<Value Owner::*> {
  using Type = Owner;
};

// The field that goes to Config::First.Rest… or ServerConfig::First.Rest…; `.*....*` is a fold over `.*`.
template <auto First, auto... Rest>
constexpr Field into(Field field) {
  using Owner = typename OwnerOf<decltype(First)>::Type;
  constexpr auto read = [](const Field& f, const Node& node, Report& report, Owner& owner) {
    read_value(f, node, report, ((owner.*First).*....*Rest));
  };
  constexpr auto same = [](const Owner& a, const Owner& b) {
    return ((a.*First).*....*Rest) == ((b.*First).*....*Rest);
  };
  if constexpr (std::is_same_v<Owner, Config>) {
    field.read_config = read;
    field.same_config = same;
  } else {
    field.read_server = read;
    field.same_server = same;
  }
  return field;
}

// The value is compared there, but takes more to read than itself: server.cpp does that.
template <auto Member>
constexpr Field made_by_server(Field field) {
  field = into<Member>(field);
  field.read_server = nullptr;
  return field;
}

constexpr std::array<std::string_view, 3> restart_words{"always", "on-failure", "never"};
constexpr std::array<std::string_view, 4> ready_words{"listen", "http", "mcp", "none"};
constexpr std::array<std::string_view, 3> health_words{"listen", "http", "none"};

constexpr std::array<std::string_view, 2> log_formats{"text", "json"};
constexpr std::array<std::string_view, 4> log_levels{"debug", "info", "warn", "error"};

constexpr double one_million = 1'000'000;
using enum Kind;
using enum Change;

constexpr std::array<Section, 12> all_sections{{
    {"",
     "Any string may hold ${VAR} or ${VAR:-default}, taken from Berth's environment and then from the server's "
     "env_file; $$ writes $."},
    {"ports", "The ports that servers get."},
    {"supervisor", "Berth itself."},
    {"metrics", "Prometheus metrics on a TCP port of this machine; the control socket has them always, at /metrics."},
    {"servers", "One such block for each server. What stands under [defaults] holds for all of them, key by key."},
    {"servers.ready", "When is it ready? When its own processes listen on its own port, for a moment, and then:"},
    {"servers.health", "Is it still?"},
    {"servers.backoff",
     "How long to wait before a restart. A server that was ready, and had no failure within "
     "reset_after, restarts at once."},
    {"servers.stop", "How it is asked to end."},
    {"servers.conflict", "What counts as \"the port was taken\", so that the next port is tried at once."},
    {"servers.limits",
     "What it may take of this machine, and as whom it runs: nothing is limited but what is said here. Where Berth has "
     "a control group of its own (cgroup v2, delegated, with the controllers memory and pids), memory and processes "
     "hold for the whole server, all that it starts included."},
    {"servers.log", "What is kept of its output."},
}};

// clang-format off
constexpr std::array all_fields{
    into<&Config::name>({.section = "", .key = "name", .kind = name, .sample = R"("my-tools")", .change = supervisor,
        .help = "Name of the project; without one, the name of the folder that holds this file"}),

    into<&Config::ports, &PortsConfig::range>({.section = "ports", .key = "range", .kind = port_range,
        .standard = "[50000, 51000]", .change = supervisor,
        .help = "First and last port, both included; the lowest free one is given"}),
    into<&Config::ports, &PortsConfig::host>({.section = "ports", .key = "host", .kind = host,
        .standard = R"("127.0.0.1")", .change = supervisor,
        .help = "Given to servers as HOST, and used in URLs and probes"}),
    into<&Config::ports, &PortsConfig::hold>({.section = "ports", .key = "hold", .kind = boolean,
        .standard = "true", .change = supervisor,
        .help = "Keep a bound socket that never listens on each port, so that nothing else gets it in between"}),
    into<&Config::ports, &PortsConfig::registry>({.section = "ports", .key = "registry", .kind = file,
        .sample = R"("/path/ports.json")", .change = supervisor,
        .help = "The ledger of ports, to share one with other programs; without it, a private one of this user"}),

    into<&Config::supervisor, &SupervisorConfig::start_concurrency>({.section = "supervisor",
        .key = "start_concurrency", .kind = integer, .standard = "8", .change = live,
        .help = "Servers that may be starting at once", .least = 1, .most = 1024}),
    into<&Config::supervisor, &SupervisorConfig::shutdown_timeout>({.section = "supervisor",
        .key = "shutdown_timeout", .kind = duration, .standard = R"("30s")", .change = live,
        .help = "How long the end of everything may take before what is left is killed"}),
    into<&Config::supervisor, &SupervisorConfig::log_level>({.section = "supervisor", .key = "log_level",
        .kind = choice, .standard = R"("info")", .change = supervisor,
        .help = "What Berth says in its own log, berth.log, and on the terminal of a foreground `berth up`; -v is "
                "\"debug\"", .choices = log_levels}),
    into<&Config::supervisor, &SupervisorConfig::log_format>({.section = "supervisor", .key = "log_format",
        .kind = choice, .standard = R"("text")", .change = supervisor,
        .help = "How berth.log is written: for people, or a JSON object a line", .choices = log_formats}),

    into<&Config::metrics, &MetricsConfig::port>({.section = "metrics", .key = "port", .kind = integer,
        .standard = "0", .sample = "9464", .change = supervisor,
        .help = "The port for http://HOST:PORT/metrics, which no server gets; 0 for none", .least = 0, .most = 65535}),
    into<&Config::metrics, &MetricsConfig::host>({.section = "metrics", .key = "host", .kind = loopback,
        .standard = R"("127.0.0.1")", .change = supervisor,
        .help = "The address to listen on, 127.0.0.1 or ::1: whoever is on this machine may read them"}),

    into<&ServerConfig::name>({.section = "servers", .key = "name", .kind = name, .sample = R"("everything")",
        .change = restart, .help = "Letters, digits, `_`, `.` and `-`; once in the file", .required = true}),
    into<&ServerConfig::command>({.section = "servers", .key = "command", .kind = text, .sample = R"("npx")",
        .change = restart, .help = "The program, looked up on PATH; there is no shell", .required = true}),
    into<&ServerConfig::args>({.section = "servers", .key = "args", .kind = texts, .standard = "[]",
        .sample = R"(["-y", "@modelcontextprotocol/server-everything", "streamableHttp"])", .change = restart,
        .help = "Its arguments; {port}, {host}, {name} and {url} are filled in, {{word}} writes {word}"}),
    into<&ServerConfig::cwd>({.section = "servers", .key = "cwd", .kind = file, .standard = R"(".")",
        .change = restart, .help = "Its working directory, relative to the folder of this file"}),
    into<&ServerConfig::env>({.section = "servers", .key = "env", .kind = environment, .standard = "{}",
        .sample = R"({ LOG_LEVEL = "info", TOKEN = "${MY_TOKEN}" })", .change = restart,
        .help = "Environment variables, filled in as args are"}),
    made_by_server<&ServerConfig::env_file>({.section = "servers", .key = "env_file", .kind = file, .sample = R"(".env")",
        .change = restart, .help = "More of them, as NAME=VALUE lines in a file; env wins"}),
    into<&ServerConfig::inherit_env>({.section = "servers", .key = "inherit_env", .kind = boolean,
        .standard = "true", .change = restart, .help = "Pass Berth's own environment on"}),
    into<&ServerConfig::fixed_port>({.section = "servers", .key = "port", .kind = port, .standard = R"("auto")",
        .change = restart, .help = "\"auto\" for one of the range, or a number: fixed, and never given to another"}),
    into<&ServerConfig::port_env>({.section = "servers", .key = "port_env", .kind = variables,
        .standard = R"(["PORT"])", .change = restart, .help = "The variables that are set to the port"}),
    made_by_server<&ServerConfig::secret_values>({.section = "servers", .key = "secrets", .kind = secret_names, .standard = "[]",
        .sample = R"(["LICENSE"])", .change = live,
        .help = "Variables and headers whose values are never shown, beside those whose names look secret"}),
    into<&ServerConfig::path>({.section = "servers", .key = "path", .kind = url_path, .standard = R"("/mcp")",
        .change = restart, .help = "The path of its MCP endpoint"}),
    into<&ServerConfig::headers>({.section = "servers", .key = "headers", .kind = headers, .standard = "{}",
        .sample = R"({ Authorization = "Bearer ${TOKEN}" })", .change = live,
        .help = "Headers of HTTP that Berth sends along when it asks the server, for one that wants a sign-in"}),
    into<&ServerConfig::enabled>({.section = "servers", .key = "enabled", .kind = boolean, .standard = "true",
        .change = live, .help = "Start it with `berth up`"}),
    into<&ServerConfig::required>({.section = "servers", .key = "required", .kind = boolean, .standard = "false",
        .change = live, .help = "End a foreground `berth up` with 1 when this one has failed for good"}),
    into<&ServerConfig::depends_on>({.section = "servers", .key = "depends_on", .kind = names, .standard = "[]",
        .sample = R"(["database"])", .change = live,
        .help = "Servers that must be ready before it starts, and stop after it"}),
    into<&ServerConfig::restart>({.section = "servers", .key = "restart", .kind = choice,
        .standard = R"("always")", .change = live, .help = "When to start it again after it has ended",
        .choices = restart_words}),

    into<&ServerConfig::ready, &ReadyConfig::probe>({.section = "servers.ready", .key = "probe", .kind = choice,
        .standard = R"("http")", .change = live,
        .help = "\"listen\": that is enough; \"http\": it answers OPTIONS, with any status; \"mcp\": it completes a "
                "handshake; \"none\": being started is enough", .choices = ready_words}),
    into<&ServerConfig::ready, &ReadyConfig::timeout>({.section = "servers.ready", .key = "timeout",
        .kind = duration, .standard = R"("60s")", .change = live, .help = "How long it may take", .least = 1}),
    into<&ServerConfig::ready, &ReadyConfig::settle>({.section = "servers.ready", .key = "settle",
        .kind = duration, .standard = R"("500ms")", .change = live,
        .help = "How long the listener must live: bridges listen first and die after"}),

    into<&ServerConfig::health, &HealthConfig::probe>({.section = "servers.health", .key = "probe", .kind = choice,
        .standard = R"("http")", .change = live,
        .help = "As for ready, but \"mcp\": a periodic handshake harms real servers; nothing is asked of one with "
                "ready.probe = \"none\"", .choices = health_words}),
    into<&ServerConfig::health, &HealthConfig::interval>({.section = "servers.health", .key = "interval",
        .kind = duration, .standard = R"("10s")", .change = live, .help = "How often it is asked", .least = 1}),
    into<&ServerConfig::health, &HealthConfig::timeout>({.section = "servers.health", .key = "timeout",
        .kind = duration, .standard = R"("3s")", .change = live, .help = "How long an answer may take", .least = 1}),
    into<&ServerConfig::health, &HealthConfig::failures>({.section = "servers.health", .key = "failures",
        .kind = integer, .standard = "3", .change = live, .help = "Failures in a row until it is restarted; while its processes compute, it is given three times as many",
        .least = 1, .most = one_million}),

    into<&ServerConfig::backoff, &BackoffConfig::initial>({.section = "servers.backoff", .key = "initial",
        .kind = duration, .standard = R"("500ms")", .change = live, .help = "The first delay"}),
    into<&ServerConfig::backoff, &BackoffConfig::factor>({.section = "servers.backoff", .key = "factor",
        .kind = number, .standard = "2.0", .change = live, .help = "Each delay is the last one times this",
        .least = 1, .most = 100}),
    into<&ServerConfig::backoff, &BackoffConfig::max>({.section = "servers.backoff", .key = "max",
        .kind = duration, .standard = R"("30s")", .change = live, .help = "The longest delay"}),
    into<&ServerConfig::backoff, &BackoffConfig::jitter>({.section = "servers.backoff", .key = "jitter",
        .kind = number, .standard = "0.2", .change = live,
        .help = "A delay is made longer or shorter by up to this part of it, at random", .least = 0, .most = 1}),
    into<&ServerConfig::backoff, &BackoffConfig::reset_after>({.section = "servers.backoff", .key = "reset_after",
        .kind = duration, .standard = R"("60s")", .change = live,
        .help = "Ready for this long: failures are counted anew"}),
    into<&ServerConfig::backoff, &BackoffConfig::crashloop_after>({.section = "servers.backoff",
        .key = "crashloop_after", .kind = integer, .standard = "5", .change = live,
        .help = "Failures in a row until its state reads crashloop; it is still retried", .least = 1,
        .most = one_million}),
    into<&ServerConfig::backoff, &BackoffConfig::give_up_after>({.section = "servers.backoff",
        .key = "give_up_after", .kind = integer, .standard = "0", .change = live,
        .help = "Failures in a row until it is not retried any more; 0 for never", .least = 0,
        .most = one_million}),

    into<&ServerConfig::stop, &StopConfig::signal>({.section = "servers.stop", .key = "signal", .kind = signal,
        .standard = R"("SIGTERM")", .change = live, .help = "The signal"}),
    into<&ServerConfig::stop, &StopConfig::timeout>({.section = "servers.stop", .key = "timeout",
        .kind = duration, .standard = R"("10s")", .change = live,
        .help = "How long it has until it and all it started get SIGKILL"}),

    into<&ServerConfig::conflict, &ConflictConfig::exit_codes>({.section = "servers.conflict",
        .key = "exit_codes", .kind = exit_codes, .standard = "[2]", .change = live,
        .help = "Exit codes that hint at it; they count with a holder on the port, or with matching output"}),
    into<&ServerConfig::conflict, &ConflictConfig::patterns>({.section = "servers.conflict", .key = "patterns",
        .kind = patterns, .standard = "[]", .sample = R"(["could not bind"])", .change = live,
        .help = "Regular expressions (ECMAScript) for lines of output that tell it, beside the built-in ones"}),
    into<&ServerConfig::conflict, &ConflictConfig::attempts>({.section = "servers.conflict", .key = "attempts",
        .kind = integer, .standard = "10", .change = live,
        .help = "Ports to try in a row; 0 for the whole range", .least = 0, .most = 65535}),

    into<&ServerConfig::limits, &LimitsConfig::memory>({.section = "servers.limits", .key = "memory", .kind = size,
        .sample = R"("512MiB")", .change = restart,
        .help = "Memory of the whole server, without any swap beside it; without a control group, the data of each of "
                "its processes by itself (RLIMIT_DATA)", .least = 1'048'576}),
    into<&ServerConfig::limits, &LimitsConfig::open_files>({.section = "servers.limits", .key = "open_files",
        .kind = integer, .sample = "1024", .change = restart,
        .help = "Descriptors that each of its processes may have (RLIMIT_NOFILE)", .least = 16, .most = one_million}),
    into<&ServerConfig::limits, &LimitsConfig::processes>({.section = "servers.limits", .key = "processes",
        .kind = integer, .sample = "64", .change = restart,
        .help = "Processes and threads of the whole server; without a control group, of all that its user runs on this "
                "machine (RLIMIT_NPROC), and root is not held to it", .least = 1, .most = one_million}),
    into<&ServerConfig::limits, &LimitsConfig::nice>({.section = "servers.limits", .key = "nice", .kind = integer,
        .sample = "5", .change = restart,
        .help = "How far it steps back for others on a processor; less than Berth's own needs privilege",
        .least = -20, .most = 19}),
    into<&ServerConfig::limits, &LimitsConfig::user>({.section = "servers.limits", .key = "user", .kind = user,
        .sample = R"("nobody")", .change = restart,
        .help = "The user as whom it runs, with that user's groups, and HOME, USER and LOGNAME; Berth must run as root"}),
    into<&ServerConfig::limits, &LimitsConfig::group>({.section = "servers.limits", .key = "group", .kind = group,
        .sample = R"("users")", .change = restart,
        .help = "Its group, instead of the first one of its user; Berth must run as root"}),
    into<&ServerConfig::limits, &LimitsConfig::no_new_privs>({.section = "servers.limits", .key = "no_new_privs",
        .kind = boolean, .standard = "false", .change = restart,
        .help = "Nothing that it starts can gain privileges, as by sudo"}),

    into<&ServerConfig::log, &LogConfig::max_size>({.section = "servers.log", .key = "max_size", .kind = size,
        .standard = R"("10MiB")", .change = live, .help = "Size at which a new file is begun", .least = 1}),
    into<&ServerConfig::log, &LogConfig::files>({.section = "servers.log", .key = "files", .kind = integer,
        .standard = "5", .change = live, .help = "Older files kept beside the current one", .least = 0,
        .most = 1000}),
    into<&ServerConfig::log, &LogConfig::format>({.section = "servers.log", .key = "format", .kind = choice,
        .standard = R"("text")", .change = live,
        .help = "\"text\": time, stream and line; \"json\": the same as a JSON object a line", .choices = log_formats}),
};
// clang-format on

}  // namespace

std::span<const Field> fields() {
  return all_fields;
}

std::span<const Section> sections() {
  return all_sections;
}

const Field* find_field(std::string_view section, std::string_view key) {
  const auto found = std::ranges::find_if(
      all_fields, [&](const Field& field) { return field.section == section && field.key == key; });
  return found == all_fields.end() ? nullptr : &*found;
}

std::string dotted_name(const Field& field) {
  if (field.section.empty()) return std::string(field.key);
  return std::string(field.section) + "." + std::string(field.key);
}

std::string spoken_name(const Field& field) {
  const std::string name = dotted_name(field);
  constexpr std::string_view prefix = "servers.";
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

std::vector<const Field*> differences(const Config& before, const Config& after) {
  std::vector<const Field*> changed;
  for (const Field& field : all_fields) {
    if (field.same_config != nullptr && !field.same_config(before, after)) changed.push_back(&field);
  }
  return changed;
}

std::vector<const Field*> differences(const ServerConfig& before, const ServerConfig& after) {
  std::vector<const Field*> changed;
  for (const Field& field : all_fields) {
    if (field.same_server != nullptr && !field.same_server(before, after)) changed.push_back(&field);
  }
  return changed;
}

}  // namespace berth::config
