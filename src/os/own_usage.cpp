#include "os/own_usage.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <sstream>

#include "os/process.hpp"
#include "os/read_file.hpp"

namespace berth::os {

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::optional<std::uint64_t> count_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc/self/fd"), &::closedir);
  if (!dir) return std::nullopt;
  std::uint64_t count = 0;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count - 1;  // this look is one itself
}

// The boot's time does not change as far as anybody who reads this is concerned: it is read once.
std::optional<double> start_time() {
  std::istringstream lines(read_file("/proc/stat").value_or(""));
  const auto self = stat_process(::getpid());
  for (std::string line; self && std::getline(lines, line);) {
    if (!line.starts_with("btime ")) continue;
    return std::stod(line.substr(6)) +
           static_cast<double>(self->start_ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  return std::nullopt;
}

}  // namespace

OwnUsage own_usage() {
  OwnUsage own;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) own.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  std::istringstream pages(read_file("/proc/self/statm").value_or(""));
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (pages >> size >> resident) {
    own.virtual_bytes = size * page;
    own.resident_bytes = resident * page;
  }
  own.open_descriptors = count_descriptors();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) own.most_descriptors = limit.rlim_cur;
  static const auto started = start_time();
  own.started_at = started;
  return own;
}

}  // namespace berth::os
