#pragma once
// A project of its own for one test: folder, config, runtime dir, logs, and the proof that nothing is left of it.

#include <sys/types.h>

#include <boost/json.hpp>
#include <functional>
#include <string>
#include <vector>

#include "support/config_text.hpp"
#include "support/ports.hpp"
#include "support/program.hpp"

namespace harness {

using Object = boost::json::object;
using Arguments = std::vector<std::string>;

class Sandbox {
 public:
  // `ports` neighbouring ports, 1–32.
  explicit Sandbox(int ports = 8);
  // Kills whatever is left. Shows Berth's log and the last outputs when the test failed; BERTH_TEST_KEEP=1 in the
  // environment keeps the folder.
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  [[nodiscard]] const std::string& project() const { return project_; }
  [[nodiscard]] const PortRange& ports() const { return ports_; }
  [[nodiscard]] int port(int index = 0) const { return ports_.first() + index; }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] std::filesystem::path config_path() const { return folder_ / "berth.toml"; }
  [[nodiscard]] std::filesystem::path runtime_dir() const { return folder_ / "run"; }
  [[nodiscard]] std::filesystem::path log_dir() const { return folder_ / "logs"; }
  [[nodiscard]] std::filesystem::path socket_path() const { return runtime_dir() / (project_ + ".sock"); }
  [[nodiscard]] std::string server_log(const std::string& name) const;

  [[nodiscard]] ConfigText config() const { return {project_, ports_}; }
  void write(const ConfigText& config) const;
  void write(const std::string& text) const;

  // How `path` is run here: own environment, folder and output files.
  ProgramPlan plan(const std::string& path, const Arguments& args);
  Result berth(const Arguments& args, std::chrono::milliseconds deadline = 2 * patience);
  // The program while it runs, for a foreground `up` and for signals.
  Program start_berth(const Arguments& args);
  // `up --detach`, and no error.
  void up(const Arguments& more = {});
  // `down`, no error, and nothing left.
  void down();

  // The document of `status --json`; fails the test when there is none.
  Object status();
  Object server(const std::string& name);

  // Waits until `name` is in `state`, or until `is_so` holds for it; fails the test at the deadline.
  Object await(const std::string& name, const std::string& state, std::chrono::milliseconds deadline = patience);
  Object await(const std::string& name, const std::string& what, const std::function<bool(const Object&)>& is_so,
               std::chrono::milliseconds deadline = patience);
  // Waits until the supervisor answers.
  void await_supervisor();

  // Live processes of the project's servers, grandchildren with a cleared environment included.
  [[nodiscard]] std::vector<pid_t> server_processes() const;
  // The same with the supervisor and its helpers.
  [[nodiscard]] std::vector<pid_t> all_processes() const;
  [[nodiscard]] bool nothing_left() const { return all_processes().empty(); }
  // What `all_processes` are, for messages.
  [[nodiscard]] std::string describe_processes() const;

 private:
  [[nodiscard]] std::map<std::string, std::string> environment() const;
  void kill_everything() const;
  void show() const;

  PortRange ports_;
  std::string project_;
  std::filesystem::path folder_;
  int runs_ = 0;
  std::string last_status_;
  int exceptions_at_start_;
};

}  // namespace harness
