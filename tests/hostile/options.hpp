#pragma once
// What the hostile child is asked to do, from its command line. hostile.cpp lists every option.

#include <cstdint>
#include <optional>
#include <string>

namespace hostile {

// What to do when the port is taken: each is the habit of a real server.
enum class OnBusy {
  exit1_message,
  exit1_silent,
  exit2_message,
  exit2_silent,
  exit0_lie,
  exit0_silent,
  shift,
  stay,
  stay_silent,
  retry,
};

enum class Http { ok, unauthorized, not_found, broken, unavailable, silent, garbage };

enum class GrandchildKeeps { port, pipe, nothing };

struct Options {
  // how it lives and dies
  bool ignore_sigterm = false;
  std::optional<int> slow_stop_ms;
  std::optional<int> exit_code;
  std::optional<int> exit_after_ms;
  std::optional<int> listen_then_exit_ms;
  std::string exit_when;         // a file: ends once it exists
  std::optional<int> kill_self;  // a signal number; --abort is SIGABRT
  bool main_thread_ends = false;
  bool not_dumpable = false;

  // where and when it listens
  std::optional<int> port;  // --fixed-port
  int port_offset = 0;
  std::string bind = "127.0.0.1";
  bool reuse_address = true;
  bool never_listen = false;
  bool two_ports = false;
  int listen_delay_ms = 0;
  std::string listen_when;  // a file: binds once it exists
  std::optional<int> close_listener_after_ms;
  std::string close_listener_when;  // a file: stops listening once it exists
  OnBusy on_busy = OnBusy::exit1_message;

  // how it answers
  Http http = Http::ok;
  std::optional<int> silent_after;  // requests
  std::string block_when;           // a file: once it exists, nothing is done any more, though the kernel still accepts
  std::optional<int> block_ms;      // and only for so long, once

  // what it leaves behind
  bool fork_grandchild = false;
  GrandchildKeeps grandchild_keeps = GrandchildKeeps::port;
  bool grandchild_clears_env = false;
  bool grandchild_ignores_sigterm = false;
  bool as_grandchild = false;  // set by hostile for its own grandchild only

  // what it wants of the machine
  std::optional<int> eat_memory_mib;
  std::optional<int> eat_files;
  std::optional<int> fork_many;
  std::string eat_when;  // a file: once it exists; else at once

  // what it prints
  bool close_stdio = false;
  bool flood = false;
  std::optional<std::uint64_t> flood_bytes;
  std::string say;
  bool print_env = false;
  bool print_args = false;
  bool print_fds = false;
  bool stdin_report = false;

  std::string tag;  // a mark on the command line that survives a cleared environment
};

// Reads the command line; an unknown option or a bad number ends the program with code 64, so that a typo in a
// test is never taken for a crash.
Options parse(int argc, char** argv);

}  // namespace hostile
