#pragma once
// A harbour master inside a program: launches the servers of a configuration, keeps them running, and says how they
// stand. Everything happens in `run`, on the calling thread, which has to be the one that lives longest: children are
// killed by the kernel when it ends.

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
  std::string runtime_dir;  // private; see docs of the program
  std::string log_dir;
  std::vector<std::string> names;      // start only these and what they depend on; empty: all that are enabled
  std::optional<std::string> project;  // the project's name, whatever the file says when it is read again
  bool watch = false;                  // read the file again when it has changed
  bool foreground = false;             // show on the console what the servers say, and what happens to them
  bool colour = false;
  bool verbose = false;
  bool quiet = false;
  Notify notify = Notify::never;  // whom $NOTIFY_SOCKET names; also its watchdog ($WATCHDOG_USEC)
  std::string version;
  std::function<void()> on_listening;                  // the control socket answers from now on
  std::function<void(const std::string&)> on_warning;  // before that: something does not work as it should
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

 private:
  class Impl;
  explicit Supervisor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth
