#include "chaos/census.hpp"

#include <dirent.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>

#include "support/program.hpp"

namespace chaos {
namespace {

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

std::string proc(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  const Folder folder(::opendir("/proc"), &::closedir);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    pid_t pid = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    const auto [stop, error] = std::from_chars(entry->d_name, end, pid);
    if (error == std::errc{} && stop == end) pids.push_back(pid);
  }
  return pids;
}

// The value of NAME= in a block of NUL-terminated entries.
std::optional<std::string> entry(std::string_view block, std::string_view prefix) {
  while (!block.empty()) {
    const auto end = std::min(block.find('\0'), block.size());
    if (block.substr(0, end).starts_with(prefix)) return std::string(block.substr(prefix.size(), end - prefix.size()));
    block.remove_prefix(std::min(end + 1, block.size()));
  }
  return std::nullopt;
}

bool read_stat(pid_t pid, Process& process) {
  const std::string text = harness::read_file(proc(pid, "stat"));
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return false;
  process.pid = pid;
  process.name = text.substr(open + 1, close - open - 1);
  std::istringstream rest(text.substr(close + 1));
  std::string skipped;
  pid_t group = 0;
  rest >> process.state >> process.parent >> group >> process.session;
  for (int i = 0; i < 15; ++i) rest >> skipped;  // 7 to 21
  rest >> process.started;
  return true;
}

void read_marks(const Marks& marks, Process& process) {
  const std::string environment = harness::read_file(proc(process.pid, "environ"));
  const std::string words = harness::read_file(proc(process.pid, "cmdline"));
  process.words = words;
  std::replace(process.words.begin(), process.words.end(), '\0', ' ');
  if (auto instance = entry(environment, "MCP_INSTANCE_ID=" + marks.project + ".")) {
    process.instance = *instance;
    process.server = instance->substr(0, instance->find('.'));
  } else if (auto tag = entry(words, "--tag=" + marks.project + ".")) {
    process.server = *tag;
  }
  process.ours = !process.server.empty() || environment.find("BERTH_CHAOS=" + marks.folder) != std::string::npos ||
                 words.find(marks.folder + "/") != std::string::npos;
}

std::map<int, std::set<std::uint64_t>> read_listeners() {
  std::map<int, std::set<std::uint64_t>> found;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::istringstream lines(harness::read_file(table));
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      std::istringstream words(line);
      std::string slot, local, remote, state, skipped;
      words >> slot >> local >> remote >> state;
      if (state != "0A") continue;
      for (int i = 0; i < 5; ++i) words >> skipped;
      std::uint64_t inode = 0;
      words >> inode;
      found[std::stoi(local.substr(local.rfind(':') + 1), nullptr, 16)].insert(inode);
    }
  }
  return found;
}

std::set<std::uint64_t> sockets_of(pid_t pid) {
  std::set<std::uint64_t> inodes;
  const std::string path = proc(pid, "fd");
  const Folder folder(::opendir(path.c_str()), &::closedir);
  while (const dirent* file = folder ? ::readdir(folder.get()) : nullptr) {
    char target[64] = {};
    if (::readlinkat(::dirfd(folder.get()), file->d_name, target, sizeof target - 1) <= 0) continue;
    if (std::strncmp(target, "socket:[", 8) == 0) inodes.insert(std::strtoull(target + 8, nullptr, 10));
  }
  return inodes;
}

}  // namespace

Census Census::take(const Marks& marks) {
  Census census;
  census.listeners_ = read_listeners();
  for (const pid_t pid : all_pids()) {
    Process process;
    if (!read_stat(pid, process)) continue;
    if (!process.dead()) read_marks(marks, process);
    census.processes_.emplace(pid, std::move(process));
  }
  return census;
}

const Process* Census::find(pid_t pid) const {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? nullptr : &found->second;
}

bool Census::lives(pid_t pid) const {
  const Process* process = find(pid);
  return process != nullptr && !process->dead();
}

std::vector<const Process*> Census::ours() const {
  std::vector<const Process*> found;
  for (const auto& [pid, process] : processes_) {
    if (process.ours && !process.dead()) found.push_back(&process);
  }
  return found;
}

std::vector<const Process*> Census::tree(const std::string& server, pid_t leader) const {
  const auto descends = [&](const Process& process) {
    const Process* at = &process;
    for (int depth = 0; at != nullptr && depth < 64; ++depth) {
      if (at->pid == leader) return true;
      at = find(at->parent);
    }
    return false;
  };
  std::vector<const Process*> found;
  for (const auto& [pid, process] : processes_) {
    if (process.dead()) continue;
    const bool by_leader = leader > 0 && (process.session == leader || descends(process));
    if (by_leader || process.server == server) found.push_back(&process);
  }
  return found;
}

std::vector<const Process*> Census::children(pid_t parent, bool dead) const {
  std::vector<const Process*> found;
  for (const auto& [pid, process] : processes_) {
    if (process.parent == parent && process.dead() == dead) found.push_back(&process);
  }
  return found;
}

bool Census::listens(const std::vector<const Process*>& tree, int port) const {
  const auto listeners = listeners_.find(port);
  if (listeners == listeners_.end()) return false;
  return std::any_of(tree.begin(), tree.end(), [&](const Process* process) {
    const auto sockets = sockets_of(process->pid);
    return std::any_of(sockets.begin(), sockets.end(),
                       [&](std::uint64_t inode) { return listeners->second.contains(inode); });
  });
}

bool Census::anybody_listens(int port) const {
  return listeners_.contains(port);
}

std::string Census::describe(const std::vector<const Process*>& processes) const {
  std::string text;
  for (const Process* one : processes) {
    text += "  pid " + std::to_string(one->pid) + " " + one->state + " parent " + std::to_string(one->parent) +
            " session " + std::to_string(one->session) + " (" + one->name + ") " + one->words +
            (one->instance.empty() ? "" : " instance " + one->instance) + "\n";
  }
  return text.empty() ? "  no process\n" : text;
}

std::string Census::describe_port(int port) const {
  const auto listeners = listeners_.find(port);
  if (listeners == listeners_.end()) return "  nobody listens on " + std::to_string(port) + "\n";
  std::string text;
  for (const auto& [pid, process] : processes_) {
    for (const std::uint64_t inode : sockets_of(pid)) {
      if (listeners->second.contains(inode)) text += "  on " + std::to_string(port) + ":" + describe({&process});
    }
  }
  return text;
}

bool strike(const Marks& marks, pid_t pid, int signal) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return false;
  Process process;
  bool struck = false;
  if (read_stat(pid, process)) {
    read_marks(marks, process);
    struck = process.ours && ::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) == 0;
  }
  ::close(fd);
  return struck;
}

void reap_strangers(const std::set<pid_t>& kept) {
  const std::string path = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  std::istringstream children(harness::read_file(path));
  for (pid_t pid = 0; children >> pid;) {
    if (!kept.contains(pid)) ::waitpid(pid, nullptr, WNOHANG);
  }
}

}  // namespace chaos
