#include "http_rules.hpp"

#include <algorithm>

namespace harbour {
namespace {

char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the part before the separator off the front.
std::string_view next_part(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return trimmed(part);
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "q=0", "q=0.0" …: named only to be excluded.
bool is_refused(std::string_view parameters) {
  while (!parameters.empty()) {
    const auto parameter = next_part(parameters, ';');
    if (parameter.size() < 3 || !equal_folded(parameter.substr(0, 2), "q=")) continue;
    return parameter.find_first_not_of("0.", 2) == std::string_view::npos;
  }
  return false;
}

}  // namespace

bool equal_folded(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return folded(x) == folded(y); });
}

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equal_folded(key, name)) return std::string_view(value);
  }
  return std::nullopt;
}

std::size_t HttpRequest::count(std::string_view name) const {
  std::size_t found = 0;
  for (const auto& entry : headers) found += equal_folded(entry.first, name) ? 1U : 0U;
  return found;
}

bool is_local_authority(std::string_view authority) {
  for (const std::string_view name : {"localhost", "127.0.0.1", "[::1]"}) {
    if (!equal_folded(authority.substr(0, name.size()), name)) continue;
    const auto rest = authority.substr(name.size());
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  return false;
}

bool is_local_origin(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equal_folded(origin.substr(0, scheme.size()), scheme)) return is_local_authority(origin.substr(scheme.size()));
  }
  return false;
}

bool accepts_json(std::string_view accept) {
  while (!accept.empty()) {
    auto parameters = next_part(accept, ',');
    const auto type = next_part(parameters, ';');
    const bool fits = equal_folded(type, "application/json") || equal_folded(type, "application/*") || type == "*/*";
    if (fits && !is_refused(parameters)) return true;
  }
  return false;
}

bool is_json(std::string_view content_type) {
  return equal_folded(next_part(content_type, ';'), "application/json");
}

}  // namespace harbour
