// Which entries of a client's file are Berth's, and what is to be done about them.

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/client/client.hpp"

namespace berth::config {
namespace {

struct Place {
  std::string host;
  unsigned port = 0;
};

std::optional<Place> place_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  std::string_view authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const auto colon = authority.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Place place{std::string(authority.substr(0, colon)), 0};
  const std::string_view digits = authority.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), place.port);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return place;
}

bool is_here(const Place& place, std::span<const ClientEntry> wanted) {
  if (place.host == "127.0.0.1" || place.host == "localhost" || place.host == "[::1]") return true;
  return std::ranges::any_of(wanted, [&](const ClientEntry& entry) {
    const auto own = place_of(entry.url);
    return own && own->host == place.host;
  });
}

bool on_own_port(const std::string& url, const ClientKnowledge& knowledge) {
  const auto place = place_of(url);
  if (!place || !is_here(*place, knowledge.wanted)) return false;
  if (place->port >= knowledge.first_port && place->port <= knowledge.last_port) return true;
  return std::ranges::find(knowledge.ports, place->port) != knowledge.ports.end();
}

bool recorded_as(const std::map<std::string, std::string>& record, const ClientFileEntry& entry) {
  const auto found = record.find(entry.name);
  return found != record.end() && found->second == entry.url;
}

}  // namespace

ClientPlan plan_client(const Client& client, std::span<const ClientFileEntry> entries,
                       const ClientKnowledge& knowledge) {
  using Kind = ClientPlan::Line::Kind;
  ClientPlan plan;
  const auto find = [&](const std::string& name) {
    const auto found = std::ranges::find(entries, name, &ClientFileEntry::name);
    return found == entries.end() ? nullptr : &*found;
  };
  const auto is_own = [&](const ClientFileEntry& entry) {
    if (entry.url.empty()) return false;
    if (recorded_as(knowledge.recorded, entry)) return true;
    return on_own_port(entry.url, knowledge) && !recorded_as(knowledge.others, entry);
  };
  for (const ClientEntry& server : knowledge.wanted) {
    const std::string name = name_for(client, server.name);
    const ClientFileEntry* entry = find(name);
    if (entry == nullptr) {
      plan.lines.push_back({Kind::missing, name, "", server.url, {}});
      plan.changes.push_back({ClientChange::Kind::add, name, server.url});
      plan.recorded[name] = server.url;
    } else if (entry->url == server.url) {
      plan.in_step.push_back(name);
      plan.recorded[name] = server.url;
    } else if (is_own(*entry)) {
      plan.lines.push_back({Kind::stale, name, entry->url, server.url, entry->at});
      plan.changes.push_back({ClientChange::Kind::update, name, server.url});
      plan.recorded[name] = server.url;
    } else {
      plan.lines.push_back({Kind::foreign, name, entry->url, server.url, entry->at});
    }
  }
  std::vector<std::string> kept;
  for (const std::string& server : knowledge.without_url) kept.push_back(name_for(client, server));
  for (const auto& [name, url] : knowledge.recorded) {
    const ClientFileEntry* entry = find(name);
    if (entry == nullptr || entry->url != url || plan.recorded.contains(name)) continue;
    const bool wanted = std::ranges::any_of(knowledge.wanted,
                                            [&](const auto& server) { return name_for(client, server.name) == name; });
    if (wanted) continue;
    if (std::ranges::find(kept, name) != kept.end()) {
      plan.recorded[name] = url;
      continue;
    }
    plan.lines.push_back({Kind::surplus, name, url, "", entry->at});
    plan.changes.push_back({ClientChange::Kind::remove, name, ""});
  }
  return plan;
}

}  // namespace berth::config
