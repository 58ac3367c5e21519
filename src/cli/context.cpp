#include "cli/context.hpp"

#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "config/names.hpp"
#include "config/project.hpp"
#include "os/runtime_dir.hpp"

namespace berth::cli {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string user_config() {
  std::string home = environment("XDG_CONFIG_HOME");
  if (home.empty()) home = environment("HOME") + "/.config";
  return home + "/berth/berth.toml";
}

}  // namespace

void Context::add_options(CLI::App& app) {
  app.add_option("-c,--config", config_,
                 "The configuration (default: $BERTH_CONFIG, ./berth.toml, "
                 "$XDG_CONFIG_HOME/berth/berth.toml)")
      ->type_name("FILE");
  app.add_option("-p,--project", project_, "The project (default: `name` in the file, else its folder's name)")
      ->type_name("PROJECT");
  app.add_option("--runtime-dir", runtime_dir_,
                 "Private folder for sockets and locks (default: $BERTH_RUNTIME_DIR, "
                 "$XDG_RUNTIME_DIR/berth, /tmp/berth-$UID)")
      ->type_name("DIR");
  app.add_option("--log-dir", log_dir_,
                 "Folder for log files (default: $BERTH_LOG_DIR, "
                 "$XDG_STATE_HOME/berth/PROJECT/logs)")
      ->type_name("DIR");
  app.add_flag("-q,--quiet", quiet_, "Say only what is wrong");
  app.add_flag("-v,--verbose", verbose_, "Say more");
  choose_from(app.add_option("--color", color_, "Colours (default auto: on a terminal, unless NO_COLOR is set)"),
              {"auto", "always", "never"});
}

std::vector<std::string> Context::common_arguments() const {
  std::vector<std::string> arguments;
  const auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    arguments.emplace_back(name);
    arguments.push_back(value);
  };
  add("-c", config_);
  add("-p", project_);
  add("--runtime-dir", runtime_dir_);
  add("--log-dir", log_dir_);
  if (color_ != "auto") add("--color", color_);
  if (quiet_) arguments.emplace_back("-q");
  if (verbose_) arguments.emplace_back("-v");
  return arguments;
}

std::string Context::config_file() const {
  if (!config_.empty()) return config_;
  if (const auto named = environment("BERTH_CONFIG"); !named.empty()) return named;
  for (const std::string& file : {std::string("berth.toml"), user_config()}) {
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) return file;
  }
  throw Stop{exit_usage, "no configuration: there is no berth.toml here and no " + user_config() +
                             "; `berth init` writes a first one, -c FILE names another"};
}

config::LoadOptions Context::load_options() const {
  config::LoadOptions options;
  if (!project_.empty()) options.project = project_;
  return options;
}

Config Context::load(const config::LoadOptions& options) const {
  auto result = config::load(config_file(), options);
  for (const auto& diagnostic : result.diagnostics) {
    const bool error = diagnostic.severity == config::Severity::error;
    if (error || !quiet_) std::cerr << config::to_string(diagnostic) << "\n";
  }
  if (!result.config) throw Stop{exit_usage, ""};
  return std::move(*result.config);
}

std::string Context::project() const {
  const std::string name = project_.empty() ? config::project_of(config_file()) : project_;
  if (!config::is_valid_name(name)) {
    std::error_code error;
    if (project_.empty() && !std::filesystem::exists(config_file(), error)) {
      throw Stop{exit_usage, "there is no file " + config_file() + "; `berth init` writes a first one"};
    }
    throw Stop{exit_usage, "the project's name must be " + std::string(config::name_rule) + ", not `" + name + "`"};
  }
  return name;
}

std::string Context::runtime_dir() const {
  const std::string folder = runtime_dir_.empty() ? os::default_runtime_dir() : runtime_dir_;
  std::error_code error;
  const auto absolute = std::filesystem::absolute(folder, error).lexically_normal();
  return error ? folder : absolute.string();
}

std::string Context::log_dir(const std::string& project) const {
  const std::string folder = log_dir_.empty() ? os::default_log_dir(project) : log_dir_;
  std::error_code error;
  const auto absolute = std::filesystem::absolute(folder, error).lexically_normal();
  return error ? folder : absolute.string();
}

std::string Context::socket() const {
  const auto path = os::socket_path(runtime_dir(), project());
  if (!path) throw Stop{exit_usage, path.error()};
  return *path;
}

std::string Context::registry() const {
  try {
    const auto result = config::load(config_file(), load_options());
    return result.config ? result.config->ports.registry : "";
  } catch (const Stop&) {
    return "";
  }
}

bool Context::colour_on(int fd) const {
  if (color_ != "auto") return color_ == "always";
  return ::isatty(fd) == 1 && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
}

}  // namespace berth::cli
