#include "support/proc.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string_view>

#include "support/program.hpp"

namespace harness {
namespace {

namespace fs = std::filesystem;

fs::path proc_file(pid_t pid, const char* name) {
  return fs::path("/proc") / std::to_string(pid) / name;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc{} && end == name.data() + name.size()) pids.push_back(pid);
  }
  return pids;
}

struct Stat {
  char state = '?';
  pid_t parent = 0;
};

std::optional<Stat> read_stat(pid_t pid) {
  const std::string text = read_file(proc_file(pid, "stat"));
  const auto name_end = text.rfind(')');  // the name may hold spaces and brackets itself
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  Stat stat;
  rest >> stat.state >> stat.parent;
  return stat;
}

bool has_entry(std::string_view block, std::string_view entry) {
  if (entry.empty()) return false;
  while (!block.empty()) {
    const auto end = block.find('\0');
    if (block.substr(0, end) == entry) return true;
    if (end == std::string_view::npos) break;
    block.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace

bool process_lives(pid_t pid) {
  const auto stat = read_stat(pid);
  return stat && stat->state != 'Z' && stat->state != 'X';
}

std::vector<pid_t> processes_with_marker(const std::string& variable, const std::string& argument) {
  std::vector<pid_t> found;
  for (const pid_t pid : all_processes()) {
    const bool marked = has_entry(read_file(proc_file(pid, "environ")), variable) ||
                        has_entry(read_file(proc_file(pid, "cmdline")), argument);
    if (marked && process_lives(pid)) found.push_back(pid);
  }
  return found;
}

std::size_t descriptor_count(pid_t pid) {
  std::error_code gone;
  const fs::directory_iterator folder(proc_file(pid, "fd"), gone);
  if (gone) return 0;
  return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
}

std::size_t zombie_children(pid_t pid) {
  const auto pids = all_processes();
  return static_cast<std::size_t>(std::count_if(pids.begin(), pids.end(), [pid](pid_t other) {
    const auto stat = read_stat(other);
    return stat && stat->parent == pid && stat->state == 'Z';
  }));
}

std::uint64_t rss(pid_t pid) {
  std::istringstream status(read_file(proc_file(pid, "status")));
  std::string line;
  while (std::getline(status, line)) {
    if (!line.starts_with("VmRSS:")) continue;
    return std::stoull(line.substr(6)) * 1024;
  }
  return 0;
}

std::string command_line(pid_t pid) {
  std::string words = read_file(proc_file(pid, "cmdline"));
  std::replace(words.begin(), words.end(), '\0', ' ');
  return words;
}

}  // namespace harness
