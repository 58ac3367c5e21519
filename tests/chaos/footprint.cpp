#include "chaos/footprint.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <sstream>
#include <string_view>
#include <thread>

#include "support/program.hpp"

namespace chaos {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool memory_is_meaningful = false;  // freed memory stays in the sanitizer's quarantine
#else
constexpr bool memory_is_meaningful = true;
#endif

// What the process has written itself. Not its share of what it has in common with others (Pss): that depends on who
// else runs.
std::uint64_t anonymous_memory(pid_t pid) {
  std::istringstream lines(harness::read_file("/proc/" + std::to_string(pid) + "/smaps_rollup"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Anonymous:")) return std::stoull(line.substr(10)) * 1024;
  }
  return 0;
}

Footprint look(pid_t pid) {
  Footprint print;
  const std::string path = "/proc/" + std::to_string(pid) + "/fd";
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    char target[256] = {};
    if (::readlinkat(::dirfd(folder.get()), entry->d_name, target, sizeof target - 1) <= 0) continue;
    const std::string_view link(target);
    ++(link.starts_with("pipe:")     ? print.pipes
       : link.starts_with("socket:") ? print.sockets
       : link.starts_with("/")       ? print.files
                                     : print.others);
  }
  print.memory = anonymous_memory(pid);
  return print;
}

}  // namespace

std::string Footprint::text() const {
  return std::to_string(memory / 1024) + " KiB, descriptors: " + std::to_string(pipes) + " pipes, " +
         std::to_string(sockets) + " sockets, " + std::to_string(files) + " files, " + std::to_string(others) +
         " others";
}

Footprint footprint_of(pid_t supervisor) {
  Footprint fewest = look(supervisor);
  for (int i = 0; i < 15; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const Footprint now = look(supervisor);
    fewest.pipes = std::min(fewest.pipes, now.pipes);
    fewest.sockets = std::min(fewest.sockets, now.sockets);
    fewest.files = std::min(fewest.files, now.files);
    fewest.others = std::min(fewest.others, now.others);
    fewest.memory = std::min(fewest.memory, now.memory);
  }
  return fewest;
}

std::string growth(const Footprint& before, const Footprint& after, int servers) {
  std::string found;
  if (after.pipes > before.pipes) found += "pipes ";
  if (after.sockets > before.sockets) found += "sockets ";
  if (after.others > before.others) found += "other descriptors ";
  if (after.files > std::max(before.files, servers + 10)) found += "files ";
  constexpr std::uint64_t slack = 2 * 1024 * 1024;
  if (memory_is_meaningful && after.memory > before.memory * 13 / 10 + slack) found += "memory ";
  return found;
}

}  // namespace chaos
