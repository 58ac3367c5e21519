#include "config/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "config/fields.hpp"
#include "config/names.hpp"

namespace berth::config {
namespace {

// Words of other supervisors and MCP clients for what Berth has under another name.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> other_words{{{"cmd", "command"},
                                                                                     {"environment", "env"},
                                                                                     {"workdir", "cwd"},
                                                                                     {"working_dir", "cwd"},
                                                                                     {"working_directory", "cwd"},
                                                                                     {"directory", "cwd"},
                                                                                     {"disabled", "enabled"},
                                                                                     {"autostart", "enabled"},
                                                                                     {"autorestart", "restart"},
                                                                                     {"dependencies", "depends_on"},
                                                                                     {"requires", "depends_on"},
                                                                                     {"mcpServers", "mcp_servers"}}};

std::string joined(std::string_view section, std::string_view key) {
  return section.empty() ? std::string(key) : fmt::format("{}.{}", section, key);
}

const Section* find_section(std::string_view name) {
  const auto found = std::ranges::find(sections(), name, &Section::name);
  return found == sections().end() ? nullptr : &*found;
}

// What may stand in a section: its keys and the sub sections below it.
std::vector<std::string_view> known_keys(std::string_view section) {
  std::vector<std::string_view> keys;
  for (const Field& field : fields()) {
    if (field.section == section) keys.push_back(field.key);
  }
  const std::string prefix = section.empty() ? "" : fmt::format("{}.", section);
  for (const Section& candidate : sections()) {
    if (!candidate.name.starts_with(prefix) || candidate.name.empty()) continue;
    const std::string_view key = candidate.name.substr(prefix.size());
    if (key.find('.') == std::string_view::npos) keys.push_back(key);
  }
  if (section.empty()) keys.insert(keys.end(), {"defaults", "mcp_servers"});
  return keys;
}

std::string_view probably(std::string_view key, std::string_view section) {
  const auto keys = known_keys(section);
  for (const auto& [other, ours] : other_words) {
    if (other == key && std::ranges::find(keys, ours) != keys.end()) return ours;
  }
  return nearest(key, keys);
}

// How the header of a section is written.
std::string header_of(std::string_view section) {
  if (section.empty()) return "the top of the file, before the first [table]";
  return section == "servers" ? "[[servers]]" : fmt::format("[{}]", section);
}

// Where a key or table that is out of place belongs.
std::string home_of(std::string_view key) {
  std::vector<std::string> homes;
  for (const Field& field : fields()) {
    if (field.key == key) homes.push_back(header_of(field.section));
  }
  if (!homes.empty()) return fmt::format("it belongs to {}", fmt::join(homes, " or "));
  for (const Section& section : sections()) {
    if (section.name.ends_with(fmt::format(".{}", key))) return fmt::format("write {}", header_of(section.name));
  }
  return "";
}

void assign(const Field& field, const Node& node, Report& report, Config& out) {
  if (field.read_config != nullptr) field.read_config(field, node, report, out);
}

void assign(const Field& field, const Node& node, Report& report, ServerConfig& out) {
  if (field.read_server != nullptr) field.read_server(field, node, report, out);
}

template <class Owner>
void read_entries(const Node& table, std::string_view section, Strictness strictness, Report& report, Owner& out) {
  for (const Entry& entry : table.entries) {
    const std::string below = joined(section, entry.key);
    if (const Field* field = find_field(section, entry.key)) {
      assign(*field, entry.value, report, out);
    } else if (find_section(below) == nullptr) {
      if (strictness == Strictness::strict || !probably(entry.key, section).empty())
        unknown_key(entry, section, report);
    } else if (!entry.value.is(Node::Type::table)) {
      report.error(entry.value.at,
                   fmt::format("{} must be a table, not {}", shown(entry.key), describe(entry.value.type)));
    } else {
      read_entries(entry.value, below, Strictness::strict, report, out);
    }
  }
}

}  // namespace

void read_section(const Node& table, std::string_view section, Strictness strictness, Report& report, Config& out) {
  read_entries(table, section, strictness, report, out);
}

void read_section(const Node& table, std::string_view section, Strictness strictness, Report& report,
                  ServerConfig& out) {
  read_entries(table, section, strictness, report, out);
}

void unknown_key(const Entry& entry, std::string_view section, Report& report) {
  const std::string message = fmt::format("unknown key {}", shown(entry.key));
  std::string hint = home_of(entry.key);
  const std::string_view near = probably(entry.key, section);
  if (hint.empty() && !near.empty())
    return report.error(entry.at, fmt::format("{}; did you mean `{}`?", message, near));
  if (hint.empty()) hint = fmt::format("known here: {}", fmt::join(known_keys(section), ", "));
  report.error(entry.at, message, std::move(hint));
}

}  // namespace berth::config
