// The loader of berth.toml. The input is the text of a file, in a folder with a `.env`.

#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <set>
#include <unordered_map>

#include "config/fields.hpp"
#include "config/names.hpp"
#include "config/signals.hpp"
#include "config/templates.hpp"
#include "fuzz/support.hpp"

namespace {

using namespace berth;
using config::Diagnostic;
using config::LoadOptions;
using config::LoadResult;
using config::Severity;
using fuzz::visible;

// No input finds these by chance: what shows them has copied them.
constexpr std::string_view secret = "zQ9vKx72LmWp";
constexpr std::string_view secret_of_file = "Hj4nTr81BvYs";

const std::string& config_file() {
  static const std::string path = [] {
    std::ofstream(fuzz::scratch_folder() + "/.env")
        << "FROM_FILE=word\nFILE_TOKEN=" << secret_of_file << "\nLINES=\"one\ntwo\"\nBRACES='{port}'\n";
    std::ofstream(fuzz::scratch_folder() + "/bad.env") << "no equals\nA=1\n";
    return fuzz::scratch_folder() + "/berth.toml";
  }();
  return path;
}

LoadOptions options() {
  static const std::map<std::string, std::string, std::less<>> environment{
      {"SET", "value"},   {"EMPTY", ""},        {"SECONDS", "7s"},
      {"NUMBER", "8123"}, {"BRACES", "{port}"}, {"API_TOKEN", std::string(secret)}};
  LoadOptions options;
  options.project = "fuzz";
  options.environment = [](std::string_view name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  };
  return options;
}

LoadResult load(std::string_view text) {
  return config::parse(text, config_file(), options());
}

// The characters of each line, as an editor counts them.
std::vector<unsigned> line_lengths(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<unsigned> lengths(1);
  for (const char c : text) {
    if (c == '\n') {
      lengths.push_back(0);
    } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      ++lengths.back();
    }
  }
  return lengths;
}

std::string all_of(const LoadResult& result) {
  std::string text;
  for (const Diagnostic& diagnostic : result.diagnostics) text += config::to_string(diagnostic) + "\n";
  return text;
}

void check_diagnostics(std::string_view text, const LoadResult& result) {
  const auto lengths = line_lengths(text);
  const bool tells_itself =
      text.find(secret) != std::string_view::npos || text.find(secret_of_file) != std::string_view::npos;
  std::size_t errors = 0;
  for (const Diagnostic& d : result.diagnostics) {
    const std::string line = config::to_string(d);
    errors += d.severity == Severity::error ? 1 : 0;
    FUZZ_CHECK(!d.message.empty(), line);
    FUZZ_CHECK(!fuzz::has_control_characters(line), visible(line));
    FUZZ_CHECK(!fuzz::is_utf8(text) || fuzz::is_utf8(line), visible(line));
    FUZZ_CHECK(tells_itself || line.find(secret) == std::string::npos, line);
    FUZZ_CHECK(tells_itself || line.find(secret_of_file) == std::string::npos, line);
    FUZZ_CHECK(d.line >= 1 && d.column >= 1, line);
    if (d.file != config_file()) continue;
    FUZZ_CHECK(d.line <= lengths.size(), line);
    // One past the end is where something is missing.
    FUZZ_CHECK(d.column <= lengths[d.line - 1] + 1, line);
  }
  FUZZ_CHECK(result.config.has_value() == (errors == 0), all_of(result));
}

void check_server(const ServerConfig& s) {
  using namespace std::chrono_literals;
  FUZZ_CHECK(config::is_valid_name(s.name), visible(s.name));
  FUZZ_CHECK(!s.command.empty(), s.name);
  FUZZ_CHECK(s.cwd.starts_with('/'), visible(s.cwd));
  FUZZ_CHECK(!s.enabled || s.path.starts_with('/'), visible(s.path));
  FUZZ_CHECK(!s.fixed_port || *s.fixed_port >= 1, s.name);
  FUZZ_CHECK(s.ready.timeout > 0ms && s.ready.settle >= 0ms, s.name);
  FUZZ_CHECK(s.health.probe != Probe::mcp && s.health.interval > 0ms && s.health.timeout > 0ms, s.name);
  FUZZ_CHECK(s.health.failures >= 1, s.name);
  FUZZ_CHECK(s.backoff.initial >= 0ms && s.backoff.initial <= s.backoff.max && s.backoff.reset_after >= 0ms, s.name);
  FUZZ_CHECK(s.backoff.factor >= 1 && s.backoff.factor <= 100, s.name);
  FUZZ_CHECK(s.backoff.jitter >= 0 && s.backoff.jitter <= 1, s.name);
  FUZZ_CHECK(s.backoff.crashloop_after >= 1, s.name);
  FUZZ_CHECK(s.stop.signal >= 1 && s.stop.signal < NSIG && s.stop.timeout >= 0ms, s.name);
  FUZZ_CHECK(s.conflict.attempts <= 65535, s.name);
  for (const int code : s.conflict.exit_codes) FUZZ_CHECK(code >= 0 && code <= 255, s.name);
  FUZZ_CHECK(s.log.max_size >= 1 && s.log.files <= 1000, s.name);
  for (const std::string& name : s.port_env) FUZZ_CHECK(config::is_valid_variable(name), visible(name));
  for (const std::string& value : s.secret_values) FUZZ_CHECK(value.size() >= 6, s.name);
  FUZZ_CHECK(std::ranges::is_sorted(s.secret_values, std::greater{}, &std::string::size), s.name);
  std::set<std::string> names;
  for (const auto& [name, value] : s.env) {
    FUZZ_CHECK(config::is_valid_variable(name) && names.insert(name).second, visible(name));
    FUZZ_CHECK(value.find('\0') == std::string::npos, s.name);
  }
  const config::LaunchValues values{50000, "127.0.0.1", s.name, "http://127.0.0.1:50000/mcp"};
  for (const std::string& arg : s.args) {
    FUZZ_CHECK(arg.find('\0') == std::string::npos, s.name);
    FUZZ_CHECK(!s.enabled || !config::unknown_placeholder(arg), visible(arg));
    static_cast<void>(config::fill(arg, values));
  }
}

// Names and fixed ports are unique, and every server can be started after those that it depends on.
void check_together(const Config& c) {
  std::unordered_map<std::string, const ServerConfig*> by_name;
  std::set<Port> ports;
  for (const ServerConfig& s : c.servers) {
    FUZZ_CHECK(by_name.emplace(s.name, &s).second, visible(s.name));
    FUZZ_CHECK(!s.fixed_port || ports.insert(*s.fixed_port).second, s.name);
  }
  std::set<std::string> started;
  for (std::size_t before = c.servers.size() + 1; started.size() < c.servers.size();) {
    const std::size_t left = c.servers.size() - started.size();
    FUZZ_CHECK(left < before, "a dependency cycle");
    before = left;
    for (const ServerConfig& s : c.servers) {
      if (std::ranges::all_of(s.depends_on, [&](const std::string& name) {
            FUZZ_CHECK(by_name.contains(name), visible(name));
            return started.contains(name);
          })) {
        started.insert(s.name);
      }
    }
  }
}

// ---- written again --------------------------------------------------------------------------------------------------

std::string toml(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else if (c == '$') {
      out += "${NOWHERE:-$}";  // `$$` would also take the `{word}` behind it as text
    } else {
      out += c;
    }
  }
  return out + "\"";
}

template <class List>
std::string toml_list(const List& list) {
  std::string out = "[";
  for (const auto& item : list) {
    if constexpr (std::is_same_v<std::decay_t<decltype(item)>, std::string>) {
      out += toml(item) + ", ";
    } else {
      out += fmt::format("{}, ", item);
    }
  }
  return out + "]";
}

std::string probe_word(Probe probe) {
  return probe == Probe::none ? "none" : probe == Probe::listen ? "listen" : probe == Probe::http ? "http" : "mcp";
}

std::string restart_word(RestartPolicy policy) {
  return policy == RestartPolicy::always ? "always" : policy == RestartPolicy::never ? "never" : "on-failure";
}

// Floating point numbers of TOML have a point or an exponent.
std::string number(double value) {
  return fmt::format("{:#.17g}", value);
}

std::string toml(const ServerConfig& s) {
  std::string out = "[[servers]]\n";
  const auto key = [&](std::string_view name, const std::string& value) {
    out += fmt::format("{} = {}\n", name, value);
  };
  const auto duration = [](Milliseconds value) { return fmt::format("\"{}ms\"", value.count()); };
  key("name", toml(s.name));
  key("command", toml(s.command));
  key("args", toml_list(s.args));
  key("cwd", toml(s.cwd));
  key("inherit_env", fmt::format("{}", s.inherit_env));
  key("port", s.fixed_port ? std::to_string(*s.fixed_port) : "\"auto\"");
  key("port_env", toml_list(s.port_env));
  key("path", toml(s.path));
  key("enabled", fmt::format("{}", s.enabled));
  key("required", fmt::format("{}", s.required));
  key("depends_on", toml_list(s.depends_on));
  key("restart", "\"" + restart_word(s.restart) + "\"");
  out += "env = { ";
  for (std::size_t i = 0; i < s.env.size(); ++i) {
    out += fmt::format("{}{} = {}", i == 0 ? "" : ", ", s.env[i].first, toml(s.env[i].second));
  }
  out += " }\nheaders = { ";
  for (std::size_t i = 0; i < s.headers.size(); ++i) {
    out += fmt::format("{}{} = {}", i == 0 ? "" : ", ", toml(s.headers[i].first), toml(s.headers[i].second));
  }
  out += " }\n";
  key("ready.probe", "\"" + probe_word(s.ready.probe) + "\"");
  key("ready.timeout", duration(s.ready.timeout));
  key("ready.settle", duration(s.ready.settle));
  key("health.probe", "\"" + probe_word(s.health.probe) + "\"");
  key("health.interval", duration(s.health.interval));
  key("health.timeout", duration(s.health.timeout));
  key("health.failures", std::to_string(s.health.failures));
  key("backoff.initial", duration(s.backoff.initial));
  key("backoff.factor", number(s.backoff.factor));
  key("backoff.max", duration(s.backoff.max));
  key("backoff.jitter", number(s.backoff.jitter));
  key("backoff.reset_after", duration(s.backoff.reset_after));
  key("backoff.crashloop_after", std::to_string(s.backoff.crashloop_after));
  key("backoff.give_up_after", std::to_string(s.backoff.give_up_after));
  key("stop.signal", "\"" + config::signal_name(s.stop.signal) + "\"");
  key("stop.timeout", duration(s.stop.timeout));
  key("conflict.exit_codes", toml_list(s.conflict.exit_codes));
  key("conflict.patterns", toml_list(s.conflict.patterns));
  key("conflict.attempts", std::to_string(s.conflict.attempts));
  key("log.max_size", fmt::format("\"{}B\"", s.log.max_size));
  key("log.files", std::to_string(s.log.files));
  return out;
}

std::string toml(const Config& c) {
  std::string out = fmt::format("ports.range = [{}, {}]\nports.host = {}\nports.hold = {}\n", c.ports.range.first,
                                c.ports.range.last, toml(c.ports.host), c.ports.hold);
  if (!c.ports.registry.empty()) out += "ports.registry = " + toml(c.ports.registry) + "\n";
  out += fmt::format("supervisor.start_concurrency = {}\nsupervisor.shutdown_timeout = \"{}ms\"\n",
                     c.supervisor.start_concurrency, c.supervisor.shutdown_timeout.count());
  for (const ServerConfig& s : c.servers) out += toml(s);
  return out;
}

// What was read, written as a file with every value in full and read again, is the same.
void check_written_again(Config c, const LoadResult& first) {
  // What a disabled server leaves unset is kept as it was written, which has no other form.
  if (std::ranges::any_of(first.diagnostics, [](const Diagnostic& d) { return d.message.ends_with("is not set"); })) {
    return;
  }
  for (ServerConfig& s : c.servers) {
    s.env_file.clear();
    s.secret_values.clear();
  }
  const std::string text = toml(c);
  LoadResult again = load(text);
  FUZZ_CHECK(again.config.has_value(), all_of(again) + text);
  for (ServerConfig& s : again.config->servers) s.secret_values.clear();
  FUZZ_CHECK(*again.config == c, text);
}

void check_config(const Config& c) {
  FUZZ_CHECK(config::is_valid_name(c.name), visible(c.name));
  FUZZ_CHECK(c.ports.range.first >= 1 && c.ports.range.first <= c.ports.range.last, "ports.range");
  FUZZ_CHECK(!c.ports.host.empty(), "ports.host");
  FUZZ_CHECK(c.supervisor.start_concurrency >= 1 && c.supervisor.start_concurrency <= 1024, "start_concurrency");
  FUZZ_CHECK(c.supervisor.shutdown_timeout.count() >= 0, "shutdown_timeout");
  FUZZ_CHECK(config::differences(c, c).empty(), "a config differs from itself");
  for (const ServerConfig& s : c.servers) check_server(s);
  check_together(c);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  const LoadResult result = load(text);
  check_diagnostics(text, result);
  const LoadResult again = load(text);
  FUZZ_CHECK(again.config == result.config, "another config when read twice");
  FUZZ_CHECK(all_of(again) == all_of(result), all_of(result) + all_of(again));
  // A blank line in front, or a comment at the end, changes nothing but the lines.
  if (!text.starts_with("\xEF\xBB\xBF")) {
    FUZZ_CHECK(load("\n" + std::string(text)).config == result.config, "another config behind a blank line");
  }
  if (result.config) {
    check_config(*result.config);
    FUZZ_CHECK(load(std::string(text) + "\n# end").config == result.config, "another config before a comment");
    check_written_again(*result.config, result);
  }
  return 0;
}
