#pragma once
// The launcher under Boost.Process. Its cost grows neither with the parent's memory (the child runs in it until it
// executes, as with vfork) nor with the parent's descriptors (the child takes a table of its own with only the first
// few). What fails in the child is written to this object, which both have. Included by launch.cpp only.

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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
#include "os/limits.hpp"

namespace berth::os {

namespace bp = boost::process::v2;

// In the order in which they are done.
enum class Stage : int {
  make_process,
  leave_descriptors,
  enter_group,
  lead_session,
  set_descriptors,
  limit_memory,
  limit_processes,
  set_nice,
  set_up_stdio,
  limit_files,
  set_groups,
  set_group,
  set_user,
  no_new_privs,
  die_with_parent,
  enter_folder,
  execute
};

struct GuardedLauncher : bp::posix::default_launcher {
  Stage stage = Stage::make_process;  // in the child: what is being done; in the parent, after an error: what failed
  int error = 0;                      // set in the child
  int cgroup = -1;                    // folder of the group that the child is to live in
  bool cgroup_must = false;           // it holds limits; else other signs tell whose child it is
  bool shares_descriptors = true;     // with us, until it takes a table of its own
  bool enter_late = false;            // it could not be born there
  int last_descriptor = 2;            // the last that the child needs before it executes

  template <class Executor, class Args, class... Inits>
  bp::basic_process<Executor> operator()(Executor executor, bp::error_code& ec, const bp::filesystem::path& executable,
                                         Args&& args, Inits&&... inits) {
    auto argv = this->build_argv_(executable, std::forward<Args>(args));
    ec = bp::posix::detail::on_setup(*this, executable, argv, inits...);
    if (ec) return bp::basic_process<Executor>(executor);

    auto child = [&] {
      reset_signals();
      if (enter_late) enter_cgroup();
      if (error == 0) leave_descriptors();
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
    // A child that changes its user before it executes takes this away from the memory that it shares with us.
    const int dumpable = ::prctl(PR_GET_DUMPABLE);
    // No handler of ours may run in the child: it shares our memory until it executes.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid = make_child(child);
    const int fork_error = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (dumpable == 1 && ::prctl(PR_GET_DUMPABLE) != dumpable) ::prctl(PR_SET_DUMPABLE, dumpable);
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
      enter_late = true;
      child();
    };
    const auto run_late = [](void* late) { (*static_cast<decltype(enter_and_run)*>(late))(); };
    if (cgroup >= 0) made = clone_vfork(-1, run_late, &enter_and_run);
    if (made >= 0) return made;
    // A filter of system calls may not know clone3, and not close_range either: with a copy of the table it can do
    // without.
    shares_descriptors = false;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    made = ::vfork();
#pragma GCC diagnostic pop
    if (made == 0) enter_and_run();
    return made;
  }

  // For a kernel that does not let it be born there. While `cgroup` is still open, and maybe in our own table.
  void enter_cgroup() {
    if (cgroup < 0) return;
    stage = Stage::enter_group;
    const int procs = ::openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    const bool entered = procs >= 0 && ::write(procs, "0", 1) == 1;
    if (!entered && cgroup_must) error = errno;
    if (procs >= 0) ::close(procs);
  }

  // Takes a table of its own. The copy ends before the first of those that it has no business with.
  void leave_descriptors() {
    stage = Stage::leave_descriptors;
    const auto rest = static_cast<unsigned>(last_descriptor) + 1;
    if (::close_range(rest, ~0U, CLOSE_RANGE_UNSHARE) != 0 && shares_descriptors) error = errno;
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

struct SetDescriptors {
  std::optional<rlimit> descriptors;
  Brand brand;
  bp::error_code on_exec_setup(GuardedLauncher& launcher, const bp::filesystem::path&, const char* const*) const {
    launcher.stage = Stage::set_descriptors;
    if (descriptors && ::setrlimit(RLIMIT_NOFILE, &*descriptors) != 0) return last_error();
    const rlimit branded{brand, RLIM_INFINITY};
    if (brand != 0) ::setrlimit(RLIMIT_RTTIME, &branded);  // without it, session and environment still tell
    return {};
  }
};

inline bool set_both(decltype(RLIMIT_DATA) what, const std::optional<rlim_t>& most) {
  const rlimit both{most.value_or(0), most.value_or(0)};
  return !most || ::setrlimit(what, &both) == 0;
}

// As root, and before it has anything to lose.
struct LimitResources {
  const Limits& limits;
  bp::error_code on_exec_setup(GuardedLauncher& launcher, const bp::filesystem::path&, const char* const*) const {
    launcher.stage = Stage::limit_memory;
    if (!set_both(RLIMIT_DATA, limits.data)) return last_error();
    launcher.stage = Stage::limit_processes;
    if (!set_both(RLIMIT_NPROC, limits.processes)) return last_error();
    launcher.stage = Stage::set_nice;
    if (limits.nice && ::setpriority(PRIO_PROCESS, 0, *limits.nice) != 0) return last_error();
    return {};
  }
};

// After its output is connected: that may take a number beyond the limit for a moment.
struct LimitFiles {
  const Limits& limits;
  bp::error_code on_exec_setup(GuardedLauncher& launcher, const bp::filesystem::path&, const char* const*) const {
    launcher.stage = Stage::limit_files;
    return set_both(RLIMIT_NOFILE, limits.open_files) ? bp::error_code{} : last_error();
  }
};

// The bare system calls: those of the C library tell all threads of the process, and this memory is still Berth's.
struct BecomeUser {
  const Limits& limits;
  bp::error_code on_exec_setup(GuardedLauncher& launcher, const bp::filesystem::path&, const char* const*) const {
    if (limits.account) {
      const Account& account = *limits.account;
      for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {  // or it could not open /dev/stdout anew
        [[maybe_unused]] const auto given = ::fchown(stream, account.uid, account.gid);
      }
      launcher.stage = Stage::set_groups;
      if (::syscall(set_groups_call, account.groups.size(), account.groups.data()) != 0) return last_error();
      launcher.stage = Stage::set_group;
      if (::syscall(set_gid_call, account.gid, account.gid, account.gid) != 0) return last_error();
      launcher.stage = Stage::set_user;
      if (::syscall(set_uid_call, account.uid, account.uid, account.uid) != 0) return last_error();
    }
    launcher.stage = Stage::no_new_privs;
    if (limits.no_new_privs && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return last_error();
    return {};
  }

 private:
#ifdef SYS_setresuid32  // of old 32-bit machines, whose first calls know 16 bits of a number
  static constexpr long set_groups_call = SYS_setgroups32;
  static constexpr long set_gid_call = SYS_setresgid32;
  static constexpr long set_uid_call = SYS_setresuid32;
#else
  static constexpr long set_groups_call = SYS_setgroups;
  static constexpr long set_gid_call = SYS_setresgid;
  static constexpr long set_uid_call = SYS_setresuid;
#endif
};

}  // namespace berth::os
