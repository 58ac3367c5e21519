#pragma once
// What /proc says of one process. Everything may be gone by the time it is read: absence is an answer, not an error.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::os {

struct ProcessStat {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  char state = '?';                // 'Z': a zombie
  std::uint64_t cpu_ticks = 0;     // user and system, in 1/sysconf(_SC_CLK_TCK) s
  std::uint64_t waited_ticks = 0;  // of its children that have ended and were waited for, likewise
  std::uint64_t start_ticks = 0;   // since boot, whatever the time namespace: with the pid, the identity of a process
  std::uint64_t resident_pages = 0;
};

std::optional<ProcessStat> stat_process(pid_t pid);

// It is no zombie. One whose first thread has ended while others go on looks like one, and lives.
bool is_alive(const ProcessStat& process);

// The real user id; nothing when the process is gone.
std::optional<uid_t> user_of(pid_t pid);

std::vector<pid_t> threads_of(pid_t pid);

// Children of every thread of `pid`, zombies included.
std::vector<pid_t> children_of(pid_t pid);

// Every process of this pid namespace.
std::vector<pid_t> all_processes();

// `NAME=VALUE` stands in the environment that the process was started with. False too when that cannot be read.
bool has_environment(pid_t pid, std::string_view entry);

// The value that a variable had in the environment that the process was started with.
std::optional<std::string> environment_value(pid_t pid, std::string_view name);

// Its standard input is a pipe or a socket: somebody may be talking to it.
bool is_talked_to(pid_t pid);

// A name that a person knows the process by: `node`, `python3`, `thief`.
std::string command_name(pid_t pid);

// `COMMAND (pid N)`.
std::string describe_process(pid_t pid);

}  // namespace berth::os
