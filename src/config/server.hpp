#pragma once
// One server: its own table, what [defaults] adds to it, its env_file and its variables.

#include <berth/config.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "config/document.hpp"
#include "config/load.hpp"
#include "config/report.hpp"

namespace berth::config {

// Where and with what a file is read.
struct Surroundings {
  std::filesystem::path folder;    // of the config, as the user gave it: for messages
  std::filesystem::path absolute;  // the same, absolute
  const Lookup& environment;
  bool wait_for_pipes = true;
};

// The form in which a server was written.
struct ServerSource {
  const Node* table = nullptr;
  const Entry* codex = nullptr;  // of [mcp_servers.NAME]: its key is the name
};

// A server, and where in the file stands what has to agree with other servers.
struct ServerRead {
  struct Dependency {
    std::string name;
    Position at;
  };

  ServerConfig config;
  Position name_at;
  Position port_at;
  std::vector<Dependency> depends_on;
  std::string env_file;  // absolute; empty: there is none
};

// What is wrong goes to the report; the result then holds what could be read. `defaults` may be null.
ServerRead read_server(const ServerSource& source, const Node* defaults, const Surroundings& around, Report& report);

// Reports what is wrong with [defaults] whatever the servers are.
void check_defaults(const Node& defaults, const Surroundings& around, Report& report);

}  // namespace berth::config
