#include "os/cgroup.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string_view>
#include <utility>

#include "os/process.hpp"
#include "os/read_file.hpp"

namespace berth::os {

namespace {

// Where version 2 is mounted; alone at /sys/fs/cgroup, or beside version 1.
std::string mount_point() {
  std::istringstream lines(read_file("/proc/self/mountinfo").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream fields(line);
    std::string id, parent, device, root, point;
    fields >> id >> parent >> device >> root >> point;
    return point;
  }
  return {};
}

// Of this process, below the mount point: "/user.slice/…", "/" at the root of a cgroup namespace.
std::string own_path() {
  std::istringstream lines(read_file("/proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return {};
}

bool is_delegated(const std::string& folder) {
  char value = 0;
  for (const char* name : {"user.delegate", "trusted.delegate"}) {
    if (::getxattr(folder.c_str(), name, &value, 1) == 1 && value == '1') return true;
  }
  return false;
}

bool write_word(const std::string& file, std::string_view word) {
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), word.data(), word.size()) == static_cast<ssize_t>(word.size());
}

bool has_word(const std::string& file, std::string_view word) {
  std::istringstream words(read_file(file).value_or(""));
  for (std::string one; words >> one;) {
    if (one == word) return true;
  }
  return false;
}

// Of lines such as "oom_kill 3"; 0 when there is none.
std::uint64_t event(const std::string& file, std::string_view name) {
  std::istringstream lines(read_file(file).value_or(""));
  std::string key;
  for (std::uint64_t count = 0; lines >> key >> count;) {
    if (key == name) return count;
  }
  return 0;
}

std::string link_of(const std::string& path) {
  char target[4096];
  const auto size = ::readlink(path.c_str(), target, sizeof(target));
  return size > 0 ? std::string(target, static_cast<std::size_t>(size)) : "";
}

std::vector<pid_t> pids_in(const std::string& folder) {
  std::vector<pid_t> pids;
  std::istringstream lines(read_file(folder + "/cgroup.procs").value_or(""));
  for (pid_t pid = 0; lines >> pid;) pids.push_back(pid);
  return pids;
}

// One that has ended meanwhile does.
bool descends_from(pid_t ancestor, pid_t pid) {
  while (pid > 1 && pid != ancestor) {
    const auto stat = stat_process(pid);
    if (!stat) return true;
    pid = stat->parent;
  }
  return pid == ancestor;
}

}  // namespace

Cgroup::Cgroup(std::string folder) : folder_(std::move(folder)) {}

Cgroup::~Cgroup() {
  remove();
}

Cgroup::Cgroup(Cgroup&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}

Cgroup& Cgroup::operator=(Cgroup&& other) noexcept {
  if (this == &other) return *this;
  remove();
  folder_ = std::exchange(other.folder_, {});
  return *this;
}

void Cgroup::remove() {
  if (!folder_.empty()) ::rmdir(folder_.c_str());
  folder_.clear();
}

Fd Cgroup::entrance() const {
  return Fd(folder_.empty() ? -1 : ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::vector<pid_t> Cgroup::members() const {
  std::vector<pid_t> pids;
  if (folder_.empty()) return pids;
  for (const pid_t pid : pids_in(folder_)) {
    const auto stat = pid > 1 ? stat_process(pid) : std::nullopt;  // 0: of another pid namespace
    if (stat && is_alive(*stat)) pids.push_back(pid);
  }
  return pids;
}

bool Cgroup::kill() const {
  return !folder_.empty() && write_word(folder_ + "/cgroup.kill", "1");
}

bool Cgroup::limit_memory(std::uint64_t bytes) const {
  if (folder_.empty() || !write_word(folder_ + "/memory.max", std::to_string(bytes))) return false;
  write_word(folder_ + "/memory.swap.max", "0");  // where swap is accounted at all
  write_word(folder_ + "/memory.oom.group", "1");
  return true;
}

bool Cgroup::limit_processes(unsigned most) const {
  return !folder_.empty() && write_word(folder_ + "/pids.max", std::to_string(most));
}

core::GroupCounts Cgroup::counts() const {
  if (folder_.empty()) return {};
  const std::string memory = folder_ + "/memory.events";
  return {.memory_reached = event(memory, "oom"),
          .memory_killed = event(memory, "oom_kill"),
          .forks_refused = event(folder_ + "/pids.events", "max")};
}

CgroupPlace CgroupPlace::at(std::string folder) {
  CgroupPlace place;
  place.folder_ = std::move(folder);
  return place;
}

bool CgroupPlace::provides(const std::string& controller) {
  if (folder_.empty()) return false;
  const auto known = provided_.find(controller);
  return known != provided_.end() ? known->second : provided_.emplace(controller, provide(controller)).first->second;
}

bool CgroupPlace::provide(const std::string& controller) const {
  if (!has_word(folder_ + "/cgroup.controllers", controller)) return false;
  const std::string enabled = folder_ + "/cgroup.subtree_control";
  if (has_word(enabled, controller)) return true;
  // Not left to an error of the kernel: a threaded controller ("pids") may be enabled above processes, and then no
  // group below can be entered, by us or by systemd.
  if (::access((folder_ + "/cgroup.type").c_str(), F_OK) == 0 && !move_out())
    return false;  // the very root has no type
  return write_word(enabled, "+" + controller);
}

// Only processes of this program (the guardian, and a `berth up` that waits) and what descends from this one. Others
// are not ours to move.
bool CgroupPlace::move_out() const {
  const auto program = link_of("/proc/self/exe");
  const std::string folder = folder_ + "/" + own_group;
  constexpr int most_rounds = 10;  // of servers that fork meanwhile
  for (int rounds = 0; rounds < most_rounds; ++rounds) {
    const auto in_it = pids_in(folder_);
    if (in_it.empty()) return true;
    const bool all_ours = std::ranges::all_of(in_it, [&](pid_t pid) {
      return pid == ::getpid() || (pid > 1 && link_of("/proc/" + std::to_string(pid) + "/exe") == program) ||
             descends_from(::getpid(), pid);
    });
    if (!all_ours || (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)) return false;
    for (const pid_t pid : in_it) write_word(folder + "/cgroup.procs", std::to_string(pid));  // it may have ended
  }
  return false;
}

CgroupPlace CgroupPlace::find() {
  CgroupPlace place;
  const char* value = std::getenv("BERTH_CGROUPS");
  const std::string wish = value == nullptr ? "" : value;
  if (wish == "off") return place;
  place.for_every_run_ = wish == "on";
  if (wish == "delegated") ::unsetenv("BERTH_CGROUPS");  // it is said of our group, not of those of our children
  const std::string mount = mount_point();
  const std::string path = own_path();
  if (mount.empty() || path.empty()) return place;
  const std::string folder = path == "/" ? mount : mount + path;
  const bool ours = path == "/" || wish == "delegated" || is_delegated(folder);
  if (ours && ::access((folder + "/cgroup.kill").c_str(), F_OK) != 0 && path != "/") return place;
  if (ours && ::access(folder.c_str(), W_OK) == 0) place.folder_ = folder;
  return place;
}

Cgroup CgroupPlace::make(const std::string& name) const {
  if (folder_.empty()) return {};
  std::string folder = folder_ + "/" + name;
  if (::mkdir(folder.c_str(), 0755) != 0) return {};
  Cgroup made(std::move(folder));
  return made;
}

void CgroupPlace::tidy(const std::string& prefix) const {
  if (folder_.empty()) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder_.c_str()), &::closedir);
  if (!dir) return;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name(entry->d_name);
    if (name.starts_with(prefix)) ::rmdir((folder_ + "/" + std::string(name)).c_str());  // fails for a living one
  }
}

}  // namespace berth::os
