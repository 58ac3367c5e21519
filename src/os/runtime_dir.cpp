#include "os/runtime_dir.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <tuple>

#include "os/process.hpp"
#include "os/read_file.hpp"

namespace berth::os {

namespace {

using Error = Unexpected<std::string>;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string because(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

std::string home_folder() {
  if (const auto home = environment("HOME"); !home.empty()) return home;
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr && user->pw_dir != nullptr ? user->pw_dir : "/tmp";
}

// What the lock's file says of the supervisor that holds it, or held it last.
std::optional<SupervisorMark> read_mark(const std::string& path) {
  return SupervisorMark::from_text(read_file(path, 256).value_or(""));
}

// 0: the one that is named there is gone.
pid_t living_holder(const std::string& path) {
  const auto mark = read_mark(path);
  const auto stat = mark ? stat_process(mark->pid) : std::nullopt;
  return stat && stat->start_ticks == mark->start_ticks && is_alive(*stat) ? mark->pid : 0;
}

bool write_whole(int file, const std::string& text) {
  return ::ftruncate(file, 0) == 0 && ::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

}  // namespace

std::string default_runtime_dir() {
  if (const auto own = environment("BERTH_RUNTIME_DIR"); !own.empty()) return own;
  if (const auto xdg = environment("XDG_RUNTIME_DIR"); !xdg.empty()) return xdg + "/berth";
  return "/tmp/berth-" + std::to_string(::getuid());
}

std::string default_log_dir(const std::string& project) {
  if (const auto own = environment("BERTH_LOG_DIR"); !own.empty()) return own;
  std::string state = environment("XDG_STATE_HOME");
  if (state.empty()) state = home_folder() + "/.local/state";
  return state + "/berth/" + project + "/logs";
}

Expected<std::string, std::string> make_folders(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Error("cannot make the folder `" + folder + "`: " + error.message());
  return folder;
}

Expected<std::string, std::string> prepare_runtime_dir(std::string folder) {
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();  // `link/` would be followed
  const std::string name = "the runtime dir `" + folder + "`";
  const auto parent = std::filesystem::path(folder).parent_path();
  if (!parent.empty()) {
    if (auto made = make_folders(parent); !made) return made;
  }
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return Error(because("cannot make " + name));
  const Fd dir(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir && (errno == ELOOP || errno == ENOTDIR)) {
    return Error(name +
                 " is a symbolic link or a file, and is not trusted; remove it or choose another with --runtime-dir");
  }
  struct stat info {};
  if (!dir || ::fstat(dir.get(), &info) != 0) return Error(because("cannot open " + name));
  if (info.st_uid != ::geteuid()) {
    return Error(name + " belongs to user " + std::to_string(info.st_uid) +
                 ", and is not trusted; choose another with --runtime-dir");
  }
  if ((info.st_mode & 022) != 0) {
    return Error(name + " can be written by others, and is not trusted; `chmod 700 " + folder +
                 "` after a look inside, or choose another with --runtime-dir");
  }
  if ((info.st_mode & 077) != 0 && ::fchmod(dir.get(), 0700) != 0) return Error(because("cannot make private " + name));
  std::error_code error;
  auto absolute = std::filesystem::absolute(folder, error);
  return error ? folder : absolute.lexically_normal().string();
}

Expected<std::string, std::string> socket_path(const std::string& runtime_dir, const std::string& project) {
  std::string path = runtime_dir + "/" + project + ".sock";
  constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > longest) {
    return Error("the control socket's path `" + path + "` has " + std::to_string(path.size()) +
                 " bytes, more than the " + std::to_string(longest) +
                 " that the system allows; choose a shorter folder with --runtime-dir");
  }
  return path;
}

std::string lock_path(const std::string& runtime_dir, const std::string& project) {
  return runtime_dir + "/" + project + ".lock";
}

Expected<ProjectLock, ProjectLock::Busy> ProjectLock::acquire(const std::string& path, Brand brand) {
  return acquire(path, brand, std::chrono::seconds(10));
}

Expected<ProjectLock, ProjectLock::Busy> ProjectLock::acquire(const std::string& path, Brand brand,
                                                              std::chrono::seconds patience) {
  using Failure = Unexpected<Busy>;
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return Failure(Busy{0, because("cannot open the lock `" + path + "`")});
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return Failure(Busy{0, because("cannot lock `" + path + "`")});
    if (const pid_t holder = living_holder(path); holder != 0) {
      return Failure(Busy{holder, "already running, as pid " + std::to_string(holder)});
    }
    if (std::chrono::steady_clock::now() > deadline)
      return Failure(Busy{0, "`" + path + "` is locked by another process"});
    ::poll(nullptr, 0, 10);  // a guardian is clearing up; flock has no wait with a deadline
  }
  auto predecessor = read_mark(path);
  if (predecessor && predecessor->boot.empty())
    predecessor.reset();  // it left nothing, or what it left went with its boot
  if (!write_whole(file.get(), SupervisorMark::of_this_process(brand).text())) {
    return Failure(Busy{0, because("cannot write the lock `" + path + "`")});
  }
  return ProjectLock(path, std::move(file), std::move(predecessor));
}

bool ProjectLock::stands() const {
  struct stat ours {};
  struct stat there {};
  return ::fstat(file_.get(), &ours) == 0 && ::lstat(path_.c_str(), &there) == 0 && ours.st_ino == there.st_ino &&
         ours.st_dev == there.st_dev;
}

std::optional<ProjectLock::Busy> ProjectLock::renew(Brand brand) {
  auto lock = acquire(path_, brand, std::chrono::seconds(0));
  if (!lock) return lock.error();
  file_ = std::move(lock->file_);
  return std::nullopt;
}

void ProjectLock::leave_nothing() {
  auto mark = SupervisorMark::of_this_process(0);
  mark.boot.clear();  // nothing bears such a mark; who holds the lock it still tells
  std::ignore = write_whole(file_.get(), mark.text());
}

std::optional<pid_t> lock_holder(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file || ::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  const pid_t holder = living_holder(path);
  return holder != 0 ? std::optional(holder) : std::nullopt;
}

}  // namespace berth::os
