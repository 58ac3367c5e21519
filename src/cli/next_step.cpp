#include "cli/next_step.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/context.hpp"
#include "config/names.hpp"
#include "config/project.hpp"
#include "os/fd.hpp"
#include "os/runtime_dir.hpp"

namespace berth::cli {

namespace fs = std::filesystem;

namespace {

// One program run has one command line.
std::string& options_of_this_run() {
  static std::string options;
  return options;
}

int connect_error(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const os::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno;
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
}

std::string what_is_there(const std::string& socket) {
  struct stat file {};
  if (::stat(socket.c_str(), &file) != 0) return errno == EACCES ? ": permission denied" : "";
  if (!S_ISSOCK(file.st_mode)) return ": that is no socket";
  switch (const int error = connect_error(socket)) {
    case 0: return "";
    case ECONNREFUSED: return ": the socket was left behind by one that was killed";
    case EACCES:
    case EPERM: return ": permission denied, it is another user's";
    case EAGAIN: return ": too many are waiting for it";
    default: return std::string(": ") + std::strerror(error);
  }
}

// Projects of this user that do run.
std::vector<std::string> others(const fs::path& runtime_dir, const std::string& own) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(runtime_dir, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().stem().string();
    if (it->path().extension() != ".sock" || name == own || !config::is_valid_name(name)) continue;
    if (os::lock_holder(os::lock_path(runtime_dir.string(), name))) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string without_option(const std::vector<std::string>& arguments, std::string_view option) {
  std::string text;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == option) {
      ++i;
      continue;
    }
    text += " " + shell_word(arguments[i]);
  }
  return text;
}

}  // namespace

std::string shell_word(std::string_view word) {
  constexpr std::string_view harmless = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
  if (!word.empty() && word.find_first_not_of(harmless) == std::string_view::npos) return std::string(word);
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

void remember_options(const std::vector<std::string>& common_arguments) {
  std::vector<std::string> kept;
  for (const std::string& argument : common_arguments) {
    if (argument != "-q" && argument != "-v") kept.push_back(argument);
  }
  options_of_this_run() = without_option(kept, "--color");
}

std::string next_step(std::string_view words) {
  return "berth" + options_of_this_run() + " " + std::string(words);
}

Stop no_supervisor(const std::string& socket) {
  std::string message =
      "no supervisor answers on " + socket + what_is_there(socket) + "\n`" + next_step("up -d") + "` starts one";
  const fs::path path(socket);
  const auto running = others(path.parent_path(), path.stem().string());
  if (!running.empty()) {
    message += "\nRunning here:";
    for (const std::string& name : running) message += (name == running.front() ? " " : ", ") + name;
    message += " (`berth -p " + running.front() + " status`)";
  }
  return Stop{exit_no_supervisor, message};
}

std::string unknown_in_config(const Context& context, const std::vector<std::string>& names) {
  try {
    const std::string file = context.config_file();
    std::error_code error;
    if (!fs::exists(file, error)) return "\nThere is no file " + file + "; `berth init` writes a berth.toml";
    const auto servers = config::server_names_of(file);
    if (servers.empty()) return "";
    const std::vector<std::string_view> known(servers.begin(), servers.end());
    for (const std::string& name : names) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      return "\nIn " + file + " " + config::unknown_server(name, known);
    }
  } catch (const Stop&) {
  } catch (const std::exception&) {
  }
  return "";
}

}  // namespace berth::cli
