#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>
#include <limits>
#include <vector>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "cli/progress.hpp"
#include "os/fd.hpp"
#include "os/process.hpp"
#include "os/runtime_dir.hpp"

namespace berth::cli {

namespace {

// True when the process has ended; false when the time was over first. Negative: no limit.
bool wait_for_end(const os::Fd& process, int timeout_ms) {
  pollfd watched{process.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&watched, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

// "web (pid 4711), db (pid 4712)": of whom something is left. Empty when the supervisor does not tell.
std::string who_is_left(const std::string& socket) {
  try {
    const auto answer = ask(socket, "GET", full_status, Milliseconds{500});
    if (!answer || !answer->ok()) return {};
    std::string names;
    for (const auto& server : answer->body.at("servers").as_array()) {
      if (server.at("processes").is_null()) continue;
      names += (names.empty() ? "" : ", ") + std::string(server.at("name").as_string()) + ": " +
               std::string(server.at("detail").as_string());
    }
    return names;
  } catch (const std::exception&) {
    return {};
  } catch (const Stop&) {
    return {};
  }
}

// The same, and tells every second who is still there.
bool wait_and_tell(const os::Fd& process, int timeout_ms, const std::string& socket, bool quiet) {
  for (int waited = 0;;) {
    const int pause = timeout_ms < 0 ? 1'000 : std::min(1'000, timeout_ms - waited);
    if (wait_for_end(process, pause)) return true;
    waited += pause;
    if (timeout_ms >= 0 && waited >= timeout_ms) return false;
    const std::string left = quiet ? "" : who_is_left(socket);
    if (!left.empty()) std::cerr << "berth: still going down after " << waited / 1'000 << " s; " << left << '\n';
  }
}

// How things stand, for the progress; one that is on its way down need not answer.
void look(const std::string& socket, Progress& progress) {
  try {
    const auto answer = ask(socket, "GET", full_status, Milliseconds{500});
    if (answer && answer->ok()) progress.take(answer->body);
  } catch (const std::exception&) {
  } catch (const Stop&) {
  }
}

// As wait_for_end, with lines on the terminal meanwhile.
bool wait_and_show(const os::Fd& process, int timeout_ms, const std::string& socket, Progress& progress) {
  const auto begin = std::chrono::steady_clock::now();
  for (unsigned turn = 1;; ++turn) {
    const auto waited = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begin).count();
    const auto left = timeout_ms < 0 ? progress.draw_every().count() : timeout_ms - waited;
    if (left <= 0) {
      progress.finish(false);
      return false;
    }
    if (wait_for_end(process, static_cast<int>(std::min(left, progress.draw_every().count())))) {
      progress.finish(true);
      return true;
    }
    if (turn % 2 == 0) look(socket, progress);
    progress.draw();
  }
}

// The process has ended; until its parent has taken note (an init may take its time) its pid is still there to be seen.
void wait_for_reaping(const os::Fd& process) {
  for (int tries = 0; tries < 200; ++tries) {
    if (::syscall(SYS_pidfd_send_signal, process.get(), 0, nullptr, 0) != 0) return;
    ::poll(nullptr, 0, 10);
  }
}

// One that is on its way down already may end before it has answered.
void ask_to_go(const std::string& socket, Milliseconds timeout) {
  try {
    ask(socket, "POST", "/v1/down", timeout);
  } catch (const Stop& stop) {
    if (stop.code == exit_timed_out) throw;
  }
}

os::Fd watch(pid_t pid) {
  return os::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

// What belongs to a supervisor and ends just after it: its guardian, and the process that takes note of its end.
std::vector<os::Fd> helpers_of(pid_t supervisor) {
  const auto is_helper = [](pid_t pid) { return os::command_name(pid).starts_with("berth-"); };
  std::vector<os::Fd> found;
  const auto self = os::stat_process(supervisor);
  if (self && is_helper(self->parent)) found.push_back(watch(self->parent));
  // There is one guardian, and mostly it is older than all servers.
  const auto children = os::children_of(supervisor);
  const auto guardian = std::find_if(children.begin(), children.end(), is_helper);
  if (guardian != children.end()) found.push_back(watch(*guardian));
  std::erase_if(found, [](const os::Fd& one) { return !one; });
  return found;
}

int down(const Context& context, const std::string& timeout) {
  const std::string socket = context.socket();
  auto pid = supervisor_pid(socket);
  const bool answers = pid.has_value();
  // The socket's file may have been tidied away; the lock still tells who runs.
  if (!pid) pid = os::lock_holder(os::lock_path(context.runtime_dir(), context.project()));
  if (!pid) {
    if (!context.quiet()) std::cerr << "berth: nothing was running\n";
    return exit_ok;
  }
  const os::Fd process = watch(*pid);
  if (!process && errno == ESRCH) return exit_ok;  // it ended while we looked
  if (!process) throw Stop{exit_failed, "cannot watch pid " + std::to_string(*pid) + ": " + std::strerror(errno)};
  const auto helpers = helpers_of(*pid);
  Progress progress(context, socket, {}, Goal::stopped);
  const bool shows = answers && progress.kind() == Progress::Kind::live;
  if (shows) look(socket, progress);  // who is there to go
  if (answers) {
    ask_to_go(socket, timeout.empty() ? Milliseconds{15'000} : to_duration(timeout));
  } else {
    ::syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0);
  }
  constexpr Milliseconds longest{std::numeric_limits<int>::max()};
  const int limit = timeout.empty() ? -1 : static_cast<int>(std::min(to_duration(timeout), longest).count());
  const bool gone =
      shows ? wait_and_show(process, limit, socket, progress) : wait_and_tell(process, limit, socket, context.quiet());
  if (!gone) throw Stop{exit_timed_out, "still going down, pid " + std::to_string(*pid)};
  wait_for_reaping(process);
  constexpr int patience_ms = 2'000;
  for (const os::Fd& helper : helpers) wait_for_end(helper, patience_ms);
  return exit_ok;
}

}  // namespace

void add_down(CLI::App& app, Context& context) {
  auto* command =
      declare(app, context,
              {"down",
               group::run,
               "Stop all servers and the supervisor",
               "Returns when nothing of it is left, grandchildren included; 0 also when nothing ran. Servers "
               "stop in the opposite order of their dependencies; each has its stop.timeout before SIGKILL.",
               {{"berth down"}, {"berth down --timeout 30s", "do not wait any longer than that"}}});
  auto timeout = std::make_shared<std::string>();
  command->add_option("--timeout", *timeout, "Return after this long at the latest (exit 124)")
      ->check(check_duration)
      ->type_name("T");
  command->callback([&context, timeout] { context.action = [&context, timeout] { return down(context, *timeout); }; });
}

}  // namespace berth::cli
