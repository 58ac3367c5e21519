#pragma once
// Starts one process, or says exactly at which step that failed. Boost.Process v2 gives the interface (executable,
// arguments, stdio, folder, environment, initializers); the launcher below it is ours, because those of 1.81 leak
// descriptors, leave zombies, and fork at a cost that grows with the parent.
//
// The child leads a session and a process group of its own, has every signal at its default and none blocked, reads
// /dev/null, inherits no descriptor but 0, 1 and 2, has the soft descriptor limit that Berth was started with unless
// its limits say otherwise, and dies by SIGKILL when the thread that called launch() ends: call it from the main thread
// only. Its folder is entered, and the program opened, as the user that it becomes.

#include <sys/resource.h>
#include <sys/types.h>

#include <berth/expected.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/cause.hpp"
#include "os/brand.hpp"
#include "os/limits.hpp"

namespace berth::os {

struct LaunchRequest {
  std::string executable;                // a path; see resolve_command
  std::vector<std::string> args;         // without argv[0]
  std::vector<std::string> environment;  // NAME=VALUE, the whole of it
  std::string cwd;
  int output = -1;                    // becomes descriptor 1
  int error = -1;                     // becomes descriptor 2
  std::optional<rlimit> descriptors;  // RLIMIT_NOFILE for the child, when `limits` has none
  Limits limits;
  int cgroup = -1;           // folder of the control group that the child is to live in
  bool cgroup_must = false;  // because that holds limits of it
  Brand brand = 0;           // passed on to everything that descends from the child; 0: none
};

struct LaunchError {
  core::Cause cause = core::Cause::spawn_failed;
  std::string message;  // what, where, and what to do
};

// Takes three descriptors, for good, if launch() has not done so yet. What a launch costs grows with their numbers:
// call it before many are open.
void prepare_to_launch();

// The pid of the new session's leader. Whoever owns the reaper reaps it.
Expected<pid_t, LaunchError> launch(const boost::asio::any_io_executor& executor, const LaunchRequest& request);

// The file that `command` means for a child with this PATH and folder: a path when it has a slash (relative to `cwd`),
// else the first executable file on PATH. The error says what was searched.
Expected<std::string, LaunchError> resolve_command(const std::string& command, const std::string& path,
                                                   const std::string& cwd);

}  // namespace berth::os
