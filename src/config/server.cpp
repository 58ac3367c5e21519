#include "config/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "config/dotenv.hpp"
#include "config/fields.hpp"
#include "config/files.hpp"
#include "config/names.hpp"
#include "config/reader.hpp"
#include "config/secrets.hpp"
#include "config/strings.hpp"
#include "config/templates.hpp"
#include "config/units.hpp"
#include "config/values.hpp"

namespace berth::config {
namespace {

// What an entry of Codex may hold that means nothing to Berth.
constexpr std::array<std::string_view, 22> codex_keys{"url",
                                                      "bearer_token_env_var",
                                                      "bearer_token",
                                                      "http_headers",
                                                      "env_http_headers",
                                                      "env_vars",
                                                      "startup_timeout_sec",
                                                      "startup_timeout_ms",
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
                                                      "type",
                                                      "transport"};

// The strings under these keys are filled with {port} and friends at each launch.
bool is_templated(std::string_view key) {
  return key == "args" || key == "env";
}

void mark_inherited(Node& node) {
  node.inherited = true;
  for (Node& item : node.items) mark_inherited(item);
  for (Entry& entry : node.entries) mark_inherited(entry.value);
}

// Adds to `own` what it lacks, table by table; the defaults' entries come first.
void inherit(Node& own, const Node& defaults) {
  std::unordered_map<std::string_view, Node*> known;
  for (Entry& entry : own.entries) known.emplace(entry.key, &entry.value);
  std::vector<Entry> added;
  for (const Entry& entry : defaults.entries) {
    const auto found = known.find(entry.key);
    if (found == known.end()) {
      added.push_back(entry);
      mark_inherited(added.back().value);
    } else if (found->second->is(Node::Type::table) && entry.value.is(Node::Type::table)) {
      inherit(*found->second, entry.value);
    }
  }
  own.entries.insert(own.entries.begin(), std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
}

// Names and positions of the placeholders are not kept through `${VAR}`, so this points at the string.
void check_placeholders(const Node& node, Report& report) {
  if (node.is(Node::Type::string) && !node.unknown) {
    if (const auto unknown = unknown_placeholder(node.string)) {
      report.error(node.at,
                   fmt::format("unknown placeholder `{{{}}}`; did you mean `{{{}}}`?", unknown->word, unknown->nearest),
                   fmt::format("write {{{{{}}}}} for the text itself", unknown->word));
    }
  }
  for (const Node& item : node.items) check_placeholders(item, report);
  for (const Entry& entry : node.entries) check_placeholders(entry.value, report);
}

std::optional<std::string> find_variable(const EnvironmentList& list, std::string_view name) {
  const auto found = std::ranges::find(list, name, &EnvironmentList::value_type::first);
  if (found == list.end()) return std::nullopt;
  return found->second;
}

class ServerReader {
 public:
  ServerReader(const ServerSource& source, const Node* defaults, const Surroundings& around, Report& report)
      : source_(source), around_(around), report_(report), table_(*source.table) {
    if (source_.codex != nullptr) drop_codex_keys();
    if (defaults != nullptr) inherit(table_, *defaults);
    const Node* enabled = table_.value("enabled");
    const bool disabled = enabled != nullptr && enabled->is(Node::Type::boolean) && !enabled->boolean;
    unset_ = disabled ? Unset::warning : Unset::error;
  }

  ServerRead read() {
    read_env_file();
    expand_strings();
    const bool shared = source_.codex != nullptr;
    read_section(table_, "servers", shared ? Strictness::foreign : Strictness::strict, report_, server());
    take_name();
    check_required();
    check_backoff();
    take_folder();
    take_dependencies();
    take_secrets();
    return std::move(result_);
  }

 private:
  ServerConfig& server() { return result_.config; }

  void drop_codex_keys() {
    if (const Entry* name = table_.find("name")) {
      report_.note(name->at, fmt::format("`name` is ignored here: the server is called {}", shown(source_.codex->key)));
    }
    std::erase_if(table_.entries, [](const Entry& entry) {
      return entry.key == "name" || std::ranges::find(codex_keys, entry.key) != codex_keys.end();
    });
  }

  void read_env_file() {
    Entry* entry = nullptr;
    for (Entry& candidate : table_.entries) {
      if (candidate.key == "env_file") entry = &candidate;
    }
    if (entry == nullptr) return;
    StringPass pass{around_.environment, unset_, report_, {}};
    pass.expand_below(entry->value, false);
    used_ = std::move(pass.used);
    std::string name;
    read_value(*find_field("servers", "env_file"), entry->value, report_, name);
    if (!name.empty()) load_env_file(name, entry->value.at);
  }

  void load_env_file(const std::string& name, Position named_at) {
    const std::string path = (around_.folder / name).string();
    result_.env_file = resolve(around_.absolute, name);
    const auto text = read_text_file(result_.env_file, around_.wait_for_pipes ? Pipes::read : Pipes::refuse);
    if (!text) {
      return report_.error(named_at, fmt::format("env_file {} cannot be read: {}", shown(path), text.error()),
                           "its path is relative to the folder of this file");
    }
    Dotenv dotenv = parse_dotenv(*text);
    for (Dotenv::Error& error : dotenv.errors) {
      report_.error_elsewhere(named_at, path, error.at, std::move(error.message), std::move(error.hint));
    }
    server().env_file = std::move(dotenv.variables);
  }

  void expand_strings() {
    const Lookup lookup = [this](std::string_view name) {
      auto value = around_.environment(name);
      return value ? value : find_variable(server().env_file, name);
    };
    StringPass pass{lookup, unset_, report_, std::move(used_)};
    for (Entry& entry : table_.entries) {
      if (entry.key == "env_file") continue;  // has been, without its own content
      pass.expand_below(entry.value, is_templated(entry.key));
      if (is_templated(entry.key)) check_placeholders(entry.value, report_);
    }
    used_ = std::move(pass.used);
  }

  void take_name() {
    if (source_.codex != nullptr) {
      result_.name_at = source_.codex->at;
      if (!is_valid_name(source_.codex->key)) {
        return report_.error(source_.codex->at,
                             fmt::format("`name` must be {}, not {}", name_rule, shown(source_.codex->key)));
      }
      server().name = source_.codex->key;
    } else if (const Node* name = table_.value("name")) {
      result_.name_at = name->at;
    }
  }

  void check_required() {
    for (const Field& field : fields()) {
      const bool named = field.key == "name" && source_.codex != nullptr;
      if (field.section == "servers" && field.required && !named && table_.find(field.key) == nullptr) {
        report_.error(source_.table->at, fmt::format("{} is missing", shown(field.key)));
      }
    }
  }

  void check_backoff() {
    const auto& [initial, factor, max, jitter, reset_after, crashloop_after, give_up_after] = server().backoff;
    const Node* backoff = table_.value("backoff");
    if (backoff == nullptr || initial <= max) return;
    const Node* node = backoff->value("initial");
    if (node == nullptr) node = backoff->value("max");
    if (node == nullptr) return;
    report_.error(node->at, fmt::format("`backoff.initial` ({}) is more than `backoff.max` ({})",
                                        format_duration(initial), format_duration(max)));
  }

  void take_folder() {
    server().cwd = resolve(around_.absolute, server().cwd);
    if (const Node* port = table_.value("port")) result_.port_at = port->at;
  }

  void take_dependencies() {
    const Node* node = table_.value("depends_on");
    if (node == nullptr || !node->is(Node::Type::array)) return;
    std::vector<std::string>& names = server().depends_on;
    names.clear();
    for (const Node& item : node->items) {
      if (!item.is(Node::Type::string) || item.unknown) continue;
      // What all servers depend on by default does not depend on itself.
      if (item.inherited && item.string == server().name) continue;
      if (std::ranges::find(names, item.string) != names.end()) continue;
      names.push_back(item.string);
      result_.depends_on.push_back({item.string, item.at});
    }
  }

  void take_secrets() {
    std::vector<std::string> listed;
    if (const Node* node = table_.value("secrets")) {
      read_value(*find_field("servers", "secrets"), *node, report_, listed);
    }
    SecretValues values;
    const auto consider = [&](std::string_view name, std::string_view value) {
      if (looks_secret(name) || std::ranges::find(listed, name) != listed.end()) values.add(value);
    };
    for (const Expansion::Use& use : used_) consider(use.name, use.value);
    for (const auto& [name, value] : server().env_file) consider(name, value);
    // The child shows what `fill` makes of a value.
    const Node* env = table_.value("env");
    for (const auto& [name, value] : server().env) {
      // What is not set stays as it was written, and the message that says so must be able to name it.
      if (const Node* node = env->value(name); node != nullptr && node->unknown) continue;
      consider(name, fill(value, {0, "", server().name, ""}));
    }
    take_header_secrets(listed, values);
    for (const std::string& name : listed) {
      if (const auto value = around_.environment(name)) values.add(*value);  // the child may inherit it
    }
    server().secret_values = values.take();
    for (const std::string& value : server().secret_values) report_.hide(value);
  }

  // Of an Authorization the token alone too, without its scheme: `Bearer TOKEN`.
  void take_header_secrets(const std::vector<std::string>& listed, SecretValues& values) {
    const Node* table = table_.value("headers");
    for (const auto& [name, value] : server().headers) {
      const auto is_name = [&](std::string_view other) { return same_header(other, name); };
      if (value.empty() || (!looks_secret(name) && std::ranges::none_of(listed, is_name))) continue;
      if (const Node* node = table->value(name); node != nullptr && node->unknown) continue;
      values.add(value);
      if (!is_name("Authorization") && !is_name("Proxy-Authorization")) continue;
      const auto token = value.find_first_not_of(' ', std::min(value.find(' '), value.size()));
      if (token != std::string::npos) values.add(std::string_view(value).substr(token));
    }
  }

  const ServerSource& source_;
  const Surroundings& around_;
  Report& report_;
  Node table_;  // with what it inherits
  Unset unset_ = Unset::error;
  std::vector<Expansion::Use> used_;
  ServerRead result_;
};

}  // namespace

ServerRead read_server(const ServerSource& source, const Node* defaults, const Surroundings& around, Report& report) {
  return ServerReader(source, defaults, around, report).read();
}

void check_defaults(const Node& defaults, const Surroundings& around, Report& report) {
  if (const Entry* name = defaults.find("name")) {
    report.error(name->at, "`name` has no default: every server has its own");
  }
  Node table = defaults;
  StringPass pass{around.environment, Unset::ignored, report, {}};
  for (Entry& entry : table.entries) {
    pass.expand_below(entry.value, is_templated(entry.key));
    if (is_templated(entry.key)) check_placeholders(entry.value, report);
  }
  ServerConfig unused;
  read_section(table, "servers", Strictness::strict, report, unused);
}

}  // namespace berth::config
