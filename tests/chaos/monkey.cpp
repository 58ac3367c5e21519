#include "chaos/monkey.hpp"

#include <algorithm>
#include <csignal>

namespace chaos {
namespace {

constexpr auto longest_command = 20s;

}  // namespace

Monkey::Monkey(const Options& options, const World& world, Keeper& keeper, Witness& witness, Report& report, Dice& dice)
    : options_(options),
      world_(world),
      keeper_(keeper),
      witness_(witness),
      report_(report),
      dice_(dice),
      clients_(dice) {}

// A new deed is a line here and a function.
std::vector<Monkey::Deed> Monkey::deeds() const {
  return {
      {"strike a leader", 30, &Monkey::strike_leader},
      {"strike a member", 20, &Monkey::strike_member},
      {"stop a leader for a while", 8, &Monkey::stop_leader},
      {"stop a member for a while", 4, &Monkey::stop_member},
      {"kill the guardian", 2, &Monkey::kill_guardian},
      {"kill the supervisor's parent", 1, &Monkey::kill_parent},
      {"steal a port", 12, &Monkey::steal_any_port},
      {"steal at a restart", 16, &Monkey::steal_at_restart},
      {"a user's command", 25, &Monkey::user_command},
      {"restart a crowd", 2, &Monkey::restart_a_crowd},
      {"many status at once", 3, &Monkey::many_status},
      {"nonsense on the socket", 8, &Monkey::talk_nonsense},
      {"silence on the socket", 4, &Monkey::say_nothing},
      {"stop Berth for a while", 1, &Monkey::freeze_berth, true},
      {"kill -9 Berth", 1, &Monkey::kill_berth, true},
      {"down and up", 1, &Monkey::down_and_up, true},
      {"kill -9 Berth and its guardian", 1, &Monkey::kill_berth_and_guardian, true},
  };
}

void Monkey::act() {
  if (Clock::now() < next_ || frozen_ || witness_.last() == nullptr) return;
  next_ = Clock::now() + Milliseconds(dice_.between(20, 180));
  const auto all = deeds();
  std::vector<int> weights;
  for (const Deed& deed : all) weights.push_back(spare_berth_ && deed.ends_berth ? 0 : deed.weight);
  const Deed& deed = all[dice_.weighted(weights)];
  current_ = deed.name;
  (this->*deed.act)();
}

void Monkey::step() {
  const auto now = Clock::now();
  std::vector<Later> due;
  std::erase_if(later_, [&](Later& one) {
    if (one.at > now) return false;
    due.push_back(std::move(one));
    return true;
  });
  for (const Later& one : due) one.act();
  std::erase_if(thefts_, [&](Theft& theft) {
    if (theft.until > now) return false;
    if (theft.thief->out().starts_with("ready")) report_.count("ports stolen");
    theft.thief->close_stdin();
    // Lying in wait it looks at its stdin now and then only.
    if (!theft.thief->wait(1s)) theft.thief->signal(SIGKILL);
    theft.thief->wait();
    keeper_.forget(theft.thief->pid());
    return true;
  });
  clients_.step();
  harvest_commands();
  reap_strangers(keeper_.own_children());
}

void Monkey::calm_down() {
  for (Later& one : later_) one.at = Clock::now();
  for (Theft& theft : thefts_) theft.until = Clock::now();
  clients_.leave();
  step();
  // Nobody stays stopped: a stopped process was perhaps started again under another pid, so all of them are told.
  const Census census = Census::take(keeper_.marks());
  for (const Process* process : census.ours()) strike(keeper_.marks(), process->pid, SIGCONT);
}

void Monkey::later(std::chrono::milliseconds delay, std::function<void()> act) {
  later_.push_back({Clock::now() + delay, std::move(act)});
}

const ServerView* Monkey::some(const std::function<bool(const ServerView&)>& is_so) {
  if (witness_.last() == nullptr) return nullptr;
  std::vector<const ServerView*> able;
  for (const ServerView& server : witness_.last()->servers) {
    if (is_so(server)) able.push_back(&server);
  }
  return able.empty() ? nullptr : dice_.pick(able);
}

const ServerView* Monkey::some_alive() {
  return some([](const ServerView& server) { return server.pid != 0; });
}

std::optional<pid_t> Monkey::some_member() {
  const ServerView* server = some_alive();
  if (server == nullptr) return std::nullopt;
  const Census census = Census::take(keeper_.marks());
  const auto tree = census.tree(server->name, server->pid);
  if (tree.empty()) return std::nullopt;
  return dice_.pick(tree)->pid;
}

std::optional<pid_t> Monkey::guardian() const {
  const Census census = Census::take(keeper_.marks());
  for (const Process* process : census.children(witness_.supervisor(), false)) {
    if (process->name == "berth-guardian") return process->pid;
  }
  return std::nullopt;
}

void Monkey::command(const Words& words) {
  if (commands_.size() >= 8) return;
  commands_.push_back(keeper_.start(words));
}

void Monkey::harvest_commands() {
  std::erase_if(commands_, [this](const std::unique_ptr<Command>& command) {
    const auto ended = command->program.wait(0ms);
    if (!ended && Clock::now() - command->since < longest_command) return false;
    const pid_t pid = command->program.pid();
    if (!ended) {
      // `stop` of a server that somebody else starts again waits for ever, and may.
      report_.count("commands given up");
      report_.say("given up: " + command->line);
      command->program.signal(SIGKILL);
      command->program.wait();
    } else {
      report_.count("commands that ended with " +
                    (ended->signal != 0 ? "signal " + std::to_string(ended->signal) : std::to_string(ended->code)));
      if (ended->signal != 0 || (ended->code > 4 && ended->code != 124)) {
        report_.violated("a command ends well", command->line,
                         "code " + std::to_string(ended->code) + ", signal " + std::to_string(ended->signal),
                         command->program.err());
      }
    }
    keeper_.forget(pid);
    return true;
  });
}

}  // namespace chaos
