#pragma once
// Runs `berth` and strangers for the run, in a folder of its own, and clears all of it away at the end.

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "chaos/census.hpp"
#include "chaos/options.hpp"
#include "support/program.hpp"

namespace chaos {

using harness::Program;
using harness::Result;
using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

// A `berth` command under way.
struct Command {
  std::string line;
  Program program;
  Clock::time_point since = Clock::now();
};

class Keeper {
 public:
  explicit Keeper(const Options& options);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  [[nodiscard]] const Marks& marks() const { return marks_; }
  [[nodiscard]] const std::string& project() const { return marks_.project; }
  [[nodiscard]] std::string config_path() const { return file("berth.toml"); }
  [[nodiscard]] std::string socket_path() const { return file("run/" + marks_.project + ".sock"); }
  [[nodiscard]] std::string folder() const { return folder_.string(); }
  // Lines of Berth's own log about a server, the last ones.
  [[nodiscard]] std::string log_about(const std::string& server, std::size_t lines = 12) const;

  std::unique_ptr<Command> start(const Words& args);
  // Waits for the end of it.
  Result berth(const Words& args, std::chrono::milliseconds deadline);
  // A stranger on a port, with more options of the thief's; it ends when its stdin is closed.
  std::unique_ptr<Program> thief(int port, const Words& more);

  // Own children that may not be reaped by anybody else.
  [[nodiscard]] std::set<pid_t> own_children() const { return own_; }
  void forget(pid_t pid) { own_.erase(pid); }

  // Live processes of the project, without the commands that run for us.
  [[nodiscard]] std::vector<pid_t> left() const;
  void kill_everything();

 private:
  [[nodiscard]] std::string file(const std::string& name) const { return (folder_ / name).string(); }
  harness::ProgramPlan plan(const std::string& path, const Words& args);

  const Options& options_;
  std::filesystem::path folder_;
  Marks marks_;
  std::set<pid_t> own_;
  int runs_ = 0;
};

}  // namespace chaos
