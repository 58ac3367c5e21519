#include "config/headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/names.hpp"

namespace berth::config {
namespace {

// They say how a request is to be read, or belong to the protocol: another value would only break it. An Origin is
// refused by servers that guard against browsers.
constexpr std::array<std::string_view, 13> own_headers{
    "Host",           "Content-Length",       "Content-Type", "Accept",
    "Connection",     "Transfer-Encoding",    "User-Agent",   "Origin",
    "Mcp-Session-Id", "MCP-Protocol-Version", "Mcp-Method",   "Upgrade",
    "Expect"};

bool is_own(std::string_view name) {
  return std::ranges::any_of(own_headers, [&](std::string_view own) { return same_header(own, name); });
}

// RFC 9110, 5.5. A tab is allowed, as are bytes beyond ASCII.
bool is_field_value(std::string_view value) {
  return std::ranges::none_of(value,
                              [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7F; });
}

// Never the value: it may be a secret, whatever its name.
bool check_header(const Field& field, const Entry& entry, Report& report) {
  const std::string place = "`" + spoken_name(field) + "`";
  if (!is_http_token(entry.key)) {
    report.error(entry.at, fmt::format("{} in {} is not a name of a header", shown(entry.key), place),
                 "letters, digits and `-`, like \"X-Api-Key\"");
  } else if (is_own(entry.key)) {
    report.error(entry.at, fmt::format("{} in {} is set by Berth itself", shown(entry.key), place));
  } else if (!entry.value.is(Node::Type::string)) {
    report.error(entry.value.at,
                 fmt::format("{} in {} must be a string, not {}", shown(entry.key), place, describe(entry.value.type)));
  } else if (!entry.value.unknown && !is_field_value(entry.value.string)) {
    report.error(entry.value.at,
                 fmt::format("{} in {} must not hold line breaks or control characters", shown(entry.key), place),
                 entry.value.expanded ? "what its variable holds may end with a line break" : "");
  } else {
    return true;
  }
  return false;
}

}  // namespace

void read_headers(const Field& field, const Node& node, Report& report, EnvironmentList& out) {
  if (!node.is(Node::Type::table)) {
    report.error(node.at,
                 fmt::format("`{}` must be a table of strings, not {}", spoken_name(field), describe(node.type)),
                 "like { Authorization = \"Bearer ${TOKEN}\" }");
    return;
  }
  EnvironmentList list;
  std::vector<const Entry*> kept;
  for (const Entry& entry : node.entries) {
    const auto twin =
        std::ranges::find_if(kept, [&](const Entry* other) { return same_header(other->key, entry.key); });
    if (!check_header(field, entry, report)) continue;
    if (twin == kept.end()) {
      kept.push_back(&entry);
    } else if ((*twin)->value.inherited) {
      *twin = &entry;
    } else {
      report.error(entry.at, fmt::format("{} in `{}` is there twice", shown(entry.key), spoken_name(field)),
                   "names of headers are the same in upper and lower case");
    }
  }
  for (const Entry* entry : kept) list.emplace_back(entry->key, entry->value.string);
  out = std::move(list);
}

}  // namespace berth::config
