#include "core/words.hpp"

#include <csignal>
#include <cstring>

namespace berth::core {

std::string signal_name(int signal) {
  static constexpr struct {
    int number;
    const char* name;
  } names[] = {{SIGHUP, "SIGHUP"},   {SIGINT, "SIGINT"},       {SIGQUIT, "SIGQUIT"}, {SIGILL, "SIGILL"},
               {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"},     {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
               {SIGKILL, "SIGKILL"}, {SIGUSR1, "SIGUSR1"},     {SIGSEGV, "SIGSEGV"}, {SIGUSR2, "SIGUSR2"},
               {SIGPIPE, "SIGPIPE"}, {SIGALRM, "SIGALRM"},     {SIGTERM, "SIGTERM"}, {SIGSTKFLT, "SIGSTKFLT"},
               {SIGCHLD, "SIGCHLD"}, {SIGCONT, "SIGCONT"},     {SIGSTOP, "SIGSTOP"}, {SIGTSTP, "SIGTSTP"},
               {SIGTTIN, "SIGTTIN"}, {SIGTTOU, "SIGTTOU"},     {SIGURG, "SIGURG"},   {SIGXCPU, "SIGXCPU"},
               {SIGXFSZ, "SIGXFSZ"}, {SIGVTALRM, "SIGVTALRM"}, {SIGPROF, "SIGPROF"}, {SIGWINCH, "SIGWINCH"},
               {SIGIO, "SIGIO"},     {SIGPWR, "SIGPWR"},       {SIGSYS, "SIGSYS"}};
  for (const auto& entry : names) {
    if (entry.number == signal) return entry.name;
  }
  return "signal " + std::to_string(signal);
}

std::string describe(const ExitStatus& status) {
  if (status.out_of_memory) return "was ended by the kernel: out of memory";
  if (status.signal == 0) return "ended with code " + std::to_string(status.code);
  return "was killed by " + signal_name(status.signal) + (status.core_dumped ? " (core dumped)" : "");
}

std::string size_text(std::uint64_t bytes) {
  static constexpr struct {
    std::uint64_t bytes;
    const char* name;
  } units[] = {{1ULL << 30U, " GiB"}, {1ULL << 20U, " MiB"}, {1ULL << 10U, " KiB"}};
  for (const auto& unit : units) {
    if (bytes < unit.bytes) continue;
    const std::uint64_t tenths = (bytes % unit.bytes * 10 + unit.bytes / 2) / unit.bytes;
    const std::uint64_t whole = bytes / unit.bytes + tenths / 10;
    return std::to_string(whole) + (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10)) + unit.name;
  }
  return std::to_string(bytes) + " B";
}

}  // namespace berth::core
