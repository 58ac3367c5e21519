#include "os/launch.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "os/fd.hpp"
#include "os/launcher.hpp"

namespace berth::os {

namespace {

using core::Cause;

std::string_view step(Stage stage) {
  switch (stage) {
    case Stage::make_process: return "make a process";
    case Stage::leave_descriptors: return "give it descriptors of its own";
    case Stage::set_up_stdio: return "connect its output";
    case Stage::lead_session: return "give it a session";
    case Stage::die_with_parent: return "tie it to this process";
    case Stage::set_limits: return "set its limits";
    case Stage::enter_folder: return "enter its folder";
    case Stage::execute: return "execute it";
  }
  return "start it";
}

bool is_folder(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

LaunchError explain(const LaunchRequest& request, Stage stage, int error) {
  const std::string reason = std::strerror(error);
  if (stage == Stage::enter_folder) {
    return {Cause::bad_cwd, "cannot enter its folder `" + request.cwd + "`: " + reason + "; mend `cwd`"};
  }
  if (stage == Stage::execute) {
    switch (error) {
      case EACCES:
        return {Cause::not_executable, "`" + request.executable + "` cannot be executed: " + reason + "; try chmod +x"};
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
  launcher.last_descriptor = slots.last();
  bp::error_code ec;
  bp::process_environment environment(request.environment);
  bp::process_stdio stdio = slots.stdio();
  slots.fill(request.output, request.error);
  launcher(executor, ec, bp::filesystem::path(request.executable), request.args, environment,
           AtStage{Stage::lead_session}, LeadSession{}, AtStage{Stage::die_with_parent}, DieWithParent{::getpid()},
           AtStage{Stage::set_limits}, SetLimits{request.descriptors, request.brand}, AtStage{Stage::set_up_stdio},
           stdio, AtStage{Stage::enter_folder}, bp::process_start_dir(request.cwd));
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
