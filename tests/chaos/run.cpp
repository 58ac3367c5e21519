#include "chaos/run.hpp"

#include <csignal>
#include <iostream>
#include <thread>

#include "chaos/footprint.hpp"
#include "chaos/held_port.hpp"
#include "chaos/monkey.hpp"

namespace chaos {
namespace {

volatile std::sig_atomic_t asked_to_end = 0;

class Run {
 public:
  Run(const Options& options, std::uint64_t seed)
      : options_(options),
        dice_(seed),
        report_(options.verbose),
        keeper_(options),
        world_(options, keeper_.project(), dice_),
        witness_(world_, keeper_, report_),
        monkey_(options, world_, keeper_, witness_, report_, dice_) {
    harness::write_file(keeper_.config_path(), world_.config());
  }

  bool go(std::uint64_t seed) {
    report_.note("folder", keeper_.folder() + (options_.keep ? " (kept)" : ""));
    if (monkey_.up() && settle("after up")) {
      const Footprint before = at_rest();
      start_all();
      settle("after the rest");
      unrest();
      calm_down();
      start_all();
      settle("after the unrest");
      report_.note("age of the last supervisor",
                   witness_.last() ? std::to_string(witness_.last()->uptime) + " s" : "?");
      compare(before, at_rest());
    }
    end();
    report_.print(std::cout, seed, options_.seconds);
    return report_.clean();
  }

 private:
  // Looks on until it is so; what goes wrong meanwhile is noted.
  template <class Predicate>
  bool until(Milliseconds deadline, Predicate predicate) {
    const auto end = Clock::now() + deadline;
    while (!predicate()) {
      if (Clock::now() > end || interrupted()) return false;
      witness_.step();
      monkey_.step();
      std::this_thread::sleep_for(5ms);
    }
    return true;
  }

  [[nodiscard]] Words names(bool enabled_only) const {
    Words all;
    for (const ServerPlan& plan : world_.servers()) {
      if (plan.enabled || !enabled_only) all.push_back(plan.name);
    }
    return all;
  }

  // A command, and the witness looks on meanwhile.
  Result watched(const char* verb, const Words& servers) {
    Words words{verb};
    words.insert(words.end(), servers.begin(), servers.end());
    const auto command = keeper_.start(words);
    const bool ended = until(180s, [&] { return !command->program.running(); });
    const auto took = std::chrono::duration_cast<Milliseconds>(Clock::now() - command->since).count();
    report_.highest(std::string(verb) + " of " + (servers.size() > 20 ? "all ms" : "some ms"), took);
    if (!ended) command->program.signal(SIGKILL);
    const auto how = command->program.wait();
    keeper_.forget(command->program.pid());
    return {how ? how->code : -1, command->program.out(), command->program.err()};
  }

  // Code 1 when one of them cannot be launched: some cannot.
  void start_all() { (void)watched("start", names(true)); }

  // Left alone, all that can work do. Who has failed for good meanwhile is asked again, as a user would.
  bool settle(const std::string& when) {
    const auto since = Clock::now();
    auto ask_again = since + 15s;
    std::vector<const ServerView*> missing;
    const auto look_from = witness_.judged() + 2;  // a document that was asked for after now
    const bool settled = until(90s + options_.servers * 200ms, [&] {
      missing.clear();
      if (witness_.last() == nullptr || witness_.judged() < look_from) return false;
      Words failed;
      for (const ServerView& server : witness_.last()->servers) {
        const ServerPlan* plan = world_.find(server.name);
        if (plan == nullptr || !plan->behaves || !plan->enabled || server.ready) continue;
        missing.push_back(&server);
        if (server.state == "failed" || server.state == "exited") failed.push_back(server.name);
      }
      if (!failed.empty() && Clock::now() > ask_again) {
        report_.count("had to be asked again " + when, static_cast<long long>(failed.size()));
        report_.say("asked again: " + failed.front() + " and others; " + missing.front()->json);
        missing.clear();  // they are of a document that will be replaced
        (void)watched("start", failed);
        ask_again = Clock::now() + 15s;
        return false;
      }
      return missing.empty();
    });
    report_.highest("settled ms " + when, std::chrono::duration_cast<Milliseconds>(Clock::now() - since).count());
    if (settled || interrupted()) return settled;
    std::string evidence;
    for (const ServerView* server : missing) evidence += server->json + "\n" + keeper_.log_about(server->name);
    report_.violated("left alone, servers become ready", when, std::to_string(missing.size()) + " did not", evidence);
    return true;
  }

  void unrest() {
    const auto start = Clock::now();
    const auto end = start + std::chrono::seconds(options_.seconds);
    const auto last_life = start + std::chrono::milliseconds(options_.seconds * 600);
    until(std::chrono::seconds(options_.seconds) + 5s, [&] {
      if (Clock::now() > last_life) monkey_.spare_berth();
      monkey_.act();
      return Clock::now() > end;
    });
  }

  void calm_down() {
    monkey_.calm_down();
    until(60s, [this] { return monkey_.quiet(); });
  }

  // All servers stopped: a state that two moments can be compared in.
  Footprint at_rest() {
    const Result result = watched("stop", names(false));
    if (result.code != 0 && !interrupted()) {
      report_.violated("stop of all succeeds", "", "code " + std::to_string(result.code), result.err);
    }
    const auto look_from = witness_.judged() + 3;
    until(60s, [&] { return witness_.judged() >= look_from; });
    if (witness_.last() == nullptr) return {};
    for (const ServerView& server : witness_.last()->servers) {
      if (server.state != "stopped" && !interrupted()) {
        report_.violated("stop stops", server.name, "it is " + server.state, server.json);
      }
    }
    witness_.pause();
    until(5s, [this] { return !witness_.asking(); });
    const Footprint print = footprint_of(witness_.supervisor());
    witness_.resume();
    return print;
  }

  void compare(const Footprint& before, const Footprint& after) {
    report_.note("supervisor after warm-up, all stopped", before.text());
    report_.note("supervisor at the end, all stopped", after.text());
    const std::string grown = growth(before, after, options_.servers);
    if (!grown.empty() && !interrupted()) {
      report_.violated("nothing grows", "", grown, before.text() + "\n" + after.text());
    }
  }

  void end() {
    calm_down();
    start_all();  // so that there is something to end
    witness_.pause();
    const Result result = keeper_.berth({"down"}, 90s);
    const auto left = keeper_.left();
    if (result.code != 0) {
      report_.violated("down succeeds", "at the end", "code " + std::to_string(result.code),
                       result.err + keeper_.log_about("", 30));
    }
    const Census census = Census::take(keeper_.marks());
    for (const pid_t pid : left) {
      const Process* process = census.find(pid);
      report_.violated("nothing is left at the end", std::to_string(pid), "lives after `down`",
                       process != nullptr ? census.describe({process}) : "");
    }
    for (int port = world_.first_port(); port <= world_.last_port(); ++port) {
      if (const std::string how = held(port); !how.empty()) {
        report_.violated("no port is held at the end", std::to_string(port), how, census.describe_port(port));
      }
    }
  }

  const Options& options_;
  Dice dice_;
  Report report_;
  Keeper keeper_;
  World world_;
  Witness witness_;
  Monkey monkey_;
};

}  // namespace

void interrupt() {
  asked_to_end = 1;
}
bool interrupted() {
  return asked_to_end != 0;
}

bool run(const Options& options, std::uint64_t seed) {
  return Run(options, seed).go(seed) && !interrupted();
}

}  // namespace chaos
