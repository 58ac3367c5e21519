#include "os/ledger_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <limits>
#include <map>
#include <utility>

#include "os/json_text.hpp"

namespace berth::os {

namespace json = boost::json;

namespace {

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

// Nothing, and why in `trouble`, when one of the five fields is missing or wrong.
std::optional<LedgerEntry> read_entry(const json::value& value, std::string& trouble) {
  if (!value.is_object()) {
    trouble = "is no object";
    return std::nullopt;
  }
  json::object fields = value.as_object();
  constexpr auto any_time = std::numeric_limits<std::int64_t>::max();
  const auto port = integer(fields, "port", 1, 65'535);
  const auto pid = integer(fields, "pid", 1, std::numeric_limits<pid_t>::max());
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
                    .pid = static_cast<pid_t>(*pid),
                    .created_at = *created,
                    .last_heartbeat = *heartbeat};
  for (const char* name : {"port", "pid", "createdAt", "lastHeartbeat", "instanceId"})
    fields.stable_erase(fields.find(name));
  entry.others = std::move(fields);
  return entry;
}

// False when the port stands there already; the entry with the newer heartbeat stays.
bool add(std::map<Port, LedgerEntry>& entries, LedgerEntry entry) {
  const auto [place, is_new] = entries.try_emplace(entry.port, entry);
  if (!is_new && entry.last_heartbeat > place->second.last_heartbeat) place->second = std::move(entry);
  return is_new;
}

}  // namespace

LedgerReading read_ledger(std::string_view text) {
  LedgerReading reading;
  const auto damaged = [&](std::string why) {
    if (!reading.damage) reading.damage = std::move(why);
  };
  if (text.empty()) return reading;
  if (text.size() > largest_ledger) {
    damaged("it has " + std::to_string(text.size()) + " bytes");
    return reading;
  }
  json::error_code error;
  json::parse_options options;
  options.max_depth = 32;
  const json::value whole = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) {
    damaged("it is not JSON: " + error.message());
    return reading;
  }
  if (!whole.is_object()) {
    damaged("it is no JSON object");
    return reading;
  }
  reading.ledger.others = whole.as_object();
  const json::value* instances = whole.as_object().if_contains("instances");
  if (instances != nullptr) reading.ledger.others.stable_erase(reading.ledger.others.find("instances"));
  if (instances == nullptr || !instances->is_array()) {
    damaged("it has no list `instances`");
    return reading;
  }
  std::map<Port, LedgerEntry> entries;
  std::size_t number = 0;
  for (const json::value& value : instances->as_array()) {
    ++number;
    std::string trouble;
    auto entry = read_entry(value, trouble);
    if (entry && !add(entries, std::move(*entry))) trouble = "names a port that stands there already";
    if (!trouble.empty()) damaged("entry " + std::to_string(number) + " " + trouble);
  }
  for (auto& [port, entry] : entries) reading.ledger.entries.push_back(std::move(entry));
  return reading;
}

std::string ledger_text(const Ledger& ledger) {
  json::array instances;
  for (const LedgerEntry& entry : ledger.entries) {
    json::object fields{{"port", entry.port},
                        {"instanceId", entry.instance_id},
                        {"pid", entry.pid},
                        {"createdAt", entry.created_at},
                        {"lastHeartbeat", entry.last_heartbeat}};
    for (const auto& [name, value] : entry.others) fields.emplace(name, value);
    instances.push_back(std::move(fields));
  }
  json::object whole{{"instances", std::move(instances)}};
  for (const auto& [name, value] : ledger.others) whole.emplace(name, value);
  return json_text(whole) + "\n";
}

}  // namespace berth::os
