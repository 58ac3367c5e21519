// Signals to servers and to Berth.

#include <csignal>
#include <cstring>

#include "chaos/monkey.hpp"

namespace chaos {
namespace {

const std::vector<int> deadly{SIGKILL, SIGKILL, SIGKILL, SIGTERM, SIGTERM, SIGSEGV};

std::string told(const std::string& name, pid_t pid, int signal) {
  return name + " (pid " + std::to_string(pid) + ") " + ::strsignal(signal);
}

}  // namespace

void Monkey::strike_leader() {
  const ServerView* server = some_alive();
  if (server == nullptr) return;
  const int signal = dice_.pick(deadly);
  if (strike(keeper_.marks(), server->pid, signal)) did(told(server->name, server->pid, signal));
}

void Monkey::strike_member() {
  const auto pid = some_member();
  const int signal = dice_.pick(deadly);
  if (pid && strike(keeper_.marks(), *pid, signal)) did(told("", *pid, signal));
}

void Monkey::stop_leader() {
  const ServerView* server = some_alive();
  if (server == nullptr || !strike(keeper_.marks(), server->pid, SIGSTOP)) return;
  did(server->name);
  later(Milliseconds(dice_.between(50, 4000)), [this, pid = server->pid] { strike(keeper_.marks(), pid, SIGCONT); });
}

void Monkey::stop_member() {
  const auto pid = some_member();
  if (!pid || !strike(keeper_.marks(), *pid, SIGSTOP)) return;
  did(std::to_string(*pid));
  later(Milliseconds(dice_.between(50, 4000)), [this, pid = *pid] { strike(keeper_.marks(), pid, SIGCONT); });
}

void Monkey::kill_guardian() {
  const auto pid = guardian();
  if (pid && strike(keeper_.marks(), *pid, SIGKILL)) did(std::to_string(*pid));
}

// The process that takes note of the supervisor's end. Nothing else depends on it.
void Monkey::kill_parent() {
  const Census census = Census::take(keeper_.marks());
  for (const Process* process : census.ours()) {
    if (process->name == "berth-parent" && strike(keeper_.marks(), process->pid, SIGKILL)) did();
  }
}

// Meanwhile everything goes on: it finds a heap of news when it wakes.
void Monkey::freeze_berth() {
  const pid_t pid = witness_.supervisor();
  if (!strike(keeper_.marks(), pid, SIGSTOP)) return;
  did();
  witness_.pause();
  for (int i = 0; i < 3; ++i) {
    if (const ServerView* server = some_alive()) strike(keeper_.marks(), server->pid, SIGKILL);
  }
  frozen_ = true;
  later(Milliseconds(dice_.between(200, 2000)), [this, pid] {
    strike(keeper_.marks(), pid, SIGCONT);
    frozen_ = false;
    witness_.resume();
  });
}

}  // namespace chaos
