#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <berth/supervisor.hpp>
#include <csignal>
#include <iostream>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "cli/next_step.hpp"
#include "cli/progress.hpp"
#include "cli/version.hpp"
#include "config/names.hpp"
#include "os/fd.hpp"
#include "os/memory.hpp"
#include "os/runtime_dir.hpp"

namespace berth::cli {

namespace {

struct UpOptions {
  std::vector<std::string> names;
  bool detach = false;
  bool wait = false;
  bool watch = false;
  std::string timeout;
  std::string notify = "ready";
};

Notify notify_of(const std::string& word) {
  if (word == "started") return Notify::started;
  return word == "settled" ? Notify::settled : Notify::ready;
}

void check_names(const Config& config, const std::vector<std::string>& names) {
  std::vector<std::string_view> known;
  for (const auto& server : config.servers) known.push_back(server.name);
  for (const auto& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw Stop{exit_usage, config::unknown_server(name, known)};
  }
}

SupervisorOptions options_for(const Context& context, const Config& config, const UpOptions& up) {
  SupervisorOptions options;
  options.runtime_dir = context.runtime_dir();
  options.log_dir = context.log_dir(config.name);
  options.names = up.names;
  options.project = context.load_options().project;
  options.watch = up.watch;
  options.foreground = !up.detach;
  options.colour = context.colour_on(STDOUT_FILENO);
  options.verbose = context.verbose();
  options.quiet = context.quiet();
  options.notify = notify_of(up.notify);
  options.version = version;
  return options;
}

// Why there is no supervisor, and what to type then.
Stop refused(const std::string& why) {
  const bool second = why.find("already running") != std::string::npos;
  const std::string hint = "\n`" + next_step("status") + "` shows it, `" + next_step("down") + "` ends it";
  return Stop{exit_failed, second ? why + hint : why};
}

int run_in_foreground(Config config, SupervisorOptions options) {
  os::keep_memory_small();
  auto supervisor = Supervisor::create(std::move(config), std::move(options));
  if (!supervisor) throw refused(supervisor.error());
  return (*supervisor)->run();
}

// The parent of a detached supervisor learns through this pipe what became of it: an empty line when it answers on its
// socket, else the reason why it does not. Before that, warnings, which begin with this:
constexpr char warning = '!';

void tell(int pipe, const std::string& message) {
  const std::string line = message + "\n";
  [[maybe_unused]] const auto written = ::write(pipe, line.data(), line.size());
}

// The supervisor's parent does nothing but take note of its end, and of the ends of what a killed one leaves behind, at
// once: an init that is slow to do so would leave dead pids that look alive to whoever has just called `berth down`.
[[noreturn]] void take_note_of_ends() {
  ::prctl(PR_SET_NAME, "berth-parent");
  ::close_range(0, ~0U, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
  ::_exit(exit_ok);
}

[[noreturn]] void become_supervisor(Config config, SupervisorOptions options, os::Fd report) {
  ::setsid();
  if (::fork() > 0) take_note_of_ends();
  const os::Fd null(::open("/dev/null", O_RDWR));
  for (int fd = 0; fd <= 2; ++fd) ::dup2(null.get(), fd);
  options.on_warning = [&report](const std::string& line) { tell(report.get(), warning + line); };
  options.on_listening = [&report] {
    tell(report.get(), "");
    report.reset();
  };
  int code = exit_failed;
  {
    os::keep_memory_small();
    auto supervisor = Supervisor::create(std::move(config), std::move(options));
    if (supervisor) {
      code = (*supervisor)->run();
    } else {
      tell(report.get(), supervisor.error());
    }
  }
  ::_exit(code);
}

std::string first_line(int pipe) {
  std::string line;
  char byte = 0;
  for (;;) {
    const auto got = ::read(pipe, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return line.empty() ? "it ended before it could say why; see berth.log" : line;
    if (byte == '\n') return line;
    line += byte;
  }
}

void detach(Config config, SupervisorOptions options) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Stop{exit_failed, "cannot make a pipe"};
  os::Fd read_end(ends[0]);
  os::Fd write_end(ends[1]);
  std::cout.flush();
  std::cerr.flush();
  const pid_t pid = ::fork();
  if (pid < 0) throw Stop{exit_failed, "cannot fork"};
  if (pid == 0) {
    read_end.reset();
    become_supervisor(std::move(config), std::move(options), std::move(write_end));
  }
  write_end.reset();
  std::string line;
  while ((line = first_line(read_end.get())).starts_with(warning)) {
    std::cerr << "berth: warning: " << line.substr(1) << "\n";
  }
  if (!line.empty()) throw refused(line);
}

int wait_until_up(const Context& context, const std::string& socket, const std::string& timeout) {
  std::string target = "/v1/wait?for=up";
  if (!timeout.empty()) target += "&timeout_ms=" + std::to_string(to_duration(timeout).count());
  return wait_answer(ask_waiting(context, socket, target, {}, Goal::ready));
}

void warn_about_logs(const std::string& folder) {
  const auto made = os::make_folders(folder);
  if (made && ::access(folder.c_str(), W_OK | X_OK) == 0) return;
  std::cerr << "berth: warning: " << (made ? "cannot write in the folder `" + folder + "`" : made.error())
            << "; the servers run without logs (--log-dir chooses another)\n";
}

int up(const Context& context, const UpOptions& options) {
  Config config = context.load();
  check_names(config, options.names);
  auto supervisor_options = options_for(context, config, options);
  warn_about_logs(supervisor_options.log_dir);
  if (!options.detach) return run_in_foreground(std::move(config), std::move(supervisor_options));
  const auto socket = supervisor_options.runtime_dir + "/" + config.name + ".sock";
  const std::string name = config.name;
  detach(std::move(config), std::move(supervisor_options));
  if (options.wait) return wait_until_up(context, socket, options.timeout);
  if (!context.quiet())
    std::cerr << "berth: looking after " << name << "; `" << next_step("status") << "` says how it stands\n";
  return exit_ok;
}

}  // namespace

void add_up(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context,
      {"up",
       group::run,
       "Start the supervisor and the servers",
       "In the foreground it shows what the servers print; Ctrl-C stops all of them in order, a second one kills them "
       "at "
       "once. With -d it goes on in the background. With --wait the exit code is 1 as soon as a server has failed for "
       "good, and 124 when the time is over; the servers go on either way. Started by systemd with Type=notify, it "
       "tells "
       "systemd when it is ready, how it stands, and that it lives: see `berth service`.",
       {{"berth up", "watch them in this terminal"},
        {"berth up -d --wait --timeout 2m", "in the background; return when all are ready"},
        {"berth up -d web db", "only these two, and what they depend on"}}});
  auto options = std::make_shared<UpOptions>();
  command->add_option("NAME", options->names, "Only these servers, and what they depend on");
  command->add_flag("-d,--detach", options->detach, "Return once the supervisor runs in the background");
  command->add_flag("--wait", options->wait, "With -d: return once every server is ready");
  command->add_flag("--watch", options->watch, "Reload when the file, or an env_file, has changed");
  command->add_option("--timeout", options->timeout, "With --wait: give up after this long (exit 124)")
      ->check(check_duration)
      ->type_name("T");
  choose_from(command->add_option("--notify", options->notify,
                                  "When a service manager is told that this one is ready: every server is (default); "
                                  "each is, or fails again and again; the supervisor has started"),
              {"ready", "settled", "started"});
  command->callback([&context, options] { context.action = [&context, options] { return up(context, *options); }; });
}

}  // namespace berth::cli
