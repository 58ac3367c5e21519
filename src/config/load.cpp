#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <system_error>
#include <utility>

#include "config/checks.hpp"
#include "config/document.hpp"
#include "config/fields.hpp"
#include "config/files.hpp"
#include "config/names.hpp"
#include "config/reader.hpp"
#include "config/report.hpp"
#include "config/server.hpp"
#include "config/strings.hpp"

namespace berth::config {
namespace {

namespace fs = std::filesystem;

fs::path absolute_path(const std::string& file) {
  std::error_code error;
  const fs::path path = fs::absolute(file, error);
  return (error ? fs::path(file) : path).lexically_normal();
}

class FileReader {
 public:
  FileReader(const std::string& file, const LoadOptions& options)
      : options_(options),
        report_(file),
        path_(absolute_path(file)),
        around_{fs::path(file).parent_path(), path_.parent_path(), options.environment, options.wait_for_pipes} {}

  LoadResult read(std::string_view text) {
    auto root = parse_document(text);
    if (root) {
      read_root(*root);
    } else {
      report_.error(root.error().at, std::move(root.error().message), std::move(root.error().hint));
    }
    LoadResult result;
    if (!report_.has_errors()) result.config = std::move(config_);
    result.diagnostics = report_.take();
    result.files = std::move(files_);
    return result;
  }

 private:
  void read_root(Node& root) {
    config_.path = path_.string();
    read_head(root);
    take_project_name(root);
    read_defaults(root.find("defaults"));

    std::vector<ServerSource> sources;
    find_servers(root.value("servers"), sources);
    find_codex_servers(root.value("mcp_servers"), sources);
    std::ranges::sort(sources, {}, [](const ServerSource& source) { return source.table->at; });
    read_servers(sources);
  }

  // Everything but the servers.
  void read_head(Node& root) {
    const bool shared = root.find("mcp_servers") != nullptr;
    Node head;
    for (const Entry& entry : root.entries) {
      const bool is_ours =
          entry.key == "name" || entry.key == "ports" || entry.key == "supervisor" || entry.key == "metrics";
      const bool is_read_later = entry.key == "servers" || entry.key == "defaults" || entry.key == "mcp_servers";
      if (is_ours || (!is_read_later && !shared)) head.entries.push_back(entry);
    }
    StringPass{options_.environment, Unset::error, report_, {}}.expand_below(head, false);
    read_section(head, "", Strictness::strict, report_, config_);
    if (!config_.ports.registry.empty()) config_.ports.registry = resolve(around_.absolute, config_.ports.registry);
  }

  void take_project_name(const Node& root) {
    if (options_.project) {
      if (!is_valid_name(*options_.project)) {
        report_.error({}, fmt::format("the project's name must be {}, not {}", name_rule, shown(*options_.project)),
                      "it was given with -p");
      }
      config_.name = *options_.project;
    } else if (root.find("name") == nullptr) {
      config_.name = path_.parent_path().filename().string();
      if (is_valid_name(config_.name)) return;
      report_.error(
          {},
          fmt::format("the folder's name {} cannot name the project: it must be {}", shown(config_.name), name_rule),
          "put `name = \"…\"` at the top of this file, or give -p NAME");
    }
  }

  void read_defaults(const Entry* entry) {
    if (entry == nullptr) return;
    if (!entry->value.is(Node::Type::table)) {
      return report_.error(entry->value.at,
                           fmt::format("`defaults` must be a table, not {}", describe(entry->value.type)),
                           "write [defaults]");
    }
    check_defaults(entry->value, around_, report_);
    defaults_ = entry->value;
    std::erase_if(defaults_.entries, [](const Entry& candidate) { return candidate.key == "name"; });
  }

  void find_servers(const Node* node, std::vector<ServerSource>& sources) {
    if (node == nullptr) return;
    if (!node->is(Node::Type::array)) {
      return report_.error(node->at, fmt::format("`servers` must be a list of tables, not {}", describe(node->type)),
                           "begin each server with [[servers]], in two brackets, and give it a name = \"…\"");
    }
    for (const Node& item : node->items) {
      if (item.is(Node::Type::table)) {
        sources.push_back({&item, nullptr});
      } else {
        report_.error(item.at, fmt::format("a server must be a table, not {}", describe(item.type)));
      }
    }
  }

  void find_codex_servers(const Node* node, std::vector<ServerSource>& sources) {
    if (node == nullptr) return;
    if (!node->is(Node::Type::table)) {
      return report_.error(node->at, fmt::format("`mcp_servers` must be a table, not {}", describe(node->type)),
                           "begin each server with [mcp_servers.NAME]");
    }
    for (const Entry& entry : node->entries) {
      if (!entry.value.is(Node::Type::table)) {
        report_.error(entry.value.at, fmt::format("{} must be a table, not {}", shown("mcp_servers." + entry.key),
                                                  describe(entry.value.type)));
      } else if (entry.value.find("url") != nullptr && entry.value.find("command") == nullptr) {
        report_.note(entry.at,
                     fmt::format("{} is skipped: it has a url and no command, so it runs elsewhere", shown(entry.key)));
      } else {
        sources.push_back({&entry.value, &entry});
      }
    }
  }

  void read_servers(const std::vector<ServerSource>& sources) {
    if (sources.empty() && !report_.has_errors()) {
      report_.warning({}, "no servers", "add a [[servers]] block; `berth init` writes one to start from");
    }
    std::vector<ServerRead> servers;
    servers.reserve(sources.size());
    for (const ServerSource& source : sources) servers.push_back(read_server(source, &defaults_, around_, report_));
    check_together(servers, report_);
    check_metrics_port(servers, config_.metrics.port, report_);
    for (ServerRead& server : servers) {
      if (!server.env_file.empty()) files_.push_back(std::move(server.env_file));
      config_.servers.push_back(std::move(server.config));
    }
  }

  const LoadOptions& options_;
  Report report_;
  fs::path path_;
  Surroundings around_;
  Node defaults_;
  Config config_;
  std::vector<std::string> files_{path_.string()};
};

LoadResult only(const std::string& file, std::string message, std::string hint) {
  return {std::nullopt,
          {{Severity::error, file, 1, 1, std::move(message), std::move(hint)}},
          {absolute_path(file).string()}};
}

}  // namespace

Lookup process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

LoadResult load(const std::string& file, const LoadOptions& options) {
  try {
    const auto text = read_text_file(file, options.wait_for_pipes ? Pipes::read : Pipes::refuse);
    if (text) return parse(*text, file, options);
    return only(file, "the config cannot be read: " + text.error(),
                "`berth init` writes ./berth.toml; -c FILE names another");
  } catch (const std::exception& error) {
    return only(file, error.what(), "");
  }
}

LoadResult parse(std::string_view text, const std::string& file, const LoadOptions& options) {
  try {
    return FileReader(file, options).read(text);
  } catch (const std::exception& error) {
    return only(file, error.what(), "");
  }
}

}  // namespace berth::config
