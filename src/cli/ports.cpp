#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <iostream>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "os/json_text.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

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

void append(json::array& to, const json::value& from) {
  for (const auto& entry : from.as_array()) to.push_back(entry);
}

std::string text(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : value.is_null() ? "-" : os::json_text(value);
}

void print(const json::array& instances, const json::array& dead) {
  if (instances.empty() && dead.empty()) std::cout << "no instances\n";
  for (const auto& entry : instances) {
    std::cout << text(entry.at("port")) << "  " << text(entry.at("project")) << "." << text(entry.at("server")) << "  "
              << text(entry.at("state")) << "  pid " << text(entry.at("pid")) << "  " << text(entry.at("url")) << "\n";
  }
  for (const auto& port : dead) {
    std::cout << text(port.at("port")) << "  dead: " << text(port.at("reason"));
    if (port.at("holder").is_string()) std::cout << ", held by " << text(port.at("holder"));
    std::cout << "\n";
  }
}

int ports(const Context& context, bool as_json) {
  json::array instances;
  json::array dead;
  for (const std::string& socket : sockets_in(context.runtime_dir())) {
    const auto answer = ask(socket, "GET", "/v1/ports");
    if (!answer || !answer->ok()) continue;  // left by one that was killed
    append(instances, answer->body.at("instances"));
    append(dead, answer->body.at("dead"));
  }
  if (as_json) {
    std::cout << os::json_text(json::object{{"instances", instances}, {"dead", dead}}) << "\n";
  } else {
    print(instances, dead);
  }
  return exit_ok;
}

}  // namespace

void add_ports(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("ports", "List the live instances of all projects, and dead ports with their holders");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "One JSON document on stdout");
  command->footer("Needs no configuration and no running supervisor.\nExample: berth ports");
  command->callback([&context, as_json] { context.action = [&context, as_json] { return ports(context, *as_json); }; });
}

}  // namespace berth::cli
