#pragma once
// What every command starts from: the options that all of them take, and what follows from them.

#include <CLI/App.hpp>
#include <berth/config.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "config/load.hpp"

namespace berth::cli {

// Exit codes of the program.
constexpr int exit_ok = 0;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int exit_not_ready = 3;
constexpr int exit_no_supervisor = 4;
constexpr int exit_timed_out = 124;

// Ends a command with a message on stderr; caught in main.
struct Stop {
  int code = exit_failed;
  std::string message;
};

class Context {
 public:
  // Declares -c, -p, --runtime-dir, --log-dir, -q, -v and --color.
  void add_options(CLI::App& app);

  // The file that applies: -c, $BERTH_CONFIG, ./berth.toml, $XDG_CONFIG_HOME/berth/berth.toml. Throws Stop (2) when
  // there is none.
  [[nodiscard]] std::string config_file() const;

  // The whole file. Prints what is wrong with it on stderr; throws Stop (2) on errors.
  [[nodiscard]] Config load() const { return load(load_options()); }
  [[nodiscard]] Config load(const config::LoadOptions& options) const;

  [[nodiscard]] config::LoadOptions load_options() const;

  // Of -p, or of the file, which need not be valid as a whole: `status` works while somebody edits.
  [[nodiscard]] std::string project() const;

  // `--runtime-dir` or the default. It is not made.
  [[nodiscard]] std::string runtime_dir() const;
  [[nodiscard]] std::string log_dir(const std::string& project) const;
  [[nodiscard]] std::string socket() const;  // of the project
  // `ports.registry` of the file that applies; empty when there is none, or no such file, or it has errors.
  [[nodiscard]] std::string registry() const;

  // The common options as they were given, for another `berth` that is to see the same.
  [[nodiscard]] std::vector<std::string> common_arguments() const;

  // Colour on this descriptor: as asked for; else when it is a terminal and NO_COLOR is not set.
  [[nodiscard]] bool colour_on(int fd) const;
  // -c was given: its value.
  [[nodiscard]] const std::string& config_option() const { return config_; }
  [[nodiscard]] bool quiet() const { return quiet_; }
  [[nodiscard]] bool verbose() const { return verbose_; }

  // What the command line asked for; set by the callback of the chosen command.
  std::function<int()> action;

  // The table of commands (cli/commands.hpp).
  std::vector<std::pair<const CLI::App*, Command>> commands;

 private:
  std::string config_;
  std::string project_;
  std::string runtime_dir_;
  std::string log_dir_;
  std::string color_ = "auto";
  bool quiet_ = false;
  bool verbose_ = false;
};

// A duration as on the command line: "1m30s", or a bare number of seconds. A CLI11 validator.
std::string check_duration(const std::string& text);
Milliseconds to_duration(const std::string& text);

// One function a command: declares it and what it does.
void add_up(CLI::App& app, Context& context);
void add_down(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_start_stop_restart(CLI::App& app, Context& context);
void add_reload(CLI::App& app, Context& context);
void add_wait(CLI::App& app, Context& context);
void add_check(CLI::App& app, Context& context);
void add_ports(CLI::App& app, Context& context);
void add_url_env(CLI::App& app, Context& context);
void add_explain(CLI::App& app, Context& context);
void add_events(CLI::App& app, Context& context);
void add_logs(CLI::App& app, Context& context);
void add_inspect(CLI::App& app, Context& context);
void add_import(CLI::App& app, Context& context);
void add_client(CLI::App& app, Context& context);
void add_service(CLI::App& app, Context& context);
void add_init(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);
void add_schema(CLI::App& app, Context& context);
void add_man(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);

}  // namespace berth::cli
