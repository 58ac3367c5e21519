#include "os/process.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <sstream>

#include "core/utf8.hpp"
#include "os/read_file.hpp"

namespace berth::os {

namespace {

std::string proc(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

std::vector<pid_t> numbered_entries(const std::string& folder) {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), &::closedir);
  if (!dir) return pids;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name(entry->d_name);
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc{} && end == name.data() + name.size()) pids.push_back(pid);
  }
  return pids;
}

// The words of a line, one after the other.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  std::string_view next() {
    const auto begin = text_.find_first_not_of(" \n");
    if (begin == std::string_view::npos) return text_ = {};
    const auto end = std::min(text_.find_first_of(" \n", begin), text_.size());
    const auto word = text_.substr(begin, end - begin);
    text_.remove_prefix(end);
    return word;
  }
  template <class Number>
  bool read(Number& number) {
    const auto word = next();
    return std::from_chars(word.data(), word.data() + word.size(), number).ec == std::errc{};
  }
  // Those with these numbers, both included.
  bool skip(int first, int last) {
    for (int word = first; word <= last; ++word) {
      if (next().empty()) return false;
    }
    return true;
  }

 private:
  std::string_view text_;
};

// What the kernel adds to the time since boot for this process (time_namespaces(7)), in clock ticks.
std::int64_t ticks_of_time_namespace() {
  std::istringstream lines(read_file("/proc/self/timens_offsets").value_or(""));
  std::string clock;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  const std::int64_t ticks = ::sysconf(_SC_CLK_TCK);
  while (lines >> clock >> seconds >> nanoseconds) {
    if (clock == "boottime") return seconds * ticks + nanoseconds * ticks / 1'000'000'000;
  }
  return 0;
}

// The first NAME=VALUE that is wanted.
template <class Wanted>
std::optional<std::string> find_in_environment(pid_t pid, Wanted wanted) {
  const auto text = read_file(proc(pid, "environ"));
  if (!text) return std::nullopt;
  const std::string_view all(*text);
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = std::min(all.find('\0', begin), all.size());
    if (wanted(all.substr(begin, end - begin))) return std::string(all.substr(begin, end - begin));
    begin = end + 1;
  }
  return std::nullopt;
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string executable_name(pid_t pid) {
  char target[4096];
  const ssize_t size = ::readlink(proc(pid, "exe").c_str(), target, sizeof(target));
  if (size <= 0) return {};
  std::string path(target, static_cast<std::size_t>(size));
  if (const std::string_view gone = " (deleted)"; path.ends_with(gone)) path.resize(path.size() - gone.size());
  return base_name(path);
}

}  // namespace

std::optional<ProcessStat> stat_process(pid_t pid) {
  const auto text = read_file(proc(pid, "stat"));
  if (!text) return std::nullopt;
  // The command stands in parentheses and may hold anything, also parentheses.
  const auto command_end = text->rfind(')');
  if (command_end == std::string::npos) return std::nullopt;
  Words fields(std::string_view(*text).substr(command_end + 1));
  ProcessStat stat{.pid = pid};
  const auto state = fields.next();
  stat.state = state.empty() ? '?' : state.front();
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  std::uint64_t waited_user = 0;
  std::uint64_t waited_system = 0;
  // Numbered as in proc(5).
  const bool whole = fields.read(stat.parent) && fields.read(stat.group) && fields.read(stat.session) &&
                     fields.skip(7, 13) && fields.read(user) && fields.read(system) && fields.read(waited_user) &&
                     fields.read(waited_system) && fields.skip(18, 21) && fields.read(stat.start_ticks) &&
                     fields.skip(23, 23) && fields.read(stat.resident_pages);
  if (!whole) return std::nullopt;
  static const std::int64_t shift = ticks_of_time_namespace();
  stat.start_ticks -= static_cast<std::uint64_t>(shift);
  stat.cpu_ticks = user + system;
  stat.waited_ticks = waited_user + waited_system;
  return stat;
}

bool is_alive(const ProcessStat& process) {
  if (process.state == 'X') return false;
  return process.state != 'Z' || threads_of(process.pid).size() > 1;
}

std::optional<uid_t> user_of(pid_t pid) {
  const auto text = read_file(proc(pid, "status"));
  if (!text) return std::nullopt;
  const auto at = text->find("\nUid:");
  if (at == std::string::npos) return std::nullopt;
  uid_t user = 0;
  std::istringstream(text->substr(at + 5)) >> user;
  return user;
}

std::vector<pid_t> threads_of(pid_t pid) {
  return numbered_entries(proc(pid, "task"));
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  for (const pid_t thread : threads_of(pid)) {
    const auto text = read_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(thread) + "/children");
    if (!text) continue;
    const char* at = text->data();
    const char* const end = at + text->size();
    pid_t child = 0;
    for (auto parsed = std::from_chars(at, end, child); parsed.ec == std::errc{};
         parsed = std::from_chars(at, end, child)) {
      children.push_back(child);
      at = parsed.ptr < end ? parsed.ptr + 1 : end;
    }
  }
  return children;
}

std::vector<pid_t> all_processes() {
  return numbered_entries("/proc");
}

bool has_environment(pid_t pid, std::string_view entry) {
  return find_in_environment(pid, [entry](std::string_view one) { return one == entry; }).has_value();
}

std::optional<std::string> environment_value(pid_t pid, std::string_view name) {
  const auto entry = find_in_environment(pid, [name](std::string_view one) {
    return one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=';
  });
  return entry ? std::optional(entry->substr(name.size() + 1)) : std::nullopt;
}

bool is_talked_to(pid_t pid) {
  char target[64];
  const ssize_t size = ::readlink((proc(pid, "fd") + "/0").c_str(), target, sizeof(target));
  const std::string_view name(target, size > 0 ? static_cast<std::size_t>(size) : 0);
  return name.starts_with("pipe:") || name.starts_with("socket:");
}

std::string command_name(pid_t pid) {
  std::string name = read_file(proc(pid, "comm")).value_or("");
  while (!name.empty() && name.back() == '\n') name.pop_back();
  const std::string executable = executable_name(pid);
  // The name of a thread is what some runtimes leave there, and the kernel cuts it at 15 bytes.
  if (name.empty() || name == "MainThread" || (name.size() == 15 && executable.starts_with(name))) {
    if (!executable.empty()) name = executable;
  }
  return name.empty() ? "?" : core::tame(name);  // any process may give itself any name
}

std::string describe_process(pid_t pid) {
  return command_name(pid) + " (pid " + std::to_string(pid) + ")";
}

}  // namespace berth::os
