#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/client/client.hpp"
#include "config/jsonc.hpp"
#include "config/names.hpp"
#include "config/toml_scan.hpp"

namespace berth::config {
namespace {

constexpr std::array<Client, 8> all_clients{{{"claude-desktop", "Claude Desktop", "mcpServers"},
                                             {"claude-code", "Claude Code", "mcpServers"},
                                             {"cursor", "Cursor", "mcpServers"},
                                             {"vscode", "VS Code", "servers"},
                                             {"windsurf", "Windsurf", "mcpServers"},
                                             {"zed", "Zed", "context_servers"},
                                             {"codex", "Codex", "mcp_servers", true},
                                             {"gemini", "Gemini CLI", "mcpServers"}}};

// Servers of the transport of 2024-11-05 have their endpoint there.
bool is_sse(std::string_view url) {
  return url.ends_with("/sse");
}

using Members = std::vector<std::pair<std::string, std::string>>;

Members members_of(const Client& client, std::string_view url) {
  const std::string quoted = json_quoted(url);
  if (client.name == "claude-desktop") {
    // Its file knows programs only; mcp-remote is one that speaks HTTP.
    return {{"command", "\"npx\""}, {"args", fmt::format("[\"-y\", \"mcp-remote\", {}, \"--allow-http\"]", quoted)}};
  }
  if (client.name == "claude-code" || client.name == "vscode") {
    return {{"type", is_sse(url) ? "\"sse\"" : "\"http\""}, {"url", quoted}};
  }
  if (client.name == "windsurf") return {{"serverUrl", quoted}};
  if (client.name == "gemini") return {{is_sse(url) ? "url" : "httpUrl", quoted}};
  return {{"url", quoted}};
}

}  // namespace

std::span<const Client> clients() {
  return all_clients;
}

const Client* find_client(std::string_view name) {
  const auto found = std::ranges::find(all_clients, name, &Client::name);
  return found == all_clients.end() ? nullptr : &*found;
}

std::string unknown_client(std::string_view name) {
  std::vector<std::string_view> names;
  std::string list;
  for (const Client& client : all_clients) {
    names.push_back(client.name);
    list += (list.empty() ? "" : ", ") + std::string(client.name);
  }
  const std::string_view near = nearest(name, names);
  const std::string text = fmt::format("there is no client {}", shown(name));
  return near.empty() ? text + "; there are: " + list : fmt::format("{}; did you mean `{}`?", text, near);
}

std::string client_file(const Client& client, const UserFolders& folders) {
  const std::string config = folders.config.empty() ? folders.home + "/.config" : folders.config;
  if (client.name == "claude-desktop") return config + "/Claude/claude_desktop_config.json";
  if (client.name == "claude-code") return (folders.claude.empty() ? folders.home : folders.claude) + "/.claude.json";
  if (client.name == "cursor") return folders.home + "/.cursor/mcp.json";
  if (client.name == "vscode") return config + "/Code/User/mcp.json";
  if (client.name == "windsurf") return folders.home + "/.codeium/windsurf/mcp_config.json";
  if (client.name == "zed") return config + "/zed/settings.json";
  if (client.name == "codex")
    return (folders.codex.empty() ? folders.home + "/.codex" : folders.codex) + "/config.toml";
  return folders.home + "/.gemini/settings.json";
}

std::string name_for(const Client& client, std::string_view server) {
  std::string name(server);
  if (client.name == "claude-code" || client.name == "codex") std::ranges::replace(name, '.', '-');
  if (client.name == "claude-code" && name == "workspace") name = "berth-workspace";
  return name;
}

std::string json_entry(const Client& client, std::string_view url, std::string_view indent, std::string_view unit,
                       std::string_view line_end) {
  std::string text = "{";
  bool first = true;
  for (const auto& [key, value] : members_of(client, url)) {
    text += fmt::format("{}{}{}{}{}: {}", first ? "" : ",", line_end, indent, unit, json_quoted(key), value);
    first = false;
  }
  return text + std::string(line_end) + std::string(indent) + "}";
}

std::string client_text(const Client& client, std::span<const ClientEntry> entries) {
  std::string text;
  if (client.toml) {
    for (const ClientEntry& entry : entries) {
      text += fmt::format("{}[mcp_servers.{}]\nurl = {}\n", text.empty() ? "" : "\n",
                          toml_key(name_for(client, entry.name)), toml_quoted(entry.url));
    }
    return text;
  }
  text = fmt::format("{{\n  {}: {{", json_quoted(client.table));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    text += fmt::format("{}\n    {}: {}", i == 0 ? "" : ",", json_quoted(name_for(client, entries[i].name)),
                        json_entry(client, entries[i].url, "    ", "  ", "\n"));
  }
  return text + (entries.empty() ? "}\n}\n" : "\n  }\n}\n");
}

Expected<std::string, SyntaxError> change_client_text(const Client& client, std::string_view text,
                                                      std::span<const ClientChange> changes) {
  std::string result(text);
  for (const ClientChange& change : changes) {
    auto next = client.toml ? change_toml(result, change) : change_json(client, result, change);
    if (!next) return next;
    result = std::move(*next);
  }
  // What was written is read again: nothing goes out that its own reader would refuse.
  const auto entries = read_client_entries(client, result);
  if (!entries) return Unexpected<SyntaxError>(entries.error());
  for (const ClientChange& change : changes) {
    const auto found = std::ranges::find(*entries, change.name, &ClientFileEntry::name);
    const bool there = found != entries->end();
    if (there == (change.kind == ClientChange::Kind::remove) || (there && found->url != change.url)) {
      return Unexpected<SyntaxError>(
          {{}, fmt::format("the entry {} cannot be changed where it stands", shown(change.name)), "change it by hand"});
    }
  }
  return result;
}

}  // namespace berth::config
