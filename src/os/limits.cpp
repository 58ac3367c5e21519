#include "os/limits.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

namespace berth::os {

namespace {

std::optional<unsigned> as_number(const std::string& name) {
  unsigned number = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  return error == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

// `look` as getpwnam_r: with a buffer that grows until the entry fits.
template <class Entry, class Look>
Entry* look_up(std::vector<char>& buffer, Entry& entry, Look look) {
  for (buffer.resize(1024); buffer.size() <= (1U << 20U); buffer.resize(2 * buffer.size())) {
    Entry* found = nullptr;
    int error = 0;
    do {
      error = look(&entry, buffer.data(), buffer.size(), &found);
    } while (error == EINTR);
    if (error != ERANGE) return found;
  }
  return nullptr;
}

std::vector<gid_t> groups_of(const char* user, gid_t first) {
  std::vector<gid_t> groups(32);
  for (;;) {
    auto count = static_cast<int>(groups.size());
    if (::getgrouplist(user, first, groups.data(), &count) >= 0) {
      groups.resize(static_cast<std::size_t>(count));
      return groups;
    }
    if (groups.size() > 65536) return {first};
    groups.resize(2 * groups.size());
  }
}

}  // namespace

Expected<Account, std::string> find_account(const std::string& user, const std::string& group) {
  const auto unknown = [](const std::string& key, const std::string& name) {
    return Unexpected<std::string>("this machine knows no " + key + " `" + name + "` any more; mend limits." + key);
  };
  Account account{.name = "", .home = "", .uid = ::geteuid(), .gid = ::getegid(), .groups = {}};
  std::vector<char> buffer;
  if (!group.empty()) {
    struct group entry {};
    const auto* found = look_up(buffer, entry, [&](auto... to) { return ::getgrnam_r(group.c_str(), to...); });
    const auto number = found == nullptr ? as_number(group) : std::nullopt;
    if (number) found = look_up(buffer, entry, [&](auto... to) { return ::getgrgid_r(*number, to...); });
    if (found == nullptr) return unknown("group", group);
    account.gid = found->gr_gid;
  }
  account.groups = {account.gid};
  if (user.empty()) return account;
  passwd entry{};
  const auto* found = look_up(buffer, entry, [&](auto... to) { return ::getpwnam_r(user.c_str(), to...); });
  const auto number = found == nullptr ? as_number(user) : std::nullopt;
  if (number) found = look_up(buffer, entry, [&](auto... to) { return ::getpwuid_r(*number, to...); });
  if (found == nullptr) return unknown("user", user);
  account.name = found->pw_name;
  account.home = found->pw_dir;
  account.uid = found->pw_uid;
  if (group.empty()) account.gid = found->pw_gid;
  account.groups = groups_of(found->pw_name, account.gid);
  return account;
}

bool is_own(const Account& account) {
  return ::geteuid() != 0 && account.uid == ::geteuid() && account.uid == ::getuid() && account.gid == ::getegid();
}

}  // namespace berth::os
