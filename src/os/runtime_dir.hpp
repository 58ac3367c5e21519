#pragma once
// The private folder with sockets and locks, and the lock that makes a supervisor the only one of its project.

#include <sys/types.h>

#include <berth/expected.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "os/fd.hpp"
#include "os/supervisor_mark.hpp"

namespace berth::os {

// `--runtime-dir`, else $BERTH_RUNTIME_DIR, $XDG_RUNTIME_DIR/berth, /tmp/berth-$UID.
std::string default_runtime_dir();

// `$XDG_STATE_HOME/berth/PROJECT/logs`, default under ~/.local/state.
std::string default_log_dir(const std::string& project);

// Makes the folder (mode 0700) or checks that it can be trusted: ours, a real folder, writable by nobody else. One that
// is merely readable by others is tightened. The error names the folder and the cure.
Expected<std::string, std::string> prepare_runtime_dir(std::string folder);

// Makes a folder and those above it. The error names it.
Expected<std::string, std::string> make_folders(const std::string& folder);

// Fails when it would not fit into a sockaddr_un (107 bytes).
Expected<std::string, std::string> socket_path(const std::string& runtime_dir, const std::string& project);
std::string lock_path(const std::string& runtime_dir, const std::string& project);

// An exclusive lock on a file (flock(2)): the kernel drops it when the last holder of the open file description is
// gone, whatever it died of. What the file says is a courtesy. Children must not inherit it; the guardian does.
class ProjectLock {
 public:
  struct Busy {
    pid_t pid = 0;  // of the supervisor that has it; 0: not known, or only its guardian is left
    std::string message;
  };

  // Waits up to ten seconds when the lock is held by the guardian of a supervisor that is gone. The file then says who
  // holds it (`brand`: its mark), for messages and for the next one.
  static Expected<ProjectLock, Busy> acquire(const std::string& path, Brand brand = 0);
  [[nodiscard]] int descriptor() const { return file_.get(); }

  // Who held it before, since this machine booted, and did not say that nothing is left: it was killed.
  [[nodiscard]] const std::optional<SupervisorMark>& predecessor() const { return predecessor_; }
  // The file that was locked still stands there, and is what the next one would lock.
  [[nodiscard]] bool stands() const;
  // Where it does not: makes and locks it anew, without waiting. The error: somebody else was quicker.
  std::optional<Busy> renew(Brand brand);
  // Of this supervisor nothing is left to look for.
  void leave_nothing();

 private:
  ProjectLock(std::string path, Fd file, std::optional<SupervisorMark> predecessor)
      : path_(std::move(path)), file_(std::move(file)), predecessor_(std::move(predecessor)) {}
  static Expected<ProjectLock, Busy> acquire(const std::string& path, Brand brand, std::chrono::seconds patience);
  std::string path_;
  Fd file_;
  std::optional<SupervisorMark> predecessor_;
};

// The living supervisor that holds this lock, if one does.
std::optional<pid_t> lock_holder(const std::string& path);

}  // namespace berth::os
