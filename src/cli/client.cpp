#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdlib>
#include <iostream>

#include "cli/client_state.hpp"
#include "cli/commands.hpp"
#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "config/client/client.hpp"
#include "config/files.hpp"
#include "core/utf8.hpp"
#include "os/json_text.hpp"
#include "os/replace_file.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

using config::ClientPlan;
using Line = ClientPlan::Line;

struct Options {
  std::string client;
  std::string file;
  bool write = false;
  bool check = false;
  bool json = false;
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string file_of(const config::Client& client, const Options& options) {
  if (!options.file.empty()) return options.file;
  const config::UserFolders folders{environment("HOME"), environment("XDG_CONFIG_HOME"),
                                    environment("CLAUDE_CONFIG_DIR"), environment("CODEX_HOME")};
  if (folders.home.empty()) throw Stop{exit_usage, "HOME is not set; name the client's file with --file"};
  return config::client_file(client, folders);
}

// ---- what runs ------------------------------------------------------------------------------------------------------

struct Running {
  std::vector<config::ClientEntry> entries;  // servers with a URL
  std::vector<std::string> not_ready;        // of these, by name
  struct LeftOut {
    std::string name;
    std::string state;
  };
  std::vector<LeftOut> left_out;
  std::vector<unsigned> ports;
  unsigned first_port = 0;
  unsigned last_port = 0;
};

Running ask_what_runs(const Context& context) {
  const auto answer = ask_running(context.socket(), "GET", lean_status);
  if (!answer.ok()) throw Stop{exit_failed, answer.error_message()};
  Running running;
  for (const json::value& server : answer.body.at("servers").as_array()) {
    const std::string name(server.at("name").as_string());
    const json::value& url = server.at("url");
    const json::value& port = server.at("port");
    if (port.is_int64()) running.ports.push_back(static_cast<unsigned>(port.as_int64()));
    if (!url.is_string()) {
      running.left_out.push_back({name, std::string(server.at("state").as_string())});
      continue;
    }
    running.entries.push_back({name, std::string(url.as_string())});
    if (!server.at("ready").as_bool()) running.not_ready.push_back(name);
  }
  const json::array& range = answer.body.at("ports").at("range").as_array();
  running.first_port = static_cast<unsigned>(range.at(0).to_number<std::int64_t>());
  running.last_port = static_cast<unsigned>(range.at(1).to_number<std::int64_t>());
  return running;
}

// Only names: what the headers hold is nobody else's business. The file need not be there, or valid.
void note_headers(const Context& context, const config::Client& client, const Running& running) {
  try {
    const auto loaded = config::load(context.config_file(), context.load_options());
    if (!loaded.config) return;
    for (const ServerConfig& server : loaded.config->servers) {
      const bool there = std::any_of(running.entries.begin(), running.entries.end(),
                                     [&](const auto& entry) { return entry.name == server.name; });
      if (server.headers.empty() || !there) continue;
      std::string names;
      for (const auto& [name, value] : server.headers) names += (names.empty() ? "" : ", ") + name;
      std::cerr << "berth: `" << server.name << "` has headers (" << names
                << "), which are not copied: " << client.title << " gets a sign-in of its own, if it needs one\n";
    }
  } catch (const Stop&) {
  }
}

void note_left_out(const Context& context, const config::Client& client, const Running& running) {
  if (context.quiet()) return;
  for (const auto& server : running.left_out) {
    std::cerr << "berth: `" << server.name << "` is left out: it is " << server.state << " and has no URL\n";
  }
  for (const std::string& name : running.not_ready) {
    std::cerr << "berth: `" << name << "` is not ready; its URL is that of the port it keeps\n";
  }
  note_headers(context, client, running);
}

// ---- the file -------------------------------------------------------------------------------------------------------

struct Look {
  os::FileContent content;
  ClientPlan plan;
};

[[noreturn]] void broken(const std::string& file, const config::SyntaxError& error) {
  const config::Diagnostic diagnostic{config::Severity::error, file,          error.at.line,
                                      error.at.column,         error.message, error.hint};
  std::cerr << config::to_string(diagnostic) << "\n";
  throw Stop{exit_usage, ""};
}

Look look_at(const config::Client& client, const std::string& file, const Running& running, const ClientState& state) {
  auto content = os::read_whole(file, config::largest_file);
  if (!content) throw Stop{exit_failed, content.error()};
  const auto entries = config::read_client_entries(client, content->text.value_or(""));
  if (!entries) broken(file, entries.error());
  config::ClientKnowledge knowledge;
  knowledge.wanted = running.entries;
  for (const auto& server : running.left_out) knowledge.without_url.push_back(server.name);
  knowledge.recorded = state.recorded(content->path);
  knowledge.others = state.of_others(content->path);
  knowledge.ports = running.ports;
  knowledge.first_port = running.first_port;
  knowledge.last_port = running.last_port;
  return {std::move(*content), config::plan_client(client, *entries, knowledge)};
}

std::string_view word_of(Line::Kind kind) {
  switch (kind) {
    case Line::Kind::missing: return "missing";
    case Line::Kind::stale: return "stale";
    case Line::Kind::surplus: return "surplus";
    case Line::Kind::foreign: return "foreign";
  }
  return "";
}

std::string sentence(const Line& line, const std::string& file) {
  const std::string place = file + ":" + std::to_string(line.at.line) + ":" + std::to_string(line.at.column);
  const std::string name = "`" + core::tame(line.name) + "`";
  switch (line.kind) {
    case Line::Kind::missing: return file + ": missing: " + name + " is at " + line.wanted;
    case Line::Kind::stale:
      return place + ": stale: " + name + " is at " + line.wanted + ", not " + core::tame(line.found);
    case Line::Kind::surplus: return place + ": surplus: there is no server " + name + " any more";
    case Line::Kind::foreign:
      return place + ": foreign: the entry " + name +
             " is not Berth's and is left alone; remove or rename it, then Berth's own (" + line.wanted +
             ") can be written";
  }
  return "";
}

json::array drift_of(const ClientPlan& plan) {
  json::array drift;
  for (const Line& line : plan.lines) {
    json::object item{{"kind", word_of(line.kind)}, {"name", core::valid_utf8(line.name)}};
    item["wanted"] = line.wanted.empty() ? json::value(nullptr) : json::value(line.wanted);
    // What stands in an entry of somebody else may be a secret.
    const bool own = line.kind == Line::Kind::stale || line.kind == Line::Kind::surplus;
    item["found"] = own ? json::value(core::valid_utf8(line.found)) : json::value(nullptr);
    drift.push_back(std::move(item));
  }
  return drift;
}

json::object document(const config::Client& client, const Running& running) {
  json::array entries;
  for (const config::ClientEntry& entry : running.entries) {
    const bool ready =
        std::find(running.not_ready.begin(), running.not_ready.end(), entry.name) == running.not_ready.end();
    entries.push_back(json::object{
        {"name", entry.name}, {"entry", config::name_for(client, entry.name)}, {"url", entry.url}, {"ready", ready}});
  }
  json::array left_out;
  for (const auto& server : running.left_out)
    left_out.push_back(json::object{{"name", server.name}, {"state", server.state}});
  return {{"client", client.name}, {"entries", std::move(entries)}, {"left_out", std::move(left_out)}};
}

// ---- the three things it does
// -----------------------------------------------------------------------------------------

int print(const config::Client& client, const Running& running, const std::string& file, const Options& options) {
  const std::string text = config::client_text(client, running.entries);
  if (options.json) {
    json::object answer = document(client, running);
    answer["file"] = core::valid_utf8(file);
    answer["text"] = text;
    std::cout << os::json_text(answer) << "\n";
  } else {
    std::cout << text;
  }
  return exit_ok;
}

int check(const Context& context, const config::Client& client, const Running& running, const std::string& file,
          const Options& options) {
  const ClientState state(state_folder(), context.project());
  const Look look = look_at(client, file, running, state);
  const bool in_step = look.plan.lines.empty();
  if (options.json) {
    json::object answer = document(client, running);
    answer["file"] = core::valid_utf8(file);
    answer["in_step"] = in_step;
    answer["drift"] = drift_of(look.plan);
    std::cout << os::json_text(answer) << "\n";
  } else {
    for (const Line& line : look.plan.lines) std::cout << sentence(line, file) << "\n";
    if (in_step && !context.quiet()) std::cout << file << ": in step, servers: " << look.plan.in_step.size() << "\n";
  }
  return in_step ? exit_ok : exit_failed;
}

int write(const Context& context, const config::Client& client, const Running& running, const std::string& file,
          const Options& options) {
  const ClientState state(state_folder(), context.project());
  const Look look = look_at(client, file, running, state);
  const std::string before = look.content.text.value_or("");
  const auto text = config::change_client_text(client, before, look.plan.changes);
  if (!text) broken(file, text.error());
  os::Replacement done;
  const bool changed = *text != before;
  if (changed) {
    auto replaced = os::replace_file(look.content, *text);
    if (!replaced) throw Stop{exit_failed, replaced.error()};
    done = std::move(*replaced);
  }
  state.record(look.content.path, look.plan.recorded);
  bool foreign = false;
  for (const Line& line : look.plan.lines) {
    if (line.kind != Line::Kind::foreign) continue;
    foreign = true;
    std::cerr << sentence(line, file) << "\n";
  }
  if (options.json) {
    json::object answer = document(client, running);
    answer["file"] = core::valid_utf8(file);
    answer["written"] = changed;
    answer["backup"] = done.backup.empty() ? json::value(nullptr) : json::value(core::valid_utf8(done.backup));
    answer["drift"] = drift_of(look.plan);  // as it was before
    std::cout << os::json_text(answer) << "\n";
  } else if (!context.quiet()) {
    for (const config::ClientChange& change : look.plan.changes) {
      const bool removed = change.kind == config::ClientChange::Kind::remove;
      const bool added = change.kind == config::ClientChange::Kind::add;
      std::cout << (removed ? "removed "
                    : added ? "added "
                            : "changed ")
                << core::tame(change.name) << (removed ? "" : ": ") << change.url << "\n";
    }
    if (!changed) std::cout << file << ": nothing to change\n";
    if (changed) std::cout << "wrote " << file << (done.backup.empty() ? "" : "; as it was: " + done.backup) << "\n";
  }
  return foreign ? exit_failed : exit_ok;
}

int client(const Context& context, const Options& options) {
  const config::Client* found = config::find_client(options.client);
  if (found == nullptr) throw Stop{exit_usage, config::unknown_client(options.client)};
  const std::string file = file_of(*found, options);
  const Running running = ask_what_runs(context);
  note_left_out(context, *found, running);
  if (options.write) return write(context, *found, running, file, options);
  if (options.check) return check(context, *found, running, file, options);
  return print(*found, running, file, options);
}

}  // namespace

void add_client(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context,
      {"client",
       group::connect,
       "Print, write or check the config of an MCP client for the running servers",
       "--write changes the client's own file, Berth's entries and nothing else, and keeps the file as it was in "
       "FILE.bak-TIME.\n\n"
       "Exit code 1: --check has found a difference, or --write an entry of that name that is not Berth's; 2: the "
       "client's file is broken, and was left alone.",
       {{"berth client cursor --write"}, {"berth client claude-code --check", "is its file in step?"}}});
  auto options = std::make_shared<Options>();
  auto* which = command->add_option("CLIENT", options->client, "Whose config")->required();
  choose_from(which, {"claude-desktop", "claude-code", "cursor", "vscode", "windsurf", "zed", "codex", "gemini"});
  auto* write_flag =
      command->add_flag("--write", options->write, "Change the client's own file: Berth's entries, and nothing else");
  command->add_flag("--check", options->check, "Say what in it is missing, stale or surplus")->excludes(write_flag);
  command->add_option("--file", options->file, "The client's file (default: its usual place)")->type_name("FILE");
  command->add_flag("--json", options->json, "One JSON document on stdout");
  command->callback(
      [&context, options] { context.action = [&context, options] { return client(context, *options); }; });
}

}  // namespace berth::cli
