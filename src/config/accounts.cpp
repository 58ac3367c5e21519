#include "config/accounts.hpp"

#include <grp.h>
#include <pwd.h>

#include <charconv>
#include <optional>

namespace berth::config {
namespace {

constexpr std::size_t most_names = 1000;

std::optional<unsigned> as_number(const std::string& name) {
  unsigned number = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  return error == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace

// The plain forms of these calls: the configuration is read by one thread.
bool is_user(const std::string& name) {
  if (name.empty() || name.find('\0') != std::string::npos) return false;
  if (::getpwnam(name.c_str()) != nullptr) return true;
  const auto number = as_number(name);
  return number && ::getpwuid(*number) != nullptr;
}

bool is_group(const std::string& name) {
  if (name.empty() || name.find('\0') != std::string::npos) return false;
  if (::getgrnam(name.c_str()) != nullptr) return true;
  const auto number = as_number(name);
  return number && ::getgrgid(*number) != nullptr;
}

std::vector<std::string> users() {
  std::vector<std::string> names;
  ::setpwent();
  while (const passwd* entry = names.size() < most_names ? ::getpwent() : nullptr) names.emplace_back(entry->pw_name);
  ::endpwent();
  return names;
}

std::vector<std::string> groups() {
  std::vector<std::string> names;
  ::setgrent();
  while (const group* entry = names.size() < most_names ? ::getgrent() : nullptr) names.emplace_back(entry->gr_name);
  ::endgrent();
  return names;
}

}  // namespace berth::config
