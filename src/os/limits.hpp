#pragma once
// What a child may take of the machine, and as whom it runs: looked up before it is made, and set by itself between
// vfork and exec (launcher.hpp).

#include <sys/resource.h>
#include <sys/types.h>

#include <berth/expected.hpp>
#include <optional>
#include <string>
#include <vector>

namespace berth::os {

struct Account {
  std::string name;  // of the user; empty: the user stays as it is
  std::string home;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // all of them, `gid` included
};

// The user and the group of these names or numbers; either may be empty, and then it is this process's own. Asks the
// machine's data base of users, which may take its time on a network. The error names the key.
Expected<Account, std::string> find_account(const std::string& user, const std::string& group);

// Is that what this process is already, so that nothing has to be changed? Never so for root, who has more groups.
bool is_own(const Account& account);

struct Limits {
  std::optional<rlim_t> open_files;  // RLIMIT_NOFILE, soft and hard
  std::optional<rlim_t> data;        // RLIMIT_DATA, likewise, in bytes
  std::optional<rlim_t> processes;   // RLIMIT_NPROC, likewise
  std::optional<int> nice;           // -20 … 19
  bool no_new_privs = false;
  std::optional<Account> account;
};

}  // namespace berth::os
