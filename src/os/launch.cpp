#include "os/launch.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/words.hpp"
#include "os/fd.hpp"
#include "os/launcher.hpp"

namespace berth::os {

namespace {

using core::Cause;

std::string_view step(Stage stage) {
  switch (stage) {
    case Stage::make_process: return "make a process";
    case Stage::leave_descriptors: return "give it descriptors of its own";
    case Stage::lead_session: return "give it a session";
    case Stage::set_descriptors: return "set its limit of descriptors";
    case Stage::enter_group: return "put it into its control group, which holds its limits";
    case Stage::limit_memory: return "set limits.memory";
    case Stage::limit_processes: return "set limits.processes";
    case Stage::set_nice: return "set limits.nice";
    case Stage::set_up_stdio: return "connect its output";
    case Stage::limit_files: return "set limits.open_files";
    case Stage::set_groups: return "give it the groups of its user";
    case Stage::set_group: return "set its group";
    case Stage::set_user: return "set limits.user";
    case Stage::no_new_privs: return "set limits.no_new_privs";
    case Stage::die_with_parent: return "tie it to this process";
    case Stage::enter_folder: return "enter its folder";
    case Stage::execute: return "execute it";
  }
  return "start it";
}

// A step that the server's own `limits` have asked for.
bool is_limit(Stage stage) {
  return stage == Stage::enter_group || (stage >= Stage::limit_memory && stage <= Stage::set_nice) ||
         (stage >= Stage::limit_files && stage <= Stage::no_new_privs);
}

bool is_folder(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string hard_limit(decltype(RLIMIT_DATA) what) {
  rlimit now{};
  ::getrlimit(what, &now);
  return now.rlim_max == RLIM_INFINITY ? "unlimited" : std::to_string(now.rlim_max);
}

// What it was to be given, and what can be done.
LaunchError could_not_limit(const LaunchRequest& request, Stage stage, int error) {
  const Limits& limits = request.limits;
  std::string what(step(stage));
  std::string cure;
  switch (stage) {
    case Stage::limit_memory:
      what += " = " + core::size_text(*limits.data);
      cure = "lower it, or raise the hard limit of Berth itself (`ulimit -Hd`)";
      break;
    case Stage::limit_processes:
      what += " = " + std::to_string(*limits.processes);
      cure = "at most " + hard_limit(RLIMIT_NPROC) + " here (`ulimit -Hu`)";
      break;
    case Stage::limit_files:
      what += " = " + std::to_string(*limits.open_files);
      cure = "at most " + hard_limit(RLIMIT_NOFILE) + " here (`ulimit -Hn`, LimitNOFILE= of a service)";
      break;
    case Stage::set_nice:
      what += " = " + std::to_string(*limits.nice);
      cure = "less than Berth's own needs root or CAP_SYS_NICE";
      break;
    case Stage::set_groups:
    case Stage::set_group:
    case Stage::set_user:
      what = "run it as " + (limits.account->name.empty() ? "another group (limits.group)"
                                                          : "`" + limits.account->name + "` (limits.user)");
      cure = "run Berth as root, or take limits.user and limits.group out";
      break;
    default: cure = "take it out of `limits`";
  }
  return {Cause::resource_limit, "could not " + what + ": " + std::strerror(error) + "; " + cure};
}

LaunchError explain(const LaunchRequest& request, Stage stage, int error) {
  const std::string reason = std::strerror(error);
  const auto& account = request.limits.account;
  const std::string whom = account && !account->name.empty() ? " by `" + account->name + "` (limits.user)" : "";
  if (stage == Stage::enter_folder) {
    return {Cause::bad_cwd, (whom.empty() ? "cannot enter its folder `" + request.cwd + "`: "
                                          : "its folder `" + request.cwd + "` cannot be entered" + whom + ": ") +
                                reason + "; mend `cwd`"};
  }
  if (is_limit(stage) && error != EAGAIN && error != ENOMEM) return could_not_limit(request, stage, error);
  if (stage == Stage::execute && error == EAGAIN && request.limits.processes) {
    return {Cause::spawn_failed, "could not execute it: its user runs more processes already than limits.processes = " +
                                     std::to_string(*request.limits.processes) + " allows"};
  }
  if (stage == Stage::execute) {
    switch (error) {
      case EACCES:
        return {Cause::not_executable, "`" + request.executable + "` cannot be executed" + whom + ": " + reason +
                                           (whom.empty() ? "; try chmod +x" : "; it must reach and may execute it")};
      case ENOEXEC:
        return {
            Cause::not_executable,
            "`" + request.executable + "` is no program for this machine; a script needs a first line like #!/bin/sh"};
      case ENOENT:  // it was there when it was looked up: its interpreter is what is missing
        return {Cause::not_executable,
                "`" + request.executable + "` needs an interpreter that does not exist; see its first line"};
      case E2BIG:
        return {Cause::not_executable, "the arguments and environment of `" + request.executable + "` are too long"};
      default: break;
    }
  }
  const std::string cure = error == EAGAIN   ? "; raise `ulimit -u`, or the limit of the service or container"
                           : error == EMFILE ? "; raise `ulimit -n`"
                                             : "";
  return {Cause::spawn_failed, "could not " + std::string(step(stage)) + ": " + reason + cure};
}

// Low descriptors for what a child is given: the table that it takes ends after them.
class Slots {
 public:
  Slots() {
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (int* slot : {&input_, &output_, &error_}) *slot = ::fcntl(null.get(), F_DUPFD_CLOEXEC, 3);
  }

  static Slots& of_this_process() {
    static Slots slots;
    return slots;
  }

  [[nodiscard]] bool usable() const { return input_ >= 0 && output_ >= 0 && error_ >= 0; }
  [[nodiscard]] int last() const { return std::max({input_, output_, error_}); }
  [[nodiscard]] bp::process_stdio stdio() const { return {input_, output_, error_}; }
  void fill(int output, int error) const {
    ::dup3(output < 0 ? input_ : output, output_, O_CLOEXEC);
    ::dup3(error < 0 ? input_ : error, error_, O_CLOEXEC);
  }
  void clear() const { fill(-1, -1); }

 private:
  int input_ = -1;
  int output_ = -1;
  int error_ = -1;
};

}  // namespace

void prepare_to_launch() {
  Slots::of_this_process();
}

Expected<pid_t, LaunchError> launch(const boost::asio::any_io_executor& executor, const LaunchRequest& request) {
  const Slots& slots = Slots::of_this_process();
  if (!slots.usable()) return Unexpected<LaunchError>(explain(request, Stage::set_up_stdio, EMFILE));
  GuardedLauncher launcher;
  launcher.cgroup = request.cgroup;
  launcher.cgroup_must = request.cgroup_must;
  launcher.last_descriptor = slots.last();
  bp::error_code ec;
  bp::process_environment environment(request.environment);
  bp::process_stdio stdio = slots.stdio();
  slots.fill(request.output, request.error);
  const Limits& limits = request.limits;
  launcher(executor, ec, bp::filesystem::path(request.executable), request.args, environment,
           AtStage{Stage::lead_session}, LeadSession{}, SetDescriptors{request.descriptors, request.brand},
           LimitResources{limits}, AtStage{Stage::set_up_stdio}, stdio, LimitFiles{limits}, BecomeUser{limits},
           AtStage{Stage::die_with_parent}, DieWithParent{::getpid()}, AtStage{Stage::enter_folder},
           bp::process_start_dir(request.cwd));
  slots.clear();  // or the end of what it says would never be seen
  if (ec) return Unexpected<LaunchError>(explain(request, launcher.stage, ec.value()));
  return launcher.pid;
}

Expected<std::string, LaunchError> resolve_command(const std::string& command, const std::string& path,
                                                   const std::string& cwd) {
  const auto fail = [](Cause cause, std::string message) {
    return Unexpected<LaunchError>(LaunchError{cause, std::move(message)});
  };
  if (!is_folder(cwd))
    return fail(Cause::bad_cwd, "its folder `" + cwd + "` does not exist or is no folder; mend `cwd`");
  if (command.find('/') != std::string::npos) {
    const std::string file = command.front() == '/' ? command : cwd + "/" + command;
    if (::access(file.c_str(), F_OK) != 0) return fail(Cause::command_not_found, "no such command: `" + file + "`");
    if (is_folder(file)) return fail(Cause::not_executable, "`" + file + "` is a folder");
    if (::access(file.c_str(), X_OK) != 0)
      return fail(Cause::not_executable, "`" + file + "` is not executable; try chmod +x");
    return file;
  }
  std::string found_but_not_executable;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    std::string folder = path.substr(begin, end - begin);
    begin = end + 1;
    if (folder.empty()) continue;  // POSIX would take the current folder: a surprise nobody wants
    if (folder.front() != '/') folder = cwd + "/" + folder;
    std::string file = folder + "/" + command;
    if (::access(file.c_str(), F_OK) != 0 || is_folder(file)) continue;
    if (::access(file.c_str(), X_OK) == 0) return file;
    if (found_but_not_executable.empty()) found_but_not_executable = file;
  }
  if (!found_but_not_executable.empty()) {
    return fail(Cause::not_executable, "`" + found_but_not_executable + "` is not executable; try chmod +x");
  }
  return fail(Cause::command_not_found,
              "no such command: `" + command + "`; searched PATH=" + (path.empty() ? "(empty)" : path));
}

}  // namespace berth::os
