#include "config/project.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>

#include "config/document.hpp"
#include "config/files.hpp"
#include "config/names.hpp"
#include "config/variables.hpp"

namespace berth::config {

namespace {

std::optional<std::string> name_in(const Node& root) {
  const Node* name = root.value("name");
  if (name == nullptr || !name->is(Node::Type::string)) return std::nullopt;
  return expand(name->string, process_environment()).plain;
}

// The keys of the root stand before the first table. A cut within a value of several lines leaves no TOML.
std::string_view before_tables(std::string_view text) {
  if (text.starts_with('[')) return {};
  return text.substr(0, std::min(text.find("\n["), text.size() - 1) + 1);
}

// Of a file with a mistake somewhere: what stands before the first table, line by line.
std::optional<std::string> name_in_lines(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('[')) break;
    const auto root = parse_document(line);
    if (auto name = root ? name_in(*root) : std::nullopt) return name;
  }
  return std::nullopt;
}

std::optional<std::string> name_in(std::string_view text) {
  // All of a file of many servers need not be read for this.
  if (const auto root = parse_document(before_tables(text))) return name_in(*root);
  if (const auto root = parse_document(text)) return name_in(*root);
  return name_in_lines(text);
}

}  // namespace

std::string project_of(const std::string& file) {
  const auto text = read_text_file(file);
  if (auto name = text ? name_in(*text) : std::nullopt) return *name;
  std::error_code ignored;
  return std::filesystem::absolute(file, ignored).lexically_normal().parent_path().filename().string();
}

namespace {

void add_name(std::vector<std::string>& names, const std::string& name) {
  if (is_valid_name(name) && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

// Of a text that is no TOML while somebody edits it: what stands behind `name =` at the beginning of a line below the
// first [[servers]].
std::vector<std::string> names_by_line(std::string_view text) {
  std::vector<std::string> names;
  const auto begin = text.find("[[servers]]");
  if (begin == std::string_view::npos) return names;
  text.remove_prefix(begin);
  for (auto at = text.find("\nname"); at != std::string_view::npos; at = text.find("\nname", at + 1)) {
    const auto line = text.substr(at + 1, std::min(text.find('\n', at + 1), text.size()) - at - 1);
    const auto quote = line.find('"');
    const auto end = quote == std::string_view::npos ? quote : line.find('"', quote + 1);
    if (end != std::string_view::npos) add_name(names, std::string(line.substr(quote + 1, end - quote - 1)));
  }
  return names;
}

}  // namespace

std::vector<std::string> server_names_of(const std::string& file) {
  std::vector<std::string> names;
  const auto text = read_text_file(file);
  if (!text) return names;
  const auto root = parse_document(*text);
  if (!root) return names_by_line(*text);
  if (const Node* servers = root->value("servers"); servers != nullptr && servers->is(Node::Type::array)) {
    for (const Node& server : servers->items) {
      const Node* name = server.is(Node::Type::table) ? server.value("name") : nullptr;
      if (name != nullptr && name->is(Node::Type::string)) {
        add_name(names, expand(name->string, process_environment()).plain);
      }
    }
  }
  if (const Node* servers = root->value("mcp_servers"); servers != nullptr && servers->is(Node::Type::table)) {
    for (const Entry& server : servers->entries) {
      if (server.value.is(Node::Type::table) && server.value.value("command") != nullptr) add_name(names, server.key);
    }
  }
  return names;
}

}  // namespace berth::config
