#pragma once
// What is done to the project: random deeds, several a second.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chaos/clients.hpp"
#include "chaos/witness.hpp"

namespace chaos {

class Monkey {
 public:
  Monkey(const Options& options, const World& world, Keeper& keeper, Witness& witness, Report& report, Dice& dice);

  // One deed, when the last is long enough ago.
  void act();
  // What is under way: thieves that leave, stopped processes that go on, commands that end. Returns at once.
  void step();
  // Lives of Berth no longer end: the last one is to be a long one.
  void spare_berth() { spare_berth_ = true; }
  // Everything that is stopped goes on, strangers leave.
  void calm_down();
  // No command is under way.
  [[nodiscard]] bool quiet() const { return commands_.empty(); }

  // Starts the supervisor; false, with a violation, when it does not come up.
  bool up();

 private:
  struct Deed {
    const char* name;
    int weight;
    void (Monkey::*act)();
    bool ends_berth = false;
  };
  struct Later {
    Clock::time_point at;
    std::function<void()> act;
  };
  struct Theft {
    std::unique_ptr<Program> thief;
    Clock::time_point until;
  };

  [[nodiscard]] std::vector<Deed> deeds() const;

  // monkey_signals: who is struck
  void strike_leader();
  void strike_member();
  void stop_leader();
  void stop_member();
  void kill_guardian();
  void kill_parent();
  void freeze_berth();
  // monkey_users: commands, thieves, odd clients
  void user_command();
  void restart_a_crowd();
  void many_status();
  void talk_nonsense();
  void say_nothing();
  void steal_any_port();
  void steal_at_restart();
  // monkey_lives: Berth's own death
  void kill_berth();
  void kill_berth_and_guardian();
  void down_and_up();

  void end_berth(const std::string& how, bool with_guardian);
  void expect_nothing_left(const std::string& after, std::chrono::milliseconds deadline);
  void steal(int port);
  void command(const Words& words);
  void harvest_commands();
  void later(std::chrono::milliseconds delay, std::function<void()> act);
  void did(const std::string& whom = {}) { report_.did(current_, whom); }

  // A server of which the predicate holds; null when there is none.
  const ServerView* some(const std::function<bool(const ServerView&)>& is_so);
  const ServerView* some_alive();
  std::optional<pid_t> some_member();
  [[nodiscard]] std::optional<pid_t> guardian() const;

  const Options& options_;
  const World& world_;
  Keeper& keeper_;
  Witness& witness_;
  Report& report_;
  Dice& dice_;
  Clients clients_;
  std::vector<Later> later_;
  std::vector<Theft> thefts_;
  std::vector<std::unique_ptr<Command>> commands_;
  Clock::time_point next_ = Clock::now();
  bool spare_berth_ = false;
  bool frozen_ = false;
  const char* current_ = "";
};

}  // namespace chaos
