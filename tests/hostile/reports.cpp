#include "hostile/reports.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace hostile {
namespace {

std::string link_target(const std::string& link) {
  char target[4096];
  const ssize_t size = ::readlink(link.c_str(), target, sizeof target);
  return size > 0 ? std::string(target, static_cast<std::size_t>(size)) : std::string("closed");
}

void print_open_descriptors() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return;
  std::vector<int> descriptors;
  while (const dirent* entry = ::readdir(folder)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != ::dirfd(folder)) descriptors.push_back(fd);
  }
  ::closedir(folder);
  std::sort(descriptors.begin(), descriptors.end());
  for (const int fd : descriptors) {
    std::printf("fd %d %s\n", fd, link_target("/proc/self/fd/" + std::to_string(fd)).c_str());
  }
}

bool write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

void flood(std::uint64_t bytes) {
  const std::string padding(60, 'x');
  std::uint64_t written = 0;
  for (std::uint64_t number = 0; written < bytes; ++number) {
    const std::string line = "flood " + std::to_string(number) + " " + padding + "\n";
    if (!write_all(number % 2 == 0 ? STDOUT_FILENO : STDERR_FILENO, line)) return;
    written += line.size();
  }
  write_all(STDOUT_FILENO, "flood over\n");
}

}  // namespace

void print_reports(const Options& options, int argc, char** argv) {
  if (!options.say.empty()) std::printf("%s\n", options.say.c_str());
  if (options.print_args) {
    for (int i = 0; i < argc; ++i) std::printf("arg %d %s\n", i, argv[i]);
  }
  if (options.print_env) {
    for (char** entry = ::environ; *entry != nullptr; ++entry) std::printf("env %s\n", *entry);
  }
  if (options.print_fds) print_open_descriptors();
  if (options.stdin_report) std::printf("stdin %s\n", link_target("/proc/self/fd/0").c_str());
  std::fflush(stdout);
}

void start_flood(const Options& options) {
  std::thread([options] { flood_now(options); }).detach();
}

void flood_now(const Options& options) {
  flood(options.flood_bytes.value_or(std::numeric_limits<std::uint64_t>::max()));
}

}  // namespace hostile
