#pragma once
// A harbour master inside a program: launches the servers of a configuration, keeps them running, and says how they
// stand. Everything happens in `run`, on the calling thread; it has a loop of its own, so that a program with another
// one gives it a thread. examples/embed is such a program.
//
// What it needs of the process:
// - There is one Supervisor at a time. `create` forks a small process (it ends the servers should this one be killed),
//   and is best called before there are threads.
// - From `create` on it adopts what its servers leave behind, waits for every child of the process, whoever started it,
//   and, when it goes down, kills those that were started after `create`. A program with children of its own starts
//   them from another process, or runs `berth` instead.
// - SIGCHLD is caught, SIGPIPE and SIGXFSZ are ignored, and the limit of open files is raised as far as it may be.

#include <berth/config.hpp>
#include <berth/expected.hpp>
#include <berth/status.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace berth {

// When a service manager that waits for it (sd_notify(3), systemd's Type=notify) is told that this one is ready.
enum class Notify {
  never,    // it is not told anything: a program that embeds a supervisor speaks for itself
  started,  // the control socket answers
  settled,  // each server that is wanted up is ready, or has shown that it will not be soon: `failed`, `exited`, or as
            // many failures in a row as make a crash loop
  ready     // each is ready, or has ended by itself without an error
};

struct SupervisorOptions {
  std::string runtime_dir;             // private; empty: $BERTH_RUNTIME_DIR, $XDG_RUNTIME_DIR/berth, /tmp/berth-UID
  std::string log_dir;                 // empty: $BERTH_LOG_DIR, $XDG_STATE_HOME/berth/PROJECT/logs
  std::vector<std::string> names;      // start only these and what they depend on; empty: all that are enabled
  std::optional<std::string> project;  // the project's name, whatever the file says when it is read again
  bool watch = false;                  // read the file again when it has changed
  bool foreground = false;             // show on the console what the servers say, and what happens to them
  bool colour = false;
  bool verbose = false;
  bool quiet = false;
  Notify notify = Notify::never;  // whom $NOTIFY_SOCKET names; also its watchdog ($WATCHDOG_USEC)
  std::string version;            // what is shown as such; empty: the library's
  // SIGINT, SIGTERM and SIGQUIT end it, twice at once, and SIGHUP reads the file again; none of them stays blocked.
  // False: signals are the program's own business, and it calls `stop`.
  bool handle_signals = true;

  // All are called in `run`, on its thread, and must neither throw nor take long.
  std::function<void()> on_listening;                      // the control socket answers from now on
  std::function<void(const std::string&)> on_warning;      // before that: something does not work as it should
  std::function<void(const SupervisorStatus&)> on_change;  // the state of one server or more is another than before
};

class Supervisor {
 public:
  // Fails when another supervisor has the project, or when the runtime dir cannot be used; the message says what to do.
  static Expected<std::unique_ptr<Supervisor>, std::string> create(Config config, SupervisorOptions options);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until it was told to go down, and everything is down. The exit code for the program: 0; 1 when a required server
  // has failed for good; 128 + the number of the signal that ended it.
  int run();

  // Stops all servers, in order, and lets `run` return. Any thread may call it, and so may the callbacks; a signal
  // handler must not. Returns at once; does nothing when it was called before. Before `run`, it takes effect there.
  void stop();

 private:
  class Impl;
  explicit Supervisor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth
