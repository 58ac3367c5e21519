#pragma once
// The launcher under Boost.Process. Its cost grows neither with the parent's memory (the child runs in it until it
// executes, as with vfork) nor with the parent's descriptors (the child takes a table of its own with only the first
// few). What fails in the child is written to this object, which both have. Included by launch.cpp only.

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/detail/throw_error.hpp>  // Boost.Process 1.81 uses it without including it
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/start_dir.hpp>
#include <boost/process/v2/stdio.hpp>
#include <cerrno>
#include <csignal>
#include <optional>

#include "os/brand.hpp"
#include "os/clone_vfork.hpp"

namespace berth::os {

namespace bp = boost::process::v2;

enum class Stage : int {
  make_process,
  leave_descriptors,
  set_up_stdio,
  lead_session,
  die_with_parent,
  set_limits,
  enter_folder,
  execute
};

struct GuardedLauncher : bp::posix::default_launcher {
  Stage stage = Stage::make_process;  // in the child: what is being done; in the parent, after an error: what failed
  int error = 0;                      // set in the child
  int cgroup = -1;                    // folder of the group that the child is to live in
  int last_descriptor = 2;            // the last that the child needs before it executes

  template <class Executor, class Args, class... Inits>
  bp::basic_process<Executor> operator()(Executor executor, bp::error_code& ec, const bp::filesystem::path& executable,
                                         Args&& args, Inits&&... inits) {
    auto argv = this->build_argv_(executable, std::forward<Args>(args));
    ec = bp::posix::detail::on_setup(*this, executable, argv, inits...);
    if (ec) return bp::basic_process<Executor>(executor);

    auto child = [&] {
      reset_signals();
      leave_descriptors();
      if (error == 0) error = bp::posix::detail::on_exec_setup(*this, executable, argv, inits...).value();
      if (error == 0) {
        stage = Stage::execute;
        // Not left to the exec, which lets the parent go on before it closes them: a lock would still be held then.
        ::close_range(3, static_cast<unsigned>(last_descriptor), 0);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        ::execve(executable.c_str(), const_cast<char* const*>(argv), const_cast<char* const*>(env));
        error = errno;
      }
      ::_exit(127);
    };
    // No handler of ours may run in the child: it shares our memory until it executes.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid = make_child(child);
    const int fork_error = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return failed(executor, ec, fork_error);
    // Not a process object with a pid: making one opens a pidfd, and throws where that cannot be had.
    if (error == 0) return bp::basic_process<Executor>(executor);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return failed(executor, ec, error);
  }

 private:
  template <class Executor>
  static bp::basic_process<Executor> failed(Executor executor, bp::error_code& ec, int error) {
    ec.assign(error, boost::system::system_category());
    return bp::basic_process<Executor>(executor);
  }

  template <class Child>
  pid_t make_child(Child& child) {
    const auto run = [](void* made) { (*static_cast<Child*>(made))(); };
    pid_t made = clone_vfork(cgroup, run, &child);
    if (made >= 0) return made;
    auto enter_and_run = [&] {
      enter_cgroup();
      child();
    };
    const auto run_late = [](void* late) { (*static_cast<decltype(enter_and_run)*>(late))(); };
    if (cgroup >= 0) made = clone_vfork(-1, run_late, &enter_and_run);
    if (made >= 0) return made;
      // A filter of system calls may not know clone3.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    made = ::vfork();
#pragma GCC diagnostic pop
    if (made == 0) enter_and_run();
    return made;
  }

  // For a kernel that does not let it be born there.
  void enter_cgroup() const {
    if (cgroup < 0) return;
    const int procs = ::openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    [[maybe_unused]] const auto written = ::write(procs, "0", 1);  // without it, the other signs tell
    ::close(procs);
  }

  // Takes a table of its own. The copy ends before the first of those that it has no business with.
  void leave_descriptors() {
    stage = Stage::leave_descriptors;
    const auto rest = static_cast<unsigned>(last_descriptor) + 1;
    if (::close_range(rest, ~0U, CLOSE_RANGE_UNSHARE) != 0) error = errno;
  }

  static void reset_signals() {
    struct sigaction defaults {};
    defaults.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &defaults, nullptr);
  }
};

// ---- initializers: each runs in the child, between vfork and exec, and allocates nothing
// ------------------------------

inline bp::error_code last_error() {
  return {errno, boost::system::system_category()};
}

// Names the step that the initializers after it belong to.
struct AtStage {
  Stage stage;
  bp::error_code on_exec_setup(GuardedLauncher& launcher, const bp::filesystem::path&, const char* const*) const {
    launcher.stage = stage;
    return {};
  }
};

struct LeadSession {
  static bp::error_code on_exec_setup(GuardedLauncher&, const bp::filesystem::path&, const char* const*) {
    return ::setsid() < 0 ? last_error() : bp::error_code{};
  }
};

struct DieWithParent {
  pid_t parent;
  bp::error_code on_exec_setup(GuardedLauncher&, const bp::filesystem::path&, const char* const*) const {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return last_error();
    // It may have died before the request: then no signal will come.
    return ::getppid() == parent ? bp::error_code{} : bp::error_code{ESRCH, boost::system::system_category()};
  }
};

struct SetLimits {
  std::optional<rlimit> descriptors;
  Brand brand;
  bp::error_code on_exec_setup(GuardedLauncher&, const bp::filesystem::path&, const char* const*) const {
    if (descriptors && ::setrlimit(RLIMIT_NOFILE, &*descriptors) != 0) return last_error();
    const rlimit branded{brand, RLIM_INFINITY};
    if (brand != 0) ::setrlimit(RLIMIT_RTTIME, &branded);  // without it, session and environment still tell
    return {};
  }
};

}  // namespace berth::os
