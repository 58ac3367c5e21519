// Texts of the handshake: what has changed among tools, and where an endpoint leads.

#include <algorithm>
#include <iterator>

#include "core/mcp_handshake.hpp"
#include "core/utf8.hpp"

namespace berth::core {

namespace {

constexpr std::size_t most_told = 10;

std::vector<std::string> without(const std::vector<std::string>& all, const std::vector<std::string>& some) {
  std::vector<std::string> rest;
  std::ranges::set_difference(all, some, std::back_inserter(rest));
  return rest;
}

bool is_request_target(std::string_view path) {
  return path.starts_with('/') && path.size() <= 4096 &&
         std::ranges::none_of(path, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

std::string tools_changed(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  std::string text;
  std::size_t told = 0;
  std::size_t untold = 0;
  const auto tell = [&](char sign, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (told == most_told) {
        ++untold;
        continue;
      }
      ++told;
      text += (text.empty() ? "" : ", ") + std::string(1, sign) + tame(name);
    }
  };
  tell('+', without(after, before));
  tell('-', without(before, after));
  if (text.empty()) return "";
  if (untold > 0) text += " and " + std::to_string(untold) + " more";
  return "tools changed: " + text;
}

std::string same_origin_path(std::string_view endpoint, std::string_view base_path,
                             const std::vector<std::string>& hosts, unsigned port) {
  const auto fragment = std::min(endpoint.find('#'), endpoint.size());
  endpoint = endpoint.substr(0, fragment);
  if (endpoint.empty()) return "";
  const auto colon = endpoint.find_first_of(":/?");
  const bool has_scheme = colon != std::string_view::npos && endpoint[colon] == ':';
  if (has_scheme) {
    if (lower(endpoint.substr(0, colon)) != "http") return "";
    endpoint.remove_prefix(colon + 1);
    if (!endpoint.starts_with("//")) return "";
  }
  std::string target;
  if (endpoint.starts_with("//")) {
    endpoint.remove_prefix(2);
    const auto end = std::min(endpoint.find_first_of("/?"), endpoint.size());
    const std::string authority = lower(endpoint.substr(0, end));
    const bool own = std::ranges::any_of(hosts, [&](const std::string& host) {
      return authority == lower(host) + ":" + std::to_string(port) || (port == 80 && authority == lower(host));
    });
    if (!own) return "";
    target = endpoint.substr(end);
    if (!target.starts_with('/')) target.insert(0, "/");
  } else if (endpoint.starts_with('/')) {
    target = endpoint;
  } else {  // RFC 3986, 5.2.3: beside the last part of the path, or its query alone
    base_path = base_path.substr(0, base_path.find('?'));
    if (!endpoint.starts_with('?')) base_path = base_path.substr(0, base_path.rfind('/') + 1);
    target = std::string(base_path) + std::string(endpoint);
  }
  return is_request_target(target) ? target : "";
}

}  // namespace berth::core
