#include "cli/service.hpp"

#include <poll.h>
#include <pwd.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>
#include <iostream>
#include <optional>

#include "cli/commands.hpp"
#include "cli/control_client.hpp"
#include "cli/next_step.hpp"
#include "cli/service_unit.hpp"
#include "cli/systemd_user.hpp"
#include "os/runtime_dir.hpp"

namespace berth::cli {

namespace fs = std::filesystem;
using There = ServiceUnit::There;

namespace {

[[noreturn]] void not_ours(const ServiceUnit& unit) {
  throw Stop{exit_failed, unit.path +
                              " was not written by `berth service`, and is left as it is; move it away, or give the "
                              "project another name (-p), and try again"};
}

[[noreturn]] void no_manager(const std::string& why) {
  throw Stop{exit_failed,
             "no systemd answers for this user: " + why + "\nContainers, and shells of `su`, often have none. `" +
                 next_step("service install --no-start") + "` writes the unit all the same; `" + next_step("up -d") +
                 "` does without systemd; docs/systemd.md tells of the unit for the whole system"};
}

void check_variables(const WantedUnit& wanted) {
  if (wanted.missing.empty()) return;
  std::string names;
  std::string options;
  for (const std::string& name : wanted.missing) {
    names += (names.empty() ? "" : ", ") + name;
    options += " --env " + name;
  }
  throw Stop{exit_usage,
             "the configuration takes from this shell what a service cannot see, and what looks secret: " + names +
                 "\nPut it into the server's env_file, or into a file in ~/.config/environment.d; or have "
                 "the unit hold it, readable by you alone: `" +
                 next_step("service install" + options) + "`"};
}

// Who has the project's lock, if somebody does.
std::optional<pid_t> project_supervisor(const Context& context) {
  if (const auto pid = supervisor_pid(context.socket())) return pid;
  return os::lock_holder(os::lock_path(context.runtime_dir(), context.project()));
}

// One that was started by hand has lock and ports, and would make the service fail.
void check_nobody_runs(const Context& context, const UnitState& state) {
  const auto pid = project_supervisor(context);
  if (!pid || pid == state.pid) return;
  throw Stop{exit_failed, "the project runs already, as pid " + std::to_string(*pid) +
                              ", and not as a service: end it first with `" + next_step("down") + "`, then `" +
                              next_step("service install") + "` again; nothing was changed"};
}

bool lingers() {
  const passwd* user = ::getpwuid(::getuid());
  std::error_code error;
  return user != nullptr && fs::exists(std::string("/var/lib/systemd/linger/") + user->pw_name, error);
}

// Until it is known whether it has started, which takes it less than a second.
UnitState await_start(const Context& context, const SystemdUser& manager, const std::string& unit) {
  constexpr int looks = 50;
  constexpr int pause_ms = 200;
  UnitState state;
  for (int i = 0; i < looks; ++i) {
    state = manager.show(unit);
    const bool answers = state.pid && supervisor_pid(context.socket()) == state.pid;
    if (answers || state.active == "active" || state.active == "failed" || state.sub == "auto-restart") break;
    ::poll(nullptr, 0, pause_ms);
  }
  return state;
}

void start(const Context& context, const SystemdUser& manager, const ServiceUnit& unit) {
  manager.try_to_run({"reset-failed", unit.name});
  manager.run({"start", "--no-block", unit.name});
  const UnitState now = await_start(context, manager, unit.name);
  if (now.active != "failed" && now.sub != "auto-restart") return;
  throw Stop{exit_failed, unit.path + " is installed, and the service has failed (" + now.result +
                              "): see `journalctl --user -u " + unit.name + " -n 30`"};
}

int install_without_manager(const Context& context, const ServiceUnit& unit, const WantedUnit& wanted,
                            const std::string& why) {
  write_unit(unit, wanted.text, wanted.secret);
  if (context.quiet()) return exit_ok;
  std::cout << "wrote " << unit.path << "\n"
            << "It is neither enabled nor started: no systemd answers for this user (" << why << "). When one does:\n"
            << "  systemctl --user daemon-reload\n"
            << "  systemctl --user enable --now " << unit.name << "\n";
  return exit_ok;
}

struct Done {
  bool written = false;  // the unit
  bool enabled = false;
  bool started = false;
  bool ran = false;  // before
};

void say_what_was_done(const ServiceUnit& unit, const Done& done) {
  std::cout << (done.written ? "wrote " : "unchanged: ") << unit.path << "\n"
            << (done.enabled ? "enabled it" : "was enabled already")
            << (done.ran       ? ", and it runs: "
                : done.started ? ", and started it: "
                               : ", and did not start it: ")
            << unit.name << "\n";
  if (done.ran && done.written) {
    std::cout << "It runs as it was before; this applies the change, and restarts the servers:\n"
              << "  systemctl --user restart " << unit.name << "\n";
  }
  if (done.ran || done.started) std::cout << "how it stands:   " << next_step("status") << "\n";
  std::cout << "what it prints:  journalctl --user -u " << unit.name << " -f\n"
            << "the service:     " << next_step("service status") << "\n";
  if (lingers()) return;
  std::cout
      << "It starts when you log in, and ends with your last session; `loginctl enable-linger` lets it start with "
         "the machine, and stay.\n";
}

int install(const Context& context, const ServiceOptions& options) {
  const auto manager = SystemdUser::find();
  const std::map<std::string, std::string> nothing;
  const auto wanted = wanted_unit(context, manager ? manager->environment() : nothing, options.env);
  const ServiceUnit unit = look_at_unit(context.project());
  if (options.print) {
    std::cout << wanted.text;
    return exit_ok;
  }
  check_variables(wanted);
  if (unit.there == There::foreign) not_ours(unit);
  if (!manager && options.start) no_manager(manager.error());
  if (!manager) return install_without_manager(context, unit, wanted, manager.error());
  const UnitState before = manager->show(unit.name);
  if (options.start) check_nobody_runs(context, before);

  Done done;
  done.ran = before.runs();
  done.written = unit.text != wanted.text;
  done.enabled = before.enabled != "enabled";
  done.started = options.start && !done.ran;
  if (done.written) write_unit(unit, wanted.text, wanted.secret);
  if (done.written || before.needs_reload || !before.loaded) manager->run({"daemon-reload"});
  if (done.enabled) manager->run({"enable", unit.name});
  if (done.started) start(context, *manager, unit);
  if (!context.quiet()) say_what_was_done(unit, done);
  return exit_ok;
}

// Without a manager to ask: what `systemctl enable` has made.
void remove_links(const ServiceUnit& unit) {
  const fs::path link = fs::path(unit.path).parent_path() / "default.target.wants" / unit.name;
  std::error_code error;
  if (fs::is_symlink(link, error)) fs::remove(link, error);
}

int remove(const Context& context) {
  const ServiceUnit unit = look_at_unit(context.project());
  if (unit.there == There::foreign) not_ours(unit);
  if (unit.there == There::nothing) {
    if (!context.quiet()) std::cout << "there was no " << unit.path << "\n";
    return exit_ok;
  }
  const auto manager = SystemdUser::find();
  if (manager) {
    manager->run({"disable", "--now", unit.name});
  } else {
    remove_links(unit);
  }
  std::error_code error;
  fs::remove(unit.path, error);
  if (error) throw Stop{exit_failed, "cannot remove " + unit.path + ": " + error.message()};
  if (manager) {
    manager->run({"daemon-reload"});
    manager->try_to_run({"reset-failed", unit.name});
  }
  if (context.quiet()) return exit_ok;
  std::cout << (manager ? "stopped and disabled " : "no systemd answers for this user, so nothing was stopped: ")
            << unit.name << ", and removed " << unit.path << "\n";
  return exit_ok;
}

int service(const Context& context, const ServiceOptions& options) {
  const bool installs = options.action == "install";
  if (options.json && options.action != "status") throw Stop{exit_usage, "--json goes with `berth service status`"};
  if (!installs && (options.print || !options.start || !options.env.empty())) {
    throw Stop{exit_usage, "--print, --no-start and --env go with `berth service install`"};
  }
  if (installs) return install(context, options);
  return options.action == "remove" ? remove(context) : service_status(context, options);
}

}  // namespace

void add_service(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context,
      {"service",
       group::run,
       "Have systemd run this project for you",
       "install writes a unit for the systemd of this user, enables it and starts it: it starts whenever you log in, "
       "and is started again should it fail. The unit holds the paths of this program and of the configuration, and "
       "your PATH of now, so that npx, node and uvx are found. Other variables that the configuration takes from "
       "this shell are written there too, unless they look secret. It is changed by another install, and never "
       "touched when something else has written it.\n\n"
       "remove stops and disables it, and deletes the unit; 0 also when there was none. status says what is "
       "installed, whether it runs, and what is different from what install would write now; exit code 3 when it is "
       "not installed or does not run. For the whole system, and for how it is hardened, see docs/systemd.md.",
       {{"berth service install", "write, enable and start it"},
        {"berth service install --print", "only show the unit"},
        {"berth service status"},
        {"berth service remove"}}});
  auto options = std::make_shared<ServiceOptions>();
  choose_from(command->add_option("ACTION", options->action, "install, remove or status")->required(),
              {"install", "remove", "status"});
  auto* now = command->add_flag("--now", options->now, "Of install: start it as well (default)");
  command->add_flag("!--no-start", options->start, "Of install: enable it, and do not start it now")->excludes(now);
  command
      ->add_option("--env", options->env, "Of install: hand this variable on, though it looks secret; may be repeated")
      ->type_name("VARIABLE")
      ->expected(1)
      ->take_all();
  command->add_flag("--print,--dry-run", options->print, "Of install: print the unit, and do nothing");
  command->add_flag("--json", options->json, "Of status: one JSON document on stdout");
  command->callback(
      [&context, options] { context.action = [&context, options] { return service(context, *options); }; });
}

}  // namespace berth::cli
