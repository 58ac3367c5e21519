#pragma once
// The systemd manager of this user, asked through systemctl(1).

#include <sys/types.h>

#include <berth/expected.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::cli {

struct UnitState {
  bool loaded = false;                                         // the manager knows such a unit
  std::string enabled;                                         // "enabled", "disabled", …; empty: there is none
  std::string active;                                          // "active", "activating", "failed", …
  std::string sub;                                             // "running", "auto-restart", …
  std::string result;                                          // "success", "exit-code", "watchdog", …
  std::string says;                                            // STATUS= of the service
  std::optional<pid_t> pid;                                    // of its main process
  bool needs_reload = false;                                   // the file has changed since the manager has read it
  std::optional<std::chrono::system_clock::time_point> since;  // it is active

  [[nodiscard]] bool runs() const { return active == "active" || active == "activating" || active == "reloading"; }
};

class SystemdUser {
 public:
  // The error says why nobody answers: no systemctl, or no manager.
  static Expected<SystemdUser, std::string> find();

  // What it gives to units.
  [[nodiscard]] const std::map<std::string, std::string>& environment() const { return environment_; }

  [[nodiscard]] UnitState show(const std::string& unit) const;
  // A command of systemctl. Throws Stop (1) with what it says when it fails.
  void run(const std::vector<std::string>& words) const;
  // The same; that it fails means nothing.
  void try_to_run(const std::vector<std::string>& words) const;

 private:
  SystemdUser() = default;
  std::map<std::string, std::string> environment_;
};

}  // namespace berth::cli
