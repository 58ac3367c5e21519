// The ends of Berth itself, and its next lives.

#include <csignal>

#include "chaos/monkey.hpp"
#include "support/eventually.hpp"

namespace chaos {
namespace {

std::string list(const Census& census, const std::vector<pid_t>& pids) {
  std::vector<const Process*> processes;
  for (const pid_t pid : pids) {
    if (const Process* process = census.find(pid)) processes.push_back(process);
  }
  return census.describe(processes);
}

}  // namespace

bool Monkey::up() {
  witness_.pause();
  const Result result = keeper_.berth({"up", "-d"}, 60s);
  if (result.code != 0) {
    report_.violated("up -d succeeds", "", "code " + std::to_string(result.code),
                     result.err + keeper_.log_about("", 30));
  }
  report_.count("lives of Berth");
  witness_.resume();
  return result.code == 0;
}

void Monkey::expect_nothing_left(const std::string& after, std::chrono::milliseconds deadline) {
  const auto since = Clock::now();
  const bool gone = harness::eventually(
      [this] {
        step();
        return keeper_.left().empty();
      },
      deadline);
  const auto took = std::chrono::duration_cast<Milliseconds>(Clock::now() - since).count();
  report_.highest("nothing left ms after " + after, took);
  if (gone) return;
  const auto left = keeper_.left();
  report_.violated("nothing is left", after, std::to_string(left.size()) + " processes are",
                   list(Census::take(keeper_.marks()), left) + keeper_.log_about("", 20));
  keeper_.kill_everything();
}

void Monkey::end_berth(const std::string& how, bool with_guardian) {
  const pid_t pid = witness_.supervisor();
  const auto guard = guardian();
  // Just killed, and not replaced yet: nobody would clear up.
  if (!guard) return;
  witness_.pause();
  if (with_guardian) strike(keeper_.marks(), *guard, SIGKILL);
  if (!strike(keeper_.marks(), pid, SIGKILL)) return witness_.resume();
  did();
  if (!with_guardian) expect_nothing_left(how, 10s);
  if (!up()) keeper_.kill_everything();
}

void Monkey::kill_berth() {
  end_berth("kill -9 of Berth", false);
}

// What the dead have left is found by the next life, which must come up all the same.
void Monkey::kill_berth_and_guardian() {
  end_berth("kill -9 of Berth and its guardian", true);
}

void Monkey::down_and_up() {
  witness_.pause();
  did();
  const auto since = Clock::now();
  const Result result = keeper_.berth({"down"}, 60s);
  report_.highest("down ms", std::chrono::duration_cast<Milliseconds>(Clock::now() - since).count());
  if (result.code != 0) {
    report_.violated("down succeeds", "", "code " + std::to_string(result.code),
                     result.err + keeper_.log_about("", 30));
  }
  expect_nothing_left("down", 0ms);
  up();
}

}  // namespace chaos
