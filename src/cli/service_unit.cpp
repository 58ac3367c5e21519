#include "cli/service_unit.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "cli/version.hpp"
#include "config/load.hpp"
#include "config/secrets.hpp"
#include "os/fd.hpp"
#include "os/read_file.hpp"
#include "os/runtime_dir.hpp"

namespace berth::cli {

namespace fs = std::filesystem;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string unit_folder() {
  const std::string xdg = environment("XDG_CONFIG_HOME");
  if (!xdg.empty()) return xdg + "/systemd/user";
  const std::string home = environment("HOME");
  if (home.empty()) throw Stop{exit_failed, "HOME is not set: where are the units of this user?"};
  return home + "/.config/systemd/user";
}

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto found = fs::absolute(path, error).lexically_normal();
  return error ? path : found.string();
}

// As it stands on PATH, if it does: such a name outlives an update of what it leads to.
std::string own_program() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  std::istringstream folders(environment("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path candidate = fs::path(folder) / "berth";
    if (candidate.is_absolute() && fs::equivalent(candidate, self, error)) return candidate.lexically_normal().string();
  }
  return self.string();
}

// The common options of this command line, and of the variables of Berth, so that the service and this shell mean the
// same files.
std::vector<std::string> arguments(const Context& context, const std::string& project) {
  std::vector<std::string> words{"-c", absolute(context.config_file())};
  if (const auto given = context.load_options().project) words.insert(words.end(), {"-p", *given});
  const auto given = context.common_arguments();
  const auto has = [&](const char* option) { return std::ranges::find(given, option) != given.end(); };
  if (has("--runtime-dir") || !environment("BERTH_RUNTIME_DIR").empty()) {
    words.insert(words.end(), {"--runtime-dir", context.runtime_dir()});
  }
  if (has("--log-dir") || !environment("BERTH_LOG_DIR").empty() || !environment("XDG_STATE_HOME").empty()) {
    words.insert(words.end(), {"--log-dir", context.log_dir(project)});
  }
  return words;
}

[[noreturn]] void cannot_write(const std::string& path, int error) {
  throw Stop{exit_failed, "cannot write " + path + ": " + std::strerror(error)};
}

}  // namespace

ServiceUnit look_at_unit(const std::string& project) {
  ServiceUnit unit;
  unit.name = unit_name(project);
  unit.path = absolute(unit_folder() + "/" + unit.name);
  struct stat info {};
  if (::lstat(unit.path.c_str(), &info) != 0) return unit;
  unit.there = ServiceUnit::There::foreign;
  if (!S_ISREG(info.st_mode)) return unit;
  const auto text = os::read_file(unit.path, 1U << 20U);
  if (!text || !text->starts_with(unit_mark)) return unit;
  unit.there = ServiceUnit::There::ours;
  unit.text = *text;
  return unit;
}

void write_unit(const ServiceUnit& unit, const std::string& text, bool secret) {
  if (const auto made = os::make_folders(fs::path(unit.path).parent_path()); !made) {
    throw Stop{exit_failed, made.error()};
  }
  const std::string fresh = unit.path + ".new";  // systemd reads no such names
  ::unlink(fresh.c_str());
  const os::Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret ? 0600 : 0644));
  if (!file) cannot_write(fresh, errno);
  const bool whole = ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (whole && ::fsync(file.get()) == 0 && ::rename(fresh.c_str(), unit.path.c_str()) == 0) return;
  const int error = errno;
  ::unlink(fresh.c_str());
  cannot_write(unit.path, error);
}

WantedUnit wanted_unit(const Context& context, const std::map<std::string, std::string>& manager,
                       const std::vector<std::string>& pass) {
  // Which variables does it take from this shell? Those that are found when it is read.
  std::set<std::string> used;
  auto options = context.load_options();
  options.environment = [&used, find = options.environment](std::string_view name) {
    auto value = find(name);
    if (value) used.emplace(name);
    return value;
  };
  const Config config = context.load(options);
  WantedUnit wanted;
  UnitFacts facts;
  facts.project = config.name;
  facts.version = version;
  facts.program = own_program();
  facts.arguments = arguments(context, config.name);
  facts.shutdown_timeout = config.supervisor.shutdown_timeout;
  std::set<std::string> written;
  const auto hand_on = [&](const std::string& name) {
    if (written.insert(name).second) facts.environment.emplace_back(name, environment(name.c_str()));
  };
  // A unit's own PATH leads to the programs of the system; npx, node and uvx are elsewhere as often as not.
  for (const char* name : {"PATH", "BERTH_CGROUPS"}) {
    if (!environment(name).empty()) hand_on(name);
  }
  for (const std::string& name : pass) {
    if (std::getenv(name.c_str()) == nullptr) throw Stop{exit_usage, "--env: `" + name + "` is not set here"};
    hand_on(name);
    wanted.secret = wanted.secret || config::looks_secret(name);
  }
  for (const std::string& name : used) {
    const auto known = manager.find(name);
    const bool same = known != manager.end() && known->second == environment(name.c_str());
    if (written.contains(name) || same) continue;
    if (!config::looks_secret(name)) {
      hand_on(name);
    } else if (known == manager.end()) {
      wanted.missing.push_back(name);
    }
  }
  wanted.text = unit_text(facts);
  return wanted;
}

}  // namespace berth::cli
