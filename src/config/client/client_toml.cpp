// Entries in Codex's config, changed at their places in the text.

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "config/client/client.hpp"
#include "config/names.hpp"
#include "config/toml_scan.hpp"

namespace berth::config {
namespace {

SyntaxError by_hand(Position at, std::string_view name) {
  return {at, fmt::format("the entry {} is not a table of its own, so it cannot be removed alone", shown(name)),
          "remove it by hand"};
}

std::size_t line_begin(std::string_view text, std::size_t at) {
  const auto before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return before == std::string_view::npos ? 0 : before + 1;
}

std::size_t next_line(std::string_view text, std::size_t at) {
  const auto end = text.find('\n', at);
  return end == std::string_view::npos ? text.size() : end + 1;
}

// The parts of `[a."b.c"]`, as the library reads them.
std::vector<std::string> parts_of(std::string_view header) {
  std::vector<std::string> parts;
  const auto root = parse_document(std::string(header) + "\n");
  if (!root) return parts;
  for (const Node* node = &*root; !node->entries.empty(); node = &node->entries.front().value) {
    parts.push_back(node->entries.front().key);
  }
  return parts;
}

// Comments right above the next header are that header's.
std::size_t end_of_table(std::string_view text, const std::vector<TomlMark>& marks, std::size_t index) {
  std::size_t next = index + 1;
  while (next < marks.size() && marks[next].kind != TomlMark::Kind::header) ++next;
  if (next == marks.size()) return text.size();
  std::size_t begin = line_begin(text, marks[next].begin);
  unsigned line = marks[next].line;
  for (std::size_t i = next; i > index + 1; --i) {
    const TomlMark& mark = marks[i - 1];
    if (mark.kind != TomlMark::Kind::comment || !mark.alone || mark.line + 1 != line) break;
    line = mark.line;
    begin = line_begin(text, mark.begin);
  }
  return begin;
}

std::string line_end_of(std::string_view text) {
  return text.find("\r\n") != std::string_view::npos ? "\r\n" : "\n";
}

std::string with_table(std::string_view text, const ClientChange& change) {
  const std::string end = line_end_of(text);
  std::string result(text);
  if (!result.empty() && !result.ends_with('\n')) result += end;
  if (result.find_first_not_of(" \t\r\n\xEF\xBB\xBF") != std::string::npos && !result.ends_with(end + end))
    result += end;
  return result + fmt::format("[mcp_servers.{}]{}url = {}{}", toml_key(change.name), end, toml_quoted(change.url), end);
}

Expected<std::string, SyntaxError> without_table(std::string_view text, const ClientChange& change, Position at) {
  std::string result(text);
  bool removed = false;
  for (bool again = true; again;) {
    again = false;
    const auto marks = scan_toml(result);
    for (std::size_t i = 0; i < marks.size() && !again; ++i) {
      if (marks[i].kind != TomlMark::Kind::header) continue;
      const auto parts = parts_of(std::string_view(result).substr(marks[i].begin, marks[i].end - marks[i].begin));
      if (parts.size() < 2 || parts[0] != "mcp_servers" || parts[1] != change.name) continue;
      std::size_t begin = line_begin(result, marks[i].begin);
      const std::size_t end = end_of_table(result, marks, i);
      // With it goes the empty line that parted it from what stands before, when nothing follows.
      if (end == result.size()) {
        while (begin > 0 && next_line(result, line_begin(result, begin - 1)) == begin &&
               result.substr(line_begin(result, begin - 1), begin - line_begin(result, begin - 1))
                       .find_first_not_of("\r\n") == std::string::npos) {
          begin = line_begin(result, begin - 1);
        }
      }
      result.erase(begin, end - begin);
      removed = again = true;
    }
  }
  if (!removed) return Unexpected<SyntaxError>(by_hand(at, change.name));
  return result;
}

}  // namespace

Expected<std::string, SyntaxError> change_toml(std::string_view text, const ClientChange& change) {
  const auto root = parse_document(text);
  if (!root) return Unexpected<SyntaxError>(root.error());
  const Node* table = root->value("mcp_servers");
  const Entry* entry = table == nullptr ? nullptr : table->find(change.name);
  if (change.kind == ClientChange::Kind::add && entry == nullptr) return with_table(text, change);
  if (entry == nullptr) return std::string(text);
  if (change.kind == ClientChange::Kind::remove) return without_table(text, change, entry->at);
  const Node* url = entry->value.value("url");
  if (url == nullptr || !url->is(Node::Type::string)) return Unexpected<SyntaxError>(by_hand(entry->at, change.name));
  const std::size_t begin = offset_of(text, url->at);
  const std::size_t end = end_of_string(text, begin);
  return std::string(text.substr(0, begin)) + toml_quoted(change.url) + std::string(text.substr(end));
}

}  // namespace berth::config
