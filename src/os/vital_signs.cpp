#include "os/vital_signs.hpp"

#include <charconv>
#include <optional>

#include "os/process_tree.hpp"
#include "os/read_file.hpp"

namespace berth::os {

namespace {

// "RAN WAITED TIMESLICES", the first two in nanoseconds.
std::optional<core::ThreadTimes> times_in(const std::string& text) {
  std::int64_t ran = 0;
  std::int64_t waited = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, ran);
  if (first.ec != std::errc{} || first.ptr == end) return std::nullopt;
  if (std::from_chars(first.ptr + 1, end, waited).ec != std::errc{}) return std::nullopt;
  return core::ThreadTimes{std::chrono::nanoseconds(ran), std::chrono::nanoseconds(waited)};
}

// The letter after the command's name, which may hold anything but ends with the last parenthesis.
char state_in(const std::string& stat) {
  const auto name_end = stat.rfind(')');
  return name_end != std::string::npos && name_end + 2 < stat.size() ? stat[name_end + 2] : '?';
}

}  // namespace

std::vector<pid_t> owners_of(std::uint32_t socket_inode, const std::vector<pid_t>& pids) {
  std::vector<pid_t> owners;
  for (const pid_t pid : pids) {
    if (open_sockets({pid}).inodes.contains(socket_inode)) owners.push_back(pid);
  }
  return owners;
}

core::VitalSigns vital_signs(const std::vector<pid_t>& pids) {
  core::VitalSigns signs{.at = std::chrono::steady_clock::now()};
  for (const pid_t pid : pids) {
    for (const pid_t thread : threads_of(pid)) {
      const std::string place = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(thread);
      if (const auto times = times_in(read_file(place + "/schedstat").value_or(""))) {
        signs.known = true;
        signs.threads[thread] = *times;
      }
      const char state = state_in(read_file(place + "/stat").value_or(""));
      if (state == 'D') signs.blocked = true;
      if (state == 'T') signs.stopped = true;
      if (state == 't') signs.traced = true;
    }
  }
  return signs;
}

}  // namespace berth::os
