#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/import/foreign.hpp"
#include "config/names.hpp"
#include "config/toml_scan.hpp"

namespace berth::config {
namespace {

using Type = Node::Type;

constexpr std::array<std::string_view, 14> client_keys{"required",
                                                       "tool_timeout_sec",
                                                       "enabled_tools",
                                                       "disabled_tools",
                                                       "scopes",
                                                       "oauth",
                                                       "oauth_resource",
                                                       "oauth_client_id",
                                                       "tools",
                                                       "default_tools_approval_mode",
                                                       "supports_parallel_tool_calls",
                                                       "experimental_environment",
                                                       "environment_id",
                                                       "name"};

class Reader {
 public:
  Reader(std::string_view text, const std::string& file, std::vector<Diagnostic>& found)
      : text_(text), file_(file), found_(found), marks_(scan_toml(text)) {}

  std::optional<ForeignFile> read(const Node& root) {
    result_.file = file_;
    result_.source = Source::codex;
    const Node* servers = root.value("mcp_servers");
    if (servers == nullptr || !servers->is(Type::table)) {
      const bool own = root.find("servers") != nullptr;
      error(servers == nullptr ? Position{} : servers->at, "no MCP servers in here",
            own ? "a file with [[servers]] is Berth's own already"
                : "in a config of Codex they stand under [mcp_servers.NAME]");
      return std::nullopt;
    }
    for (const Entry& entry : servers->entries) read_server(entry);
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

  [[nodiscard]] std::string comment_text(const TomlMark& mark) const {
    std::string_view body = text_.substr(mark.begin, mark.end - mark.begin);
    while (body.starts_with('#') || body.starts_with(' ')) body.remove_prefix(1);
    return std::string(body);
  }

  // The comments right above the line, and behind what stands on it.
  void comments_at(unsigned line, std::vector<std::string>& out) const {
    std::vector<std::string> above;
    for (unsigned wanted = line - 1; wanted > 0; --wanted) {
      const auto mark = std::ranges::find_if(
          marks_, [&](const TomlMark& m) { return m.kind == TomlMark::Kind::comment && m.alone && m.line == wanted; });
      if (mark == marks_.end()) break;
      above.insert(above.begin(), comment_text(*mark));
    }
    out.insert(out.end(), above.begin(), above.end());
    for (const TomlMark& mark : marks_) {
      if (mark.kind == TomlMark::Kind::comment && !mark.alone && mark.line == line) out.push_back(comment_text(mark));
    }
    std::erase(out, "");
  }

  std::optional<ForeignText> text(const Entry& entry) {
    if (!entry.value.is(Type::string)) {
      error(entry.value.at, fmt::format("{} must be a string, not {}", shown(entry.key), describe(entry.value.type)));
      return std::nullopt;
    }
    return ForeignText{entry.value.string, entry.value.at, {}};
  }

  void read_server(const Entry& entry) {
    if (!entry.value.is(Type::table)) {
      return error(entry.value.at,
                   fmt::format("the server {} must be a table, not {}", shown(entry.key), describe(entry.value.type)));
    }
    ForeignServer server;
    server.name = entry.key;
    server.at = entry.at;
    comments_at(entry.value.at.line, server.before);
    for (const Entry& key : entry.value.entries) read_entry(key, entry.value.at.line, server);
    if (!server.command && !server.url) {
      return error(entry.at, fmt::format("the server {} has neither a command nor a url", shown(entry.key)));
    }
    result_.servers.push_back(std::move(server));
  }

  void read_entry(const Entry& entry, unsigned header, ForeignServer& server) {
    const std::string& key = entry.key;
    if (entry.at.line != header) comments_at(entry.at.line, key == "args" ? server.args_before : server.before);
    if (key == "command") {
      server.command = text(entry);
      if (server.command && server.command->text.empty()) error(entry.value.at, "`command` is empty");
    } else if (key == "args") {
      read_args(entry, server);
    } else if (key == "env") {
      read_env(entry, server);
    } else if (key == "env_vars") {
      read_passed_on(entry, server);
    } else if (key == "cwd") {
      server.cwd = text(entry);
    } else if (key == "url") {
      server.url = text(entry);
    } else if (key == "bearer_token_env_var" || key == "http_headers" || key == "env_http_headers") {
      server.has_headers = true;
    } else if (key == "enabled") {
      if (entry.value.is(Type::boolean)) server.enabled = entry.value.boolean;
    } else if (key == "startup_timeout_sec" || key == "startup_timeout_ms") {
      read_timeout(entry, server);
    } else {
      if (std::ranges::find(client_keys, key) == client_keys.end()) {
        say(Severity::note, entry.at,
            fmt::format("{} of {} is left aside: Berth has nothing like it", shown(key), shown(server.name)));
      }
      server.left_aside.push_back(key);
    }
  }

  void read_timeout(const Entry& entry, ForeignServer& server) {
    const double factor = entry.key == "startup_timeout_sec" ? 1000 : 1;
    double value = -1;
    if (entry.value.is(Type::integer)) value = static_cast<double>(entry.value.integer);
    if (entry.value.is(Type::floating)) value = entry.value.floating;
    if (value > 0 && value * factor < 1e9) server.start_timeout_ms = static_cast<long>(value * factor);
  }

  void read_args(const Entry& entry, ForeignServer& server) {
    if (!entry.value.is(Type::array)) {
      return error(entry.value.at, fmt::format("`args` must be a list of strings, not {}", describe(entry.value.type)));
    }
    for (const Node& item : entry.value.items) {
      if (item.is(Type::string)) {
        server.args.push_back({item.string, item.at, {}});
      } else {
        error(item.at, fmt::format("an argument must be a string, not {}", describe(item.type)));
      }
    }
    const unsigned first = entry.value.at.line;
    const unsigned last = entry.value.items.empty() ? first : entry.value.items.back().at.line;
    for (const TomlMark& mark : marks_) {
      if (mark.kind != TomlMark::Kind::comment || mark.line < first || mark.line > last) continue;
      if (mark.line == entry.at.line) continue;  // has been taken with the key
      server.args_before.push_back(comment_text(mark));
    }
  }

  void read_env(const Entry& entry, ForeignServer& server) {
    if (!entry.value.is(Type::table)) {
      return error(entry.value.at, fmt::format("`env` must be a table, not {}", describe(entry.value.type)));
    }
    for (const Entry& variable : entry.value.entries) {
      ForeignText value{variable.value.string, variable.value.at, {}};
      if (!variable.value.is(Type::string)) {
        error(variable.value.at,
              fmt::format("{} must be a string, not {}", shown(variable.key), describe(variable.value.type)));
        continue;
      }
      if (variable.at.line != entry.at.line) comments_at(variable.at.line, value.comments);
      server.env.emplace_back(variable.key, std::move(value));
    }
  }

  void read_passed_on(const Entry& entry, ForeignServer& server) {
    for (const Node& item : entry.value.items) {
      const Node* name = item.is(Type::table) ? item.value("name") : &item;
      if (name == nullptr || !name->is(Type::string) || !is_valid_variable(name->string)) {
        error(item.at, "`env_vars` must be a list of names of variables");
        continue;
      }
      server.passed_on.push_back(name->string);
    }
  }

  std::string_view text_;
  const std::string& file_;
  std::vector<Diagnostic>& found_;
  std::vector<TomlMark> marks_;
  ForeignFile result_;
  bool failed_ = false;
};

}  // namespace

std::optional<ForeignFile> read_foreign_toml(std::string_view text, const std::string& file,
                                             std::vector<Diagnostic>& found) {
  const auto root = parse_document(text);
  if (!root) {
    const SyntaxError& error = root.error();
    found.push_back({Severity::error, file, error.at.line, error.at.column, error.message, error.hint});
    return std::nullopt;
  }
  return Reader(text, file, found).read(*root);
}

}  // namespace berth::config
