#include <spdlog/fmt/fmt.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <berth/port_ledger.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <iostream>
#include <map>
#include <utility>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "core/lease_rules.hpp"
#include "core/utf8.hpp"
#include "os/json_text.hpp"
#include "os/ledger_text.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

constexpr Milliseconds patience_with_one{3'000};

// The sockets of all supervisors that this user may have.
std::vector<std::string> sockets_in(const std::string& folder) {
  std::vector<std::string> sockets;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".sock") sockets.push_back(it->path().string());
  }
  std::sort(sockets.begin(), sockets.end());
  return sockets;
}

// Every live instance once, and every dead port.
struct Ports {
  std::map<Port, LedgerEntry> instances;
  json::array dead;

  void add(const std::vector<LedgerEntry>& entries) {
    for (const LedgerEntry& entry : entries) instances.insert_or_assign(entry.port, entry);
  }
};

// Brings the file up to date, and adds what only the supervisor knows: its dead ports, and all when it has no file.
void ask_supervisor(const std::string& socket, Ports& ports) {
  try {
    const auto answer = ask(socket, "GET", "/v1/ports", patience_with_one);
    if (!answer || !answer->ok()) return;  // left by one that was killed
    for (const auto& port : answer->body.at("dead").as_array()) ports.dead.push_back(port);
    const json::object list{{"instances", answer->body.at("instances")}};
    ports.add(os::read_ledger(os::json_text(list)).ledger.entries);
  } catch (const Stop& stop) {
    std::cerr << "berth: " << stop.message << "; its dead ports are not known\n";
  } catch (const std::exception& error) {
    std::cerr << "berth: what answers on " << socket << " is no supervisor: " << error.what() << "\n";
  }
}

// False when there is such a file and it cannot be used.
bool read_file(const std::string& file, bool shared, Ports& ports) {
  const auto entries = active_instances(file, shared);
  if (!entries) {
    std::cerr << "berth: the ledger of ports `" << file << "` cannot be used: " << entries.error() << "\n";
    return false;
  }
  ports.add(*entries);
  return true;
}

std::string state_of(const LedgerEntry& entry) {
  return entry.state.empty() ? "-" : core::tame(entry.state);
}

void print(const Ports& ports) {
  if (ports.instances.empty() && ports.dead.empty()) std::cout << "no instances\n";
  std::size_t longest_name = 0;
  std::size_t longest_state = 0;
  for (const auto& [key, entry] : ports.instances) {
    longest_name = std::max(longest_name, core::name_of(entry).size());
    longest_state = std::max(longest_state, state_of(entry).size());
  }
  for (const auto& [key, entry] : ports.instances) {
    std::cout << fmt::format("{:<5}  {:<{}}  {:<{}}  pid {:<7}  {}\n", entry.port, core::name_of(entry), longest_name,
                             state_of(entry), longest_state, entry.pid,
                             entry.project.empty() ? "(another program)" : core::tame(entry.url));
  }
  for (const auto& port : ports.dead) {
    std::cout << os::json_text(port.at("port")) << "  dead: " << core::tame(std::string(port.at("reason").as_string()));
    if (port.at("holder").is_string())
      std::cout << ", held by " << core::tame(std::string(port.at("holder").as_string()));
    std::cout << "\n";
  }
}

int list_ports(const Context& context, bool as_json) {
  Ports ports;
  const std::string folder = context.runtime_dir();
  // Before the files, which they bring up to date.
  for (const std::string& socket : sockets_in(folder)) ask_supervisor(socket, ports);
  bool usable = read_file(folder + "/ports.json", false, ports);
  if (const auto registry = context.registry(); !registry.empty()) usable = read_file(registry, true, ports) && usable;
  if (as_json) {
    json::array instances;
    for (const auto& [key, entry] : ports.instances) instances.push_back(os::to_json(entry));
    std::cout << os::json_text(json::object{{"instances", instances}, {"dead", ports.dead}}) << "\n";
  } else {
    print(ports);
  }
  return usable ? exit_ok : exit_failed;
}

}  // namespace

void add_ports(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context,
      {"ports",
       group::look,
       "List who has which port: all projects, and dead ports",
       "Every live instance of this user's projects on this host and of programs that share the ledger, and the ports "
       "that are dead, with their holders. Needs no configuration and no running supervisor.",
       {{"berth ports"}, {"berth ports --json | jq '.instances[] | {port, server, pid}'"}}});
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "One JSON document on stdout");
  command->callback(
      [&context, as_json] { context.action = [&context, as_json] { return list_ports(context, *as_json); }; });
}

}  // namespace berth::cli
