#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "config/import/foreign.hpp"
#include "config/jsonc.hpp"
#include "config/names.hpp"

namespace berth::config {
namespace {

using Type = JsonNode::Type;

// Keys that mean nothing without the client: they say how it asks, trusts and shows.
constexpr std::array<std::string_view, 26> client_keys{
    "trust",         "includeTools",   "excludeTools",     "alwaysAllow", "autoApprove", "disabledTools", "tools",
    "oauth",         "auth",           "authProviderType", "description", "gallery",     "version",       "dev",
    "sandbox",       "sandboxEnabled", "headersHelper",    "source",      "settings",    "extensionName", "timeout",
    "transportType", "remote",         "fromGalleryId",    "icon",        "iconPath"};

class Reader {
 public:
  Reader(const std::string& file, std::vector<Diagnostic>& found) : file_(file), found_(found) {}

  std::optional<ForeignFile> read(const JsonNode& root) {
    if (!root.is(Type::object)) {
      error(root.at, fmt::format("the document must be an object, not {}", describe(root.type)));
      return std::nullopt;
    }
    result_.file = file_;
    if (!find_servers(root)) return std::nullopt;
    return failed_ ? std::nullopt : std::optional(std::move(result_));
  }

 private:
  void say(Severity severity, Position at, std::string message, std::string hint = "") {
    found_.push_back({severity, file_, at.line, at.column, std::move(message), std::move(hint)});
  }
  void error(Position at, std::string message, std::string hint = "") {
    failed_ = true;
    say(Severity::error, at, std::move(message), std::move(hint));
  }

  std::vector<const JsonMember*> members(const JsonNode& object) {
    std::vector<const JsonMember*> repeated;
    auto result = object.effective(&repeated);
    for (const JsonMember* member : repeated) {
      say(Severity::warning, member->at, fmt::format("{} is there twice", shown(member->key)),
          "the last one counts, as it does for its own program");
    }
    return result;
  }

  // ---- which program's file it is --------------------------------------------------------------------------------

  [[nodiscard]] bool named(std::string_view part) const {
    std::string path = file_;
    std::ranges::transform(path, path.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return path.find(part) != std::string::npos;
  }

  static bool any_entry(const JsonNode& servers, std::string_view key) {
    return std::ranges::any_of(servers.members, [&](const JsonMember& m) { return m.value.find(key) != nullptr; });
  }

  static bool any_text(const JsonNode& node, std::string_view part) {
    if (node.is(Type::string)) return node.text.find(part) != std::string::npos;
    return std::ranges::any_of(node.items, [&](const JsonNode& item) { return any_text(item, part); }) ||
           std::ranges::any_of(node.members, [&](const JsonMember& m) { return any_text(m.value, part); });
  }

  // All of them say `mcpServers`.
  [[nodiscard]] Source recognise(const JsonNode& root, const JsonNode& servers) const {
    if (root.find("projects") != nullptr || root.find("numStartups") != nullptr) return Source::claude_code;
    if (any_entry(servers, "serverUrl")) return Source::windsurf;
    for (const char* key : {"httpUrl", "trust", "includeTools", "excludeTools", "authProviderType"}) {
      if (any_entry(servers, key)) return Source::gemini;
    }
    if (named(".mcp.json") && !named("vscode")) return Source::claude_code;
    if (named("claude_desktop")) return Source::claude_desktop;
    if (named("windsurf") || named("mcp_config")) return Source::windsurf;
    if (named("gemini") || named("settings.json")) return Source::gemini;
    if (named("cursor")) return Source::cursor;
    if (any_text(servers, "${env:") || any_text(servers, "${workspaceFolder") || any_text(servers, "${userHome}")) {
      return Source::cursor;
    }
    if (any_entry(servers, "type") || any_text(servers, ":-")) return Source::claude_code;
    if (named("mcp.json")) return Source::cursor;
    return Source::claude_desktop;
  }

  bool find_servers(const JsonNode& root) {
    static_cast<void>(members(root));
    const JsonNode* nested = root.value("mcp");  // in the settings of VS Code
    const JsonNode* vscode = root.value("servers");
    if (vscode == nullptr && nested != nullptr && nested->is(Type::object)) vscode = nested->value("servers");
    if (const JsonNode* zed = root.value("context_servers")) {
      result_.source = Source::zed;
      take_comments_at_top(root);
      return read_servers(*zed, "");
    }
    const JsonNode* servers = root.value("mcpServers");
    const JsonNode* projects = root.value("projects");
    if (servers == nullptr && vscode != nullptr) {
      result_.source = Source::vscode;
      take_comments_at_top(root);
      const JsonNode* inputs = root.value("inputs");
      if (inputs == nullptr && nested != nullptr && nested->is(Type::object)) inputs = nested->value("inputs");
      if (inputs != nullptr) read_inputs(*inputs);
      return read_servers(*vscode, "");
    }
    if (servers == nullptr && (projects == nullptr || !projects->is(Type::object))) {
      error(
          root.at, "no MCP servers in here",
          "they stand under `mcpServers`, `servers` (VS Code), `context_servers` (Zed) or [mcp_servers.NAME] (Codex)");
      return false;
    }
    const JsonNode none;
    result_.source = servers == nullptr ? Source::claude_code : recognise(root, *servers);
    take_comments_at_top(root);
    if (servers != nullptr && !read_servers(*servers, "")) return false;
    if (projects != nullptr && projects->is(Type::object)) read_projects(*projects);
    return true;
  }

  // Those of the file, and of the table of servers as a whole.
  void take_comments_at_top(const JsonNode& root) {
    for (const JsonMember& member : root.members) {
      const bool table = member.key == "mcpServers" || member.key == "servers" || member.key == "context_servers";
      if (&member != &root.members.front() && !table && member.key != "inputs") continue;
      result_.head.insert(result_.head.end(), member.before.begin(), member.before.end());
    }
  }

  void read_projects(const JsonNode& projects) {
    for (const JsonMember& project : projects.members) {
      const JsonNode* servers = project.value.value("mcpServers");
      if (servers == nullptr) continue;
      const std::size_t first = result_.servers.size();
      read_servers(*servers, project.key);
      const JsonNode* disabled = project.value.value("disabledMcpServers");
      if (disabled == nullptr) continue;
      for (std::size_t i = first; i < result_.servers.size(); ++i) {
        ForeignServer& server = result_.servers[i];
        if (std::ranges::any_of(disabled->items, [&](const JsonNode& item) { return item.text == server.name; })) {
          server.enabled = false;
        }
      }
    }
  }

  void read_inputs(const JsonNode& inputs) {
    for (const JsonNode& item : inputs.items) {
      const auto text = [&](std::string_view key) {
        const JsonNode* node = item.value(key);
        return node != nullptr && node->is(Type::string) ? node->text : std::string();
      };
      const JsonNode* password = item.value("password");
      const bool secret = password != nullptr && password->is(Type::boolean) && password->boolean;
      if (!text("id").empty()) result_.inputs.push_back({text("id"), text("description"), text("default"), secret});
    }
  }

  // ---- the servers -----------------------------------------------------------------------------------------------

  bool read_servers(const JsonNode& servers, const std::string& project) {
    if (!servers.is(Type::object)) {
      error(servers.at, fmt::format("the servers must be an object, not {}", describe(servers.type)));
      return false;
    }
    for (const JsonMember* member : members(servers)) {
      if (member->value.is(Type::object)) {
        read_server(*member, project);
      } else {
        error(member->value.at,
              fmt::format("the server {} must be an object, not {}", shown(member->key), describe(member->value.type)));
      }
    }
    if (!servers.remarks.empty() && !result_.servers.empty()) {
      auto& last = result_.servers.back().before;
      last.insert(last.end(), servers.remarks.begin(), servers.remarks.end());
    }
    return true;
  }

  void read_server(const JsonMember& member, const std::string& project) {
    ForeignServer server;
    server.name = member.key;
    server.at = member.at;
    server.project = project;
    server.before = member.before;
    for (const JsonMember* entry : members(member.value)) read_entry(*entry, server);
    for (const auto* more : {&member.value.remarks, &member.behind}) {
      server.before.insert(server.before.end(), more->begin(), more->end());
    }
    if (!server.command && !server.url) {
      error(member.at, fmt::format("the server {} has neither a command nor a url", shown(member.key)));
      return;
    }
    result_.servers.push_back(std::move(server));
  }

  std::optional<ForeignText> text(const JsonMember& entry) {
    if (!entry.value.is(Type::string)) {
      error(entry.value.at, fmt::format("{} must be a string, not {}", shown(entry.key), describe(entry.value.type)));
      return std::nullopt;
    }
    return ForeignText{entry.value.text, entry.value.at, {}};
  }

  std::optional<bool> truth(const JsonMember& entry) {
    if (!entry.value.is(Type::boolean)) {
      error(entry.value.at,
            fmt::format("{} must be true or false, not {}", shown(entry.key), describe(entry.value.type)));
      return std::nullopt;
    }
    return entry.value.boolean;
  }

  static void comments_of(const JsonMember& entry, std::vector<std::string>& out) {
    out.insert(out.end(), entry.before.begin(), entry.before.end());
    out.insert(out.end(), entry.behind.begin(), entry.behind.end());
  }

  void read_entry(const JsonMember& entry, ForeignServer& server) {
    const std::string& key = entry.key;
    if (key == "args") return read_args(entry, server);
    comments_of(entry, server.before);
    if (key == "command") {
      read_command(entry, server);
    } else if (key == "env") {
      read_env(entry, server);
    } else if (key == "cwd") {
      server.cwd = text(entry);
    } else if (key == "envFile") {
      server.env_file = text(entry);
    } else if (key == "url" || key == "serverUrl" || key == "httpUrl") {
      read_url(entry, server);
    } else if (key == "headers") {
      server.has_headers = !entry.value.members.empty();
    } else if (key == "type" || key == "transport") {
      if (entry.value.is(Type::string)) server.transport = entry.value.text;
    } else if (key == "disabled") {
      if (const auto value = truth(entry)) server.enabled = !*value;
    } else if (key == "enabled") {
      if (const auto value = truth(entry)) server.enabled = *value;
    } else {
      if (std::ranges::find(client_keys, key) == client_keys.end()) {
        say(Severity::note, entry.at,
            fmt::format("{} of {} is left aside: Berth has nothing like it", shown(key), shown(server.name)));
      }
      server.left_aside.push_back(key);
    }
  }

  // Older files of Zed: { "path": …, "args": …, "env": … }.
  void read_command(const JsonMember& entry, ForeignServer& server) {
    if (!entry.value.is(Type::object)) {
      server.command = text(entry);
      if (server.command && server.command->text.empty()) error(entry.value.at, "`command` is empty");
      return;
    }
    for (const JsonMember& inner : entry.value.members) {
      if (inner.key == "path" || inner.key == "command") {
        server.command = text(inner);
      } else if (inner.key == "args") {
        read_args(inner, server);
      } else if (inner.key == "env") {
        read_env(inner, server);
      }
    }
  }

  void read_url(const JsonMember& entry, ForeignServer& server) {
    server.url = text(entry);
    if (entry.key == "httpUrl") server.transport = "http";
  }

  void read_args(const JsonMember& entry, ForeignServer& server) {
    comments_of(entry, server.args_before);
    if (!entry.value.is(Type::array)) {
      return error(entry.value.at, fmt::format("`args` must be a list of strings, not {}", describe(entry.value.type)));
    }
    for (const JsonNode& item : entry.value.items) {
      if (item.is(Type::string) || item.is(Type::number)) {
        server.args.push_back({item.text, item.at, {}});
      } else {
        error(item.at, fmt::format("an argument must be a string, not {}", describe(item.type)));
      }
    }
    server.args_before.insert(server.args_before.end(), entry.value.remarks.begin(), entry.value.remarks.end());
  }

  void read_env(const JsonMember& entry, ForeignServer& server) {
    if (entry.value.is(Type::null)) return;
    if (!entry.value.is(Type::object)) {
      return error(entry.value.at, fmt::format("`env` must be an object, not {}", describe(entry.value.type)));
    }
    for (const JsonMember* member : members(entry.value)) {
      const JsonMember& variable = *member;
      ForeignText value{variable.value.text, variable.value.at, {}};
      comments_of(variable, value.comments);
      if (variable.value.is(Type::boolean)) {
        value.text = variable.value.boolean ? "true" : "false";
      } else if (variable.value.is(Type::null)) {
        say(Severity::note, variable.at,
            fmt::format("{} of {} is null, and left out", shown(variable.key), shown(server.name)));
        continue;
      } else if (!variable.value.is(Type::string) && !variable.value.is(Type::number)) {
        error(variable.value.at,
              fmt::format("{} must be a string, not {}", shown(variable.key), describe(variable.value.type)));
        continue;
      }
      server.env.emplace_back(variable.key, std::move(value));
    }
    server.before.insert(server.before.end(), entry.value.remarks.begin(), entry.value.remarks.end());
  }

  const std::string& file_;
  std::vector<Diagnostic>& found_;
  ForeignFile result_;
  bool failed_ = false;
};

}  // namespace

std::optional<ForeignFile> read_foreign_json(std::string_view text, const std::string& file,
                                             std::vector<Diagnostic>& found) {
  const auto root = parse_jsonc(text);
  if (!root) {
    const SyntaxError& error = root.error();
    found.push_back({Severity::error, file, error.at.line, error.at.column, error.message, error.hint});
    return std::nullopt;
  }
  return Reader(file, found).read(*root);
}

std::string_view source_word(Source source) {
  switch (source) {
    case Source::claude_desktop: return "claude-desktop";
    case Source::claude_code: return "claude-code";
    case Source::cursor: return "cursor";
    case Source::vscode: return "vscode";
    case Source::windsurf: return "windsurf";
    case Source::gemini: return "gemini";
    case Source::codex: return "codex";
    case Source::zed: return "zed";
  }
  return "";
}

std::string_view source_title(Source source) {
  switch (source) {
    case Source::claude_desktop: return "Claude Desktop";
    case Source::claude_code: return "Claude Code";
    case Source::cursor: return "Cursor";
    case Source::vscode: return "VS Code";
    case Source::windsurf: return "Windsurf";
    case Source::gemini: return "Gemini CLI";
    case Source::codex: return "Codex";
    case Source::zed: return "Zed";
  }
  return "";
}

std::optional<ForeignFile> read_foreign(std::string_view text, const std::string& file,
                                        std::vector<Diagnostic>& found) {
  std::string_view rest = text;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  const auto first = rest.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    found.push_back({Severity::error, file, 1, 1, "the file is empty", ""});
    return std::nullopt;
  }
  rest.remove_prefix(first);
  // A JSON document begins with a brace or a comment; of TOML, `[` is a table and `/` nothing.
  const bool json = rest[0] == '{' || rest[0] == '/' || (rest[0] == '[' && !file.ends_with(".toml")) ||
                    file.ends_with(".json") || file.ends_with(".jsonc");
  const bool header = rest[0] == '[' && rest.substr(0, rest.find('\n')).find("mcp_servers") != std::string_view::npos;
  return json && !header ? read_foreign_json(text, file, found) : read_foreign_toml(text, file, found);
}

}  // namespace berth::config
