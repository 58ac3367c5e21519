#pragma once
// The launcher under Boost.Process: vfork, so that its cost does not grow with the parent, and a close-on-exec pipe
// that carries the failing stage and errno. Included by launch.cpp only.

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
#include "os/fd.hpp"

namespace berth::os {

namespace bp = boost::process::v2;

enum class Stage : int { make_process, set_up_stdio, lead_session, die_with_parent, set_limits, enter_folder, execute };

struct GuardedLauncher : bp::posix::default_launcher {
  Stage stage = Stage::make_process;  // in the child: what is being done; in the parent, after an error: what failed

  template <class Executor, class Args, class... Inits>
  bp::basic_process<Executor> operator()(Executor executor, bp::error_code& ec, const bp::filesystem::path& executable,
                                         Args&& args, Inits&&... inits) {
    auto argv = this->build_argv_(executable, std::forward<Args>(args));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return failed(executor, ec, errno);
    Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    ec = bp::posix::detail::on_setup(*this, executable, argv, inits...);
    if (ec) return bp::basic_process<Executor>(executor);

    // No handler of ours may run in the child: it shares our memory until it executes.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    pid = ::vfork();
#pragma GCC diagnostic pop
    if (pid == 0) {
      reset_signals();
      bp::error_code setup = bp::posix::detail::on_exec_setup(*this, executable, argv, inits...);
      int error = setup.value();
      if (error == 0) {
        stage = Stage::execute;
        ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        ::execve(executable.c_str(), const_cast<char* const*>(argv), const_cast<char* const*>(env));
        error = errno;
      }
      const int report[2] = {static_cast<int>(stage), error};
      [[maybe_unused]] const auto written = ::write(write_end.get(), report, sizeof(report));
      ::_exit(127);
    }
    const int fork_error = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return failed(executor, ec, fork_error);
    return answer(executor, ec, std::move(read_end), std::move(write_end));
  }

 private:
  template <class Executor>
  static bp::basic_process<Executor> failed(Executor executor, bp::error_code& ec, int error) {
    ec.assign(error, boost::system::system_category());
    return bp::basic_process<Executor>(executor);
  }

  // Nothing was written when the exec closed the pipe: success.
  template <class Executor>
  bp::basic_process<Executor> answer(Executor executor, bp::error_code& ec, Fd read_end, Fd write_end) {
    write_end.reset();
    int report[2] = {0, 0};
    ssize_t got = 0;
    do {
      got = ::read(read_end.get(), report, sizeof(report));
    } while (got < 0 && errno == EINTR);
    // Not a process object with a pid: making one opens a pidfd, and throws where that cannot be had.
    if (got != sizeof(report)) return bp::basic_process<Executor>(executor);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    stage = static_cast<Stage>(report[0]);
    return failed(executor, ec, report[1] != 0 ? report[1] : EINVAL);
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

struct EnterCgroup {
  int procs;
  bp::error_code on_exec_setup(GuardedLauncher&, const bp::filesystem::path&, const char* const*) const {
    [[maybe_unused]] const auto written = procs < 0 ? 0 : ::write(procs, "0", 1);  // without it, the other signs tell
    return {};
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
