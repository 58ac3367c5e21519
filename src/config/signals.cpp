#include "config/signals.hpp"

#include <algorithm>
#include <array>
#include <csignal>

namespace berth::config {
namespace {

constexpr std::array<std::string_view, 31> names{
    "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",  "SIGFPE",
    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT",
    "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",  "SIGXCPU",
    "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS"};

// Their numbers, in the same order: not 1, 2, 3 on every machine.
constexpr std::array<int, names.size()> numbers{
    SIGHUP,  SIGINT,  SIGQUIT, SIGILL,    SIGTRAP,   SIGABRT,  SIGBUS,  SIGFPE,  SIGKILL, SIGUSR1, SIGSEGV,
    SIGUSR2, SIGPIPE, SIGALRM, SIGTERM,   SIGSTKFLT, SIGCHLD,  SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU,
    SIGURG,  SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF,   SIGWINCH, SIGIO,   SIGPWR,  SIGSYS};

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

}  // namespace

std::optional<int> signal_number(std::string_view name) {
  std::string full = upper(name);
  if (!full.starts_with("SIG")) full.insert(0, "SIG");
  const auto found = std::ranges::find(names, full);
  if (found == names.end()) return std::nullopt;
  return numbers[static_cast<std::size_t>(found - names.begin())];
}

std::string signal_name(int number) {
  const auto found = std::ranges::find(numbers, number);
  if (found == numbers.end()) return "signal " + std::to_string(number);
  return std::string(names[static_cast<std::size_t>(found - numbers.begin())]);
}

std::span<const std::string_view> signal_names() {
  return names;
}

}  // namespace berth::config
