#include "support/memory_limit.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace harness {

namespace {

bool write_line(const std::string& file, const std::string& line) {
  std::ofstream out(file);
  out << line << std::flush;
  return static_cast<bool>(out);
}

// "4:memory:/path" of version 1, or "0::/path" of version 2, in /proc/self/cgroup.
std::string own_path(const std::string& lead) {
  std::ifstream lines("/proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find(lead);
    if (at != std::string::npos && (lead != "0::" || at == 0)) return line.substr(at + lead.size());
  }
  return {};
}

std::string make_group(const std::string& root, const std::string& path, const char* limit_file, std::uint64_t bytes) {
  static int count = 0;
  const std::string name = "/berth-memory-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  for (const std::string& parent : {root + path, root}) {
    const std::string folder = parent + name;
    if (::mkdir(folder.c_str(), 0755) != 0) continue;
    if (write_line(folder + "/" + limit_file, std::to_string(bytes))) return folder;
    ::rmdir(folder.c_str());
  }
  return {};
}

}  // namespace

MemoryLimit::MemoryLimit(std::uint64_t bytes) {
  folder_ = make_group("/sys/fs/cgroup/memory", own_path(":memory:"), "memory.limit_in_bytes", bytes);
  if (folder_.empty()) folder_ = make_group("/sys/fs/cgroup", own_path("0::"), "memory.max", bytes);
  if (folder_.empty()) return;
  write_line(folder_ + "/memory.swap.max", "0");
  write_line(folder_ + "/memory.swappiness", "0");
}

MemoryLimit::~MemoryLimit() {
  if (!folder_.empty()) ::rmdir(folder_.c_str());
}

MemoryLimit::Ended MemoryLimit::run_greedy() const {
  const std::string script = "echo $$ > " + entrance() + " && exec tail /dev/zero";
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return {pid, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
}

}  // namespace harness
