// Entries in the JSON files of clients, changed at their places in the text.

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "config/client/client.hpp"
#include "config/jsonc.hpp"
#include "config/names.hpp"
#include "config/toml_scan.hpp"

namespace berth::config {
namespace {

using Type = JsonNode::Type;

bool is_url(const JsonNode& node) {
  return node.is(Type::string) && (node.text.starts_with("http://") || node.text.starts_with("https://"));
}

// The string in an entry that is its URL.
const JsonNode* url_of(const JsonNode& entry) {
  for (const char* key : {"url", "serverUrl", "httpUrl"}) {
    const JsonNode* node = entry.value(key);
    if (node != nullptr && node->is(Type::string)) return node;
  }
  const JsonNode* args = entry.value("args");
  if (args == nullptr) return nullptr;
  bool bridged = false;
  for (const JsonNode& item : args->items) {
    if (item.text == "mcp-remote" || item.text.starts_with("mcp-remote@")) bridged = true;
    if (bridged && is_url(item)) return &item;
  }
  return nullptr;
}

SyntaxError error_at(Position at, std::string message, std::string hint = "") {
  return {at, std::move(message), std::move(hint)};
}

// The only member of this name: of two, nobody could say which one is meant.
Expected<const JsonMember*, SyntaxError> only(const JsonNode& object, std::string_view key) {
  const JsonMember* found = object.find(key);
  if (std::ranges::count(object.members, key, &JsonMember::key) > 1) {
    return Unexpected<SyntaxError>(
        error_at(found->at, fmt::format("{} is there twice", shown(key)), "remove one of them"));
  }
  return found;
}

struct File {
  JsonNode root;
  const JsonMember* table = nullptr;  // of the servers, if there is one
};

Expected<File, SyntaxError> read_file(const Client& client, std::string_view text) {
  auto root = parse_jsonc(text);
  if (!root) return Unexpected<SyntaxError>(root.error());
  if (!root->is(Type::object)) {
    return Unexpected<SyntaxError>(
        error_at(root->at, fmt::format("the document must be an object, not {}", describe(root->type))));
  }
  File file{std::move(*root), nullptr};
  const auto table = only(file.root, client.table);
  if (!table) return Unexpected<SyntaxError>(table.error());
  if (*table != nullptr && !(*table)->value.is(Type::object)) {
    return Unexpected<SyntaxError>(
        error_at((*table)->value.at,
                 fmt::format("{} must be an object, not {}", shown(client.table), describe((*table)->value.type))));
  }
  file.table = *table;
  return file;
}

bool is_blank_text(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// How the file is laid out.
struct Layout {
  std::string unit = "  ";
  std::string line_end = "\n";
};

std::size_t line_begin(std::string_view text, std::size_t at) {
  const auto before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return before == std::string_view::npos ? 0 : before + 1;
}

// The blanks at the start of the line on which `at` stands.
std::string indent_at(std::string_view text, std::size_t at) {
  const std::size_t begin = line_begin(text, at);
  std::size_t end = begin;
  while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) ++end;
  return std::string(text.substr(begin, end - begin));
}

// Nothing but blanks stands before it on its line.
bool leads_its_line(std::string_view text, std::size_t at) {
  return text.substr(line_begin(text, at), at - line_begin(text, at)).find_first_not_of(" \t") ==
         std::string_view::npos;
}

Layout layout_of(std::string_view text, const JsonNode& root) {
  Layout layout;
  if (text.find("\r\n") != std::string_view::npos) layout.line_end = "\r\n";
  if (!root.members.empty() && leads_its_line(text, root.members[0].begin)) {
    const std::string indent = indent_at(text, root.members[0].begin);
    if (!indent.empty()) layout.unit = indent;
  }
  return layout;
}

std::string replaced(std::string_view text, std::size_t begin, std::size_t end, std::string_view by) {
  return std::string(text.substr(0, begin)) + std::string(by) + std::string(text.substr(end));
}

// `object` with one member more, at its end. `make(indent)` writes the member's value.
template <class Make>
std::string with_member(std::string_view text, const JsonNode& object, const Layout& layout, std::string_view key,
                        Make make) {
  if (object.members.empty()) {
    // Comments may stand between the brackets; the last one ends before the closing bracket's blanks.
    const std::size_t close = object.end - 1;
    std::size_t behind = close;
    while (behind > object.begin + 1 && std::string_view(" \t\r\n").find(text[behind - 1]) != std::string_view::npos)
      --behind;
    const std::string outer = indent_at(text, object.begin);
    const std::string inner = outer + layout.unit;
    return replaced(
        text, behind, close,
        fmt::format("{}{}{}: {}{}{}", layout.line_end, inner, json_quoted(key), make(inner), layout.line_end, outer));
  }
  const JsonMember& last = object.members.back();
  const bool lines = leads_its_line(text, last.begin);
  const bool trailing = last.comma != JsonMember::none;
  const std::string indent = lines ? indent_at(text, last.begin) : "";
  const std::string inner = lines ? indent : indent_at(text, object.begin) + layout.unit;
  const std::string member = fmt::format("{}: {}{}", json_quoted(key), make(inner), trailing ? "," : "");
  // In an object on one line the new member follows on that line.
  const std::string glue = lines ? layout.line_end + indent : " ";
  const std::size_t at = lines ? std::max(last.tail, last.value.end) : (trailing ? last.comma + 1 : last.value.end);
  std::string result = replaced(text, at, at, glue + member);
  if (!trailing) result.insert(last.value.end, ",");
  return result;
}

std::string without_member(std::string_view text, const JsonNode& object, const JsonMember& member) {
  const auto index = static_cast<std::size_t>(&member - object.members.data());
  std::size_t begin = member.begin;
  std::size_t end = member.comma == JsonMember::none ? member.value.end : member.comma + 1;
  // Its lines go as a whole where nothing else stands on them.
  const std::size_t rest = std::min(text.find_first_not_of(" \t\r", end), text.size());
  const bool ends_line = rest == text.size() || text[rest] == '\n';
  if (leads_its_line(text, begin) && ends_line) {
    begin = line_begin(text, begin);
    end = std::min(rest + 1, text.size());
  } else if (!ends_line && text[rest] != '}') {
    end = rest;
  } else if (begin > 0 && text[begin - 1] == ' ') {
    --begin;
  }
  std::string result = replaced(text, begin, end, "");
  // The one before it is the last one now; a comma behind it stays only where one stood behind the last.
  if (member.comma == JsonMember::none && index > 0) {
    const std::size_t comma = object.members[index - 1].comma;
    if (comma != JsonMember::none) result.erase(comma, 1);
  }
  return result;
}

Expected<std::string, SyntaxError> add(const Client& client, std::string_view text, const File& file,
                                       const ClientChange& change) {
  const Layout layout = layout_of(text, file.root);
  const auto entry = [&](std::string_view indent) {
    return json_entry(client, change.url, indent, layout.unit, layout.line_end);
  };
  if (file.table != nullptr) return with_member(text, file.table->value, layout, change.name, entry);
  return with_member(text, file.root, layout, client.table, [&](std::string_view indent) {
    const std::string inner = std::string(indent) + layout.unit;
    return fmt::format("{{{}{}{}: {}{}{}}}", layout.line_end, inner, json_quoted(change.name), entry(inner),
                       layout.line_end, indent);
  });
}

Expected<std::string, SyntaxError> update(const Client& client, std::string_view text, const JsonMember& member,
                                          const ClientChange& change) {
  const JsonNode* url = url_of(member.value);
  // Of the other transport: what says so changes as well, so the entry is written anew.
  const bool same_transport = url != nullptr && url->text.ends_with("/sse") == change.url.ends_with("/sse");
  if (same_transport) return replaced(text, url->begin, url->end, json_quoted(change.url));
  const auto root = parse_jsonc(text);
  const Layout layout = layout_of(text, *root);
  return replaced(text, member.value.begin, member.value.end,
                  json_entry(client, change.url, indent_at(text, member.begin), layout.unit, layout.line_end));
}

}  // namespace

Expected<std::string, SyntaxError> change_json(const Client& client, std::string_view text,
                                               const ClientChange& change) {
  if (is_blank_text(text)) {
    if (change.kind != ClientChange::Kind::add) return std::string(text);
    return fmt::format("{{\n  {}: {{\n    {}: {}\n  }}\n}}\n", json_quoted(client.table), json_quoted(change.name),
                       json_entry(client, change.url, "    ", "  ", "\n"));
  }
  const auto file = read_file(client, text);
  if (!file) return Unexpected<SyntaxError>(file.error());
  const JsonMember* member = nullptr;
  if (file->table != nullptr) {
    const auto found = only(file->table->value, change.name);
    if (!found) return Unexpected<SyntaxError>(found.error());
    member = *found;
  }
  if (change.kind == ClientChange::Kind::add && member == nullptr) return add(client, text, *file, change);
  if (member == nullptr) return std::string(text);
  if (change.kind == ClientChange::Kind::remove) return without_member(text, file->table->value, *member);
  return update(client, text, *member, change);
}

Expected<std::vector<ClientFileEntry>, SyntaxError> read_client_entries(const Client& client, std::string_view text) {
  std::vector<ClientFileEntry> entries;
  if (client.toml) {
    const auto root = parse_document(text);
    if (!root) return Unexpected<SyntaxError>(root.error());
    const Node* table = root->value(client.table);
    if (table == nullptr) return entries;
    if (!table->is(Node::Type::table)) {
      return Unexpected<SyntaxError>(
          error_at(table->at, fmt::format("{} must be a table, not {}", shown(client.table), describe(table->type))));
    }
    for (const Entry& entry : table->entries) {
      const Node* url = entry.value.value("url");
      entries.push_back({entry.key, entry.at, url != nullptr && url->is(Node::Type::string) ? url->string : ""});
    }
    return entries;
  }
  if (is_blank_text(text)) return entries;
  const auto file = read_file(client, text);
  if (!file) return Unexpected<SyntaxError>(file.error());
  if (file->table == nullptr) return entries;
  std::vector<const JsonMember*> repeated;
  for (const JsonMember* member : file->table->value.effective(&repeated)) {
    const JsonNode* url = url_of(member->value);
    entries.push_back({member->key, member->at, url == nullptr ? "" : url->text});
  }
  if (!repeated.empty()) {
    return Unexpected<SyntaxError>(only(file->table->value, repeated.front()->key).error());
  }
  return entries;
}

}  // namespace berth::config
