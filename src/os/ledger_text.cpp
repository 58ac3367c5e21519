#include "os/ledger_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "os/json_parse.hpp"
#include "os/json_text.hpp"

namespace berth::os {

namespace json = boost::json;

namespace {

json::value parse(std::string_view text, json::error_code& error) {
  return parse_json(text, 32, error);
}

// An integer from `low` to `high`; a program in JavaScript may have written it as 5e4 or 50000.0.
std::optional<std::int64_t> integer(const json::object& object, std::string_view name, std::int64_t low,
                                    std::int64_t high) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  json::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  if (error || number < low || number > high) return std::nullopt;
  return number;
}

// What Berth adds: taken out of `fields` when it is as Berth writes it, which leaves out what is empty or 0, else left
// there with what others have added.
void take(json::object& fields, std::string_view name, std::string& into) {
  const auto at = fields.find(name);
  if (at == fields.end() || !at->value().is_string() || at->value().as_string().empty()) return;
  into = std::string(at->value().as_string());
  fields.stable_erase(at);
}

template <class Number>
void take(json::object& fields, std::string_view name, Number& into) {
  constexpr auto most =
      std::min<std::uint64_t>(std::numeric_limits<Number>::max(), std::numeric_limits<std::int64_t>::max());
  const auto value = integer(fields, name, 1, static_cast<std::int64_t>(most));
  if (!value) return;
  into = static_cast<Number>(*value);
  fields.stable_erase(fields.find(name));
}

// Nothing, and why in `trouble`, when one of the five fields is missing or wrong.
std::optional<LedgerEntry> read_entry(json::value value, std::string& trouble) {
  if (!value.is_object()) {
    trouble = "is no object";
    return std::nullopt;
  }
  json::object fields = std::move(value.as_object());
  constexpr auto any_time = std::numeric_limits<std::int64_t>::max();
  const auto port = integer(fields, "port", 1, 65'535);
  const auto pid = integer(fields, "pid", 1, std::numeric_limits<int>::max());
  const auto created = integer(fields, "createdAt", 0, any_time);
  const auto heartbeat = integer(fields, "lastHeartbeat", 0, any_time);
  const json::value* instance = fields.if_contains("instanceId");
  if (!port) trouble = "has no `port` from 1 to 65535";
  if (!pid) trouble = "has no `pid`";
  if (!created || !heartbeat) trouble = "has no `createdAt` or no `lastHeartbeat` in Unix milliseconds";
  if (instance == nullptr || !instance->is_string()) trouble = "has no `instanceId`";
  if (!trouble.empty()) return std::nullopt;

  LedgerEntry entry{.port = static_cast<Port>(*port),
                    .instance_id = std::string(instance->as_string()),
                    .pid = static_cast<int>(*pid),
                    .created_at = *created,
                    .last_heartbeat = *heartbeat};
  for (const char* name : {"port", "pid", "createdAt", "lastHeartbeat", "instanceId"})
    fields.stable_erase(fields.find(name));
  take(fields, "server", entry.server);
  take(fields, "project", entry.project);
  take(fields, "url", entry.url);
  take(fields, "state", entry.state);
  take(fields, "supervisorPid", entry.supervisor_pid);
  take(fields, "startTime", entry.start_time);
  take(fields, "bootId", entry.boot_id);
  take(fields, "pidNamespace", entry.pid_namespace);
  if (!fields.empty()) entry.others = json_text(fields);
  return entry;
}

// False when the port stands there already; the entry with the newer heartbeat stays.
bool add(std::map<Port, LedgerEntry>& entries, LedgerEntry entry) {
  const auto [place, is_new] = entries.try_emplace(entry.port, entry);
  if (!is_new && entry.last_heartbeat > place->second.last_heartbeat) place->second = std::move(entry);
  return is_new;
}

// The object that begins at text[0]; empty when it does not end.
std::string_view object_at(std::string_view text) {
  bool in_string = false;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return text.substr(0, i + 1);
    }
  }
  return {};
}

// Entries that are whole in a text that is not.
void save_what_is_whole(std::string_view text, std::map<Port, LedgerEntry>& entries) {
  const auto list = text.find("\"instances\"");
  if (list == std::string_view::npos) return;
  text.remove_prefix(list);
  for (auto at = text.find('{'); at != std::string_view::npos; at = text.find('{')) {
    text.remove_prefix(at);
    const auto object = object_at(text);
    if (object.empty()) return;
    json::error_code error;
    json::value value = parse(object, error);
    std::string trouble;
    if (auto entry = error ? std::nullopt : read_entry(std::move(value), trouble)) add(entries, std::move(*entry));
    text.remove_prefix(object.size());
  }
}

// Adds the fields of a JSON object's text, where the name is not taken.
void add_others(json::object& fields, const std::string& others) {
  if (others.empty()) return;
  json::error_code error;
  const json::value value = parse(others, error);
  if (error || !value.is_object()) return;
  for (const auto& [name, field] : value.as_object()) fields.emplace(name, field);
}

}  // namespace

json::object to_json(const LedgerEntry& entry) {
  json::object fields{{"port", entry.port},
                      {"instanceId", entry.instance_id},
                      {"pid", entry.pid},
                      {"createdAt", entry.created_at},
                      {"lastHeartbeat", entry.last_heartbeat}};
  const auto add_text = [&](const char* name, const std::string& value) {
    if (!value.empty()) fields.emplace(name, value);
  };
  add_text("server", entry.server);
  add_text("project", entry.project);
  add_text("url", entry.url);
  add_text("state", entry.state);
  if (entry.supervisor_pid != 0) fields.emplace("supervisorPid", entry.supervisor_pid);
  if (entry.start_time != 0) fields.emplace("startTime", entry.start_time);
  add_text("bootId", entry.boot_id);
  if (entry.pid_namespace != 0) fields.emplace("pidNamespace", entry.pid_namespace);
  add_others(fields, entry.others);
  return fields;
}

core::LedgerReading read_ledger(std::string_view text) {
  core::LedgerReading reading;
  const auto damaged = [&](std::string why) {
    if (!reading.damage) reading.damage = std::move(why);
  };
  std::map<Port, LedgerEntry> entries;
  json::error_code error;
  if (text.empty()) {
    damaged("it is empty");
  } else if (text.size() > largest_ledger) {
    damaged("it has " + std::to_string(text.size()) + " bytes");
  } else if (json::value whole = parse(text, error); error) {
    damaged("it is not JSON: " + error.message());
    save_what_is_whole(text, entries);
  } else if (!whole.is_object()) {
    damaged("it is no JSON object");
  } else {
    json::object others = std::move(whole.as_object());
    json::value* list = others.if_contains("instances");
    json::value instances = list != nullptr ? std::move(*list) : json::value();
    if (list != nullptr) others.stable_erase(others.find("instances"));
    if (!others.empty()) reading.ledger.others = json_text(others);
    if (!instances.is_array()) damaged("it has no list `instances`");
    std::size_t number = 0;
    json::array none;
    for (json::value& value : instances.is_array() ? instances.as_array() : none) {
      ++number;
      std::string trouble;
      auto entry = read_entry(std::move(value), trouble);
      if (entry && !add(entries, std::move(*entry))) trouble = "names a port that stands there already";
      if (!trouble.empty()) damaged("entry " + std::to_string(number) + " " + trouble);
    }
  }
  for (auto& [port, entry] : entries) reading.ledger.entries.push_back(std::move(entry));
  return reading;
}

bool may_be_ledger(std::string_view text) {
  constexpr std::string_view list = "\"instances\"";
  if (text.find(list) != std::string_view::npos) return true;
  const auto begin = text.find_first_not_of(" \t\r\n{");
  if (begin != std::string_view::npos && list.starts_with(text.substr(begin))) return true;  // cut
  return text.find_first_not_of(std::string_view(" \t\r\n{}[]\0", 9)) == std::string_view::npos;
}

std::string ledger_text(const Ledger& ledger) {
  json::array instances;
  for (const LedgerEntry& entry : ledger.entries) instances.push_back(to_json(entry));
  json::object whole{{"instances", std::move(instances)}};
  add_others(whole, ledger.others);
  return json_text(whole) + "\n";
}

}  // namespace berth::os
