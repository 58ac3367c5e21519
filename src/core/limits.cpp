#include "core/limits.hpp"

#include <algorithm>
#include <cctype>
#include <csignal>

#include "core/words.hpp"

namespace berth::core {

namespace {

constexpr int shell_after_sigkill = 128 + SIGKILL;

template <std::size_t count>
bool has_one_of(std::string_view line, const std::array<std::string_view, count>& words) {
  return std::ranges::any_of(words, [&](std::string_view part) { return line.find(part) != std::string_view::npos; });
}

bool speaks_of_processes(std::string_view line) {
  static constexpr std::array<std::string_view, 5> plain{"can't start new thread", "cannot create thread",
                                                         "failed to create new os thread",
                                                         "unable to create native thread", "cannot fork"};
  if (has_one_of(line, plain)) return true;
  static constexpr std::array<std::string_view, 2> refused{"resource temporarily unavailable", "eagain"};
  static constexpr std::array<std::string_view, 4> about_processes{"fork", "spawn", "thread", "clone"};
  return has_one_of(line, refused) && has_one_of(line, about_processes);
}

// "Too many open files in system" is another limit.
bool speaks_of_files(std::string_view line) {
  static constexpr std::array<std::string_view, 4> plain{"emfile", "too many open files", "errno 24", "os error 24"};
  static constexpr std::array<std::string_view, 2> other{"enfile", "open files in system"};
  return has_one_of(line, plain) && !has_one_of(line, other);
}

// C++, V8 and node, Python, the C library, Java, Go, Rust.
bool speaks_of_memory(std::string_view line) {
  static constexpr std::array<std::string_view, 8> plain{
      "bad_alloc",        "out of memory", "array buffer allocation failed",  "memoryerror", "cannot allocate memory",
      "outofmemoryerror", "enomem",        "insufficient memory for the java"};
  if (has_one_of(line, plain)) return true;
  return line.find("memory allocation of") != std::string_view::npos && line.find("failed") != std::string_view::npos;
}

bool was_killed(const ExitStatus& status) {
  return status.signal == SIGKILL || (status.signal == 0 && status.code == shell_after_sigkill);
}

std::string reached(std::string_view key, const std::string& value) {
  return "reached limits." + std::string(key) + " = " + value;
}

}  // namespace

std::optional<Limit> limit_spoken_of(std::string_view line) {
  std::string text(line);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  // First, because Java calls it a kind of OutOfMemoryError.
  if (speaks_of_processes(text)) return Limit::processes;
  if (speaks_of_files(text)) return Limit::open_files;
  if (speaks_of_memory(text)) return Limit::memory;
  return std::nullopt;
}

void LimitWords::hear(std::string_view line) {
  ++lines_;
  if (const auto limit = limit_spoken_of(line)) heard_at_[static_cast<std::size_t>(*limit)] = lines_;
}

bool LimitWords::said(Limit limit) const {
  const auto at = heard_at_[static_cast<std::size_t>(limit)];
  return at > 0 && lines_ - at < lately;
}

std::optional<LimitVerdict> limit_reached(const LimitEvidence& e) {
  if (e.ended.clean()) return std::nullopt;
  const auto memory = [&] { return reached("memory", size_text(*e.limits.memory)); };
  const auto processes = [&] { return reached("processes", std::to_string(*e.limits.processes)); };
  // The kernel's own counts first. It also counts those whom it ended because the whole machine had nothing left.
  if (e.limits.memory && e.memory_by_group && e.group.memory_killed > 0 && e.group.memory_reached > 0) {
    if (was_killed(e.ended)) return LimitVerdict{Cause::oom_killed, memory()};
    return LimitVerdict{Cause::resource_limit, memory() + ", and the kernel ended a process of it"};
  }
  if (e.limits.processes && e.processes_by_group && e.group.forks_refused > 0) {
    return LimitVerdict{Cause::resource_limit, processes()};
  }
  if (was_killed(e.ended)) return std::nullopt;  // by somebody: its words are not the reason
  if (e.limits.open_files && e.words.said(Limit::open_files)) {
    return LimitVerdict{Cause::resource_limit, reached("open_files", std::to_string(*e.limits.open_files))};
  }
  if (e.limits.processes && !e.processes_by_group && e.words.said(Limit::processes)) {
    return LimitVerdict{Cause::resource_limit, processes()};
  }
  if (e.limits.memory && !e.memory_by_group && e.words.said(Limit::memory)) {
    return LimitVerdict{Cause::resource_limit, memory()};
  }
  return std::nullopt;
}

}  // namespace berth::core
