#pragma once
// The one table of config keys. What a key is called, may hold, holds by default and means stands here and nowhere
// else: reading a file, hints for misspelt keys, the JSON Schema, the reference file and what a reload has to do
// all come from it.

#include <berth/config.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berth::config {

struct Node;
class Report;

enum class Kind {
  boolean,
  integer,       // within least … most
  number,        // an integer or a decimal, within least … most
  text,          // not empty
  name,          // of a server or project
  url_path,      // begins with a slash
  host,          // a name or an address, without port and brackets
  loopback,      // an address of this machine alone: 127.…  or ::1
  file,          // a path, relative to the folder of the config
  duration,      // at least `least` milliseconds
  size,          // at least `least` bytes
  user,          // a name or number of a user of this machine
  group,         // likewise, of a group
  choice,        // one of `choices`
  signal,        // SIGTERM or TERM
  port,          // "auto" or a number
  port_range,    // [first, last]
  texts,         // a list of strings
  names,         // a list of names of servers
  variables,     // a list of names of environment variables
  exit_codes,    // a list of numbers from 0 to 255
  patterns,      // a list of regular expressions
  environment,   // a table of strings
  headers,       // a table of strings: headers of HTTP
  secret_names,  // a list of names of environment variables or headers
};

// What a changed value needs to take effect.
enum class Change { nothing, live, restart, supervisor };

struct Field {
  std::string_view section{};  // "", "ports", "supervisor", "servers", "servers.ready", …
  std::string_view key{};      // its last part
  Kind kind = Kind::text;
  std::string_view standard{};  // the default as TOML; empty: there is none
  std::string_view sample{};    // a value to show where there is no default worth showing
  Change change = Change::nothing;
  std::string_view help{};  // one sentence without its full stop
  double least = 0;
  double most = 0;
  std::span<const std::string_view> choices{};
  bool required = false;

  // Where the value goes: into the Config or into a ServerConfig. Without a `read_…`, server.cpp reads it.
  void (*read_config)(const Field&, const Node&, Report&, Config&) = nullptr;
  void (*read_server)(const Field&, const Node&, Report&, ServerConfig&) = nullptr;
  bool (*same_config)(const Config&, const Config&) = nullptr;
  bool (*same_server)(const ServerConfig&, const ServerConfig&) = nullptr;
};

// In the order of the reference file.
std::span<const Field> fields();

// The field of this key, or nullptr.
const Field* find_field(std::string_view section, std::string_view key);

struct Section {
  std::string_view name;  // "" for the top level
  std::string_view help;
};

// In the order of the reference file.
std::span<const Section> sections();

// "servers.ready.timeout"
std::string dotted_name(const Field&);

// As a person would say it: "ready.timeout" inside a server, "ports.range" elsewhere.
std::string spoken_name(const Field&);

// The keys whose values differ.
std::vector<const Field*> differences(const Config& before, const Config& after);  // servers left aside
std::vector<const Field*> differences(const ServerConfig& before, const ServerConfig& after);

}  // namespace berth::config
