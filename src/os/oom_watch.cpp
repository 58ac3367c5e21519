#include "os/oom_watch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <string>

#include "os/read_file.hpp"

namespace berth::os {

namespace {

constexpr int shell_after_sigkill = 128 + SIGKILL;

std::optional<std::uint64_t> oom_kills() {
  const auto text = read_file("/proc/vmstat");
  if (!text) return std::nullopt;
  constexpr std::string_view name = "\noom_kill ";
  const auto at = text->find(name);
  if (at == std::string::npos) return std::nullopt;
  std::uint64_t count = 0;
  std::from_chars(text->data() + at + name.size(), text->data() + text->size(), count);
  return count;
}

// In a pid namespace of a container the kernel's log speaks of other numbers. PROC_PID_INIT_INO of the kernel.
bool in_first_pid_namespace() {
  std::array<char, 64> link{};
  const auto size = ::readlink("/proc/self/ns/pid", link.data(), link.size());
  return size > 0 && std::string_view(link.data(), static_cast<std::size_t>(size)) == "pid:[4026531836]";
}

}  // namespace

std::optional<pid_t> pid_killed_for_memory(std::string_view line) {
  constexpr std::string_view words = "Killed process ";
  const auto at = line.find(words);
  const auto memory = line.find("ut of memory");
  if (at == std::string_view::npos || memory == std::string_view::npos || memory > at) return std::nullopt;
  pid_t pid = 0;
  const char* first = line.data() + at + words.size();
  const auto [end, error] = std::from_chars(first, line.data() + line.size(), pid);
  return error == std::errc{} && pid > 0 ? std::optional(pid) : std::nullopt;
}

OomWatch::OomWatch() : counted_(oom_kills()) {
  if (!counted_ || !in_first_pid_namespace()) return;
  log_.reset(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (log_ && ::lseek(log_.get(), 0, SEEK_END) < 0) log_.reset();
}

void OomWatch::read_log() {
  std::array<char, 8192> record{};
  for (;;) {
    const auto size = ::read(log_.get(), record.data(), record.size());
    if (size < 0 && errno == EPIPE) continue;  // some records were overwritten before they were read
    if (size <= 0) return;
    const std::string_view line(record.data(), static_cast<std::size_t>(size));
    if (const auto pid = pid_killed_for_memory(line)) named_.insert(*pid);
  }
}

void OomWatch::look(Instant now) {
  const auto count = counted_ ? oom_kills() : std::nullopt;
  if (!count || *count <= *counted_) return;
  unexplained_ += *count - *counted_;
  counted_ = count;
  noticed_ = now;
  if (log_) read_log();
}

bool OomWatch::ended(pid_t pid, const core::ExitStatus& status, Instant now) {
  if (status.signal != SIGKILL && status.code != shell_after_sigkill) return false;
  look(now);
  if (unexplained_ == 0) return false;
  if (status.signal == SIGKILL) {
    if (log_ && named_.erase(pid) == 0) return false;
  } else if (now - noticed_ > longest_echo) {
    return false;
  }
  --unexplained_;
  return true;
}

}  // namespace berth::os
