#include "chaos/keeper.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <sstream>
#include <system_error>

#include "support/eventually.hpp"

namespace chaos {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const std::string prefix = "/tmp/berth-chaos-";

fs::path make_folder() {
  std::string name = prefix + "XXXXXX";  // short: the control socket's path has 107 bytes at most
  if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "mkdtemp");
  return name;
}

}  // namespace

Keeper::Keeper(const Options& options) : options_(options), folder_(make_folder()) {
  marks_.folder = folder_.string();
  marks_.project = "c" + marks_.folder.substr(prefix.size());
}

Keeper::~Keeper() {
  kill_everything();
  std::error_code ignored;
  if (!options_.keep) fs::remove_all(folder_, ignored);
}

harness::ProgramPlan Keeper::plan(const std::string& path, const Words& args) {
  harness::ProgramPlan plan;
  plan.path = path;
  plan.args = args;
  plan.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", folder_.string()}, {"LANG", "C.UTF-8"}};
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) plan.environment[name] = value;
  }
  plan.folder = folder_;
  plan.output = file("run-" + std::to_string(++runs_));
  return plan;
}

std::unique_ptr<Command> Keeper::start(const Words& args) {
  Words all{"-c", config_path(), "--runtime-dir", file("run"), "--log-dir", file("logs")};
  all.insert(all.begin(), args.begin(), args.end());
  harness::ProgramPlan planned = plan(options_.berth, all);
  planned.environment["BERTH_CHAOS"] = marks_.folder;
  std::string line;
  for (const std::string& word : args) line += (line.empty() ? "" : " ") + word;
  auto command = std::make_unique<Command>(Command{line, Program(planned)});
  own_.insert(command->program.pid());
  return command;
}

Result Keeper::berth(const Words& args, std::chrono::milliseconds deadline) {
  const auto command = start(args);
  const auto ended = command->program.wait(deadline);
  const Result result{ended ? (ended->signal != 0 ? 128 + ended->signal : ended->code) : 124, command->program.out(),
                      command->program.err()};
  forget(command->program.pid());
  return result;
}

// It bears no mark of the run: to Berth and to the judge it is a stranger. Its end comes with its stdin's.
std::unique_ptr<Program> Keeper::thief(int port, const Words& more) {
  Words args{"--port", std::to_string(port)};
  args.insert(args.end(), more.begin(), more.end());
  harness::ProgramPlan planned = plan(options_.thief, args);
  planned.stdin_is = harness::Stdin::pipe;
  auto program = std::make_unique<Program>(planned);
  own_.insert(program->pid());
  return program;
}

std::string Keeper::log_about(const std::string& server, std::size_t lines) const {
  std::istringstream log(harness::read_file(file("logs/berth.log")));
  std::deque<std::string> last;
  for (std::string line; std::getline(log, line);) {
    if (!server.empty() && line.find(" " + server + " ") == std::string::npos) continue;
    last.push_back("  " + line + "\n");
    if (last.size() > lines) last.pop_front();
  }
  std::string text;
  for (const std::string& line : last) text += line;
  return text;
}

std::vector<pid_t> Keeper::left() const {
  std::vector<pid_t> pids;
  const Census census = Census::take(marks_);
  for (const Process* process : census.ours()) {
    if (!own_.contains(process->pid)) pids.push_back(process->pid);
  }
  return pids;
}

void Keeper::kill_everything() {
  harness::eventually(
      [this] {
        const auto pids = left();
        for (const pid_t pid : pids) strike(marks_, pid, SIGKILL);
        reap_strangers(own_);
        return pids.empty();
      },
      20s);
}

}  // namespace chaos
