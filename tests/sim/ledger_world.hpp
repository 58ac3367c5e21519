#pragma once
// Many Berths at one port ledger, on a machine that is not there. Each Berth and each foreign program is a fiber, which
// may be killed or stopped at every call of its host, and the others go on meanwhile. The real berth::PortLedger runs
// in it under the real core::PortDesk.
//
// The laws (ledger_laws.cpp) are checked at every call.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <tuple>
#include <vector>

#include "core/port_desk.hpp"
#include "sim/fiber.hpp"
#include "sim/ledger_machine.hpp"
#include "sim/ledger_script.hpp"
#include "sim/world.hpp"

namespace berth::sim {

struct LedgerOutcome {
  std::optional<Broken> broken;
  std::uint64_t events = 0;  // calls of a host
  std::uint64_t writes = 0;  // replacements of the file
  std::uint64_t lives = 0;   // of Berths and foreigners
  std::uint64_t story_hash = 0;
  Milliseconds span{0};
  std::vector<std::string> story;
};

class LedgerWorld;

// Thrown into one that was killed, to unwind what is left of it; nobody sees anything of that.
struct Killed {};

// A program that calls its host and may be killed or stopped at each call.
class Actor {
 public:
  Actor(LedgerWorld& world, std::string name, unsigned life, std::uint64_t pid_namespace);
  virtual ~Actor() = default;
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  const std::string name;
  const unsigned life;
  SimProcess& process;

  [[nodiscard]] bool dead() const { return dead_; }
  // From outside: its next calls, so many from now, meet this.
  void will_be_killed(unsigned in_calls) { traps_.push_back({in_calls, true, {}}); }
  void will_be_stopped(unsigned in_calls, Milliseconds time) { traps_.push_back({in_calls, false, time}); }
  void be_killed();
  void wake(unsigned token);
  void begin() { fiber_.go_on(); }

  // From inside.
  void call(const char* what);                        // throws Killed
  [[nodiscard]] bool call_quietly(const char* what);  // false: it is dead
  void rest(Milliseconds time);                       // throws Killed

 protected:
  virtual void live() = 0;
  virtual void leave_the_world(bool killed) = 0;  // what the kernel does when it ends
  void idle_until(Milliseconds time);             // or until `nudge`
  void nudge();

  LedgerWorld& world_;

 private:
  struct Trap {
    unsigned calls;
    bool kills;
    Milliseconds time;
  };
  void run();
  void die(bool killed);
  bool sleep_until(Milliseconds time);

  std::vector<Trap> traps_;
  Fiber fiber_;
  bool dead_ = false;
  bool idle_ = false;
  unsigned token_ = 0;
};

// What a Berth's servers are told by the world.
struct Mail {
  enum class What { start, stop, ended, ready, tidy, look, go_down } what;
  unsigned server = 0;
  unsigned run = 0;
};

class SimHost;

class SimBerth : public Actor, public core::PortBinder {
 public:
  SimBerth(LedgerWorld& world, unsigned number, unsigned life);
  ~SimBerth() override;

  void post(Mail mail) {
    mail_.push_back(mail);
    nudge();
  }

  const unsigned number;
  const std::string project;
  unsigned description;    // of its lock file
  unsigned lock_file = 0;  // which one that is
  bool renewed = false;    // the lock file, and nobody has asked for that yet
  bool ended_in_order = false;

  // What it has asked of its ledger, for the laws.
  struct Wanted {
    bool released = false;
    std::optional<PortLedger::Instance> told;
    std::uint64_t start_time = 0;  // of what was told
    unsigned taken_under = 0;      // which lock file
    bool refused_lock = false;     // asked for again after the lock file was removed, in vain
    LedgerEntry successor_of;      // what stood there when the port was leased, and was over
  };
  std::map<Port, Wanted> wanted;
  bool dirty = false;  // something was asked for since the file was last written
  // From `enter` to `leave`, and what came of it.
  struct Visit {
    bool inside = false;
    bool tried = false;
    Step began = 0;  // the call
    Step entered = 0;
    std::int64_t wall_ms = 0;
    std::vector<std::int64_t> asked;  // the wall clock's answers since `enter`
    bool has_read = false;
    core::LedgerReading reading;
    Step version = 0;
    bool replaced = false;
  };
  Visit visit;
  Port asked_for = 0;        // by `lease`
  bool saw_another = false;  // there, or its lock
  core::LedgerReading last_reading;
  std::optional<PortLedger> ledger;

 private:
  struct Server {
    std::optional<Port> port;
    SimProcess* process = nullptr;
    unsigned runs = 0;
    std::string instance_id;
    std::int64_t created_at = 0;
  };

  void live() override;
  void leave_the_world(bool killed) override;
  void handle(const Mail& mail);
  void start(unsigned number);
  void launch(unsigned number);
  void tell(const Server& server, unsigned number, const std::string& state);
  void stop(unsigned number);
  void write();
  void tidy();
  void look();
  void go_down();
  void begin_visit();

  // ---- core::PortBinder, as os::LeasedBinder is
  void look_anew() override {}
  std::optional<Trouble> bind(Port port) override;
  void unbind(Port port) override;
  void leave(Port port) override;
  std::string holder(Port port) override;

  std::optional<core::PortDesk> desk_;
  std::deque<Mail> mail_;
  std::map<unsigned, Server> servers_;
  bool leaving_ = false;
  bool failed_ = false;  // the last write
  Milliseconds next_beat_{0};
  Milliseconds next_try_{0};
};

// A program with five fields, which takes FILE.lock with O_EXCL and knows of nothing else.
class Foreigner : public Actor {
 public:
  Foreigner(LedgerWorld& world, unsigned number, unsigned life);

  void wants_port() {
    ++wanted_;
    nudge();
  }
  void gives_up_port() {
    gives_up_ = true;
    nudge();
  }
  void ends() {
    ending_ = true;
    nudge();
  }

 private:
  void live() override;
  void leave_the_world(bool killed) override;
  bool enter();
  void leave();
  bool update();

  const unsigned number_;
  bool impatient_;  // takes an old lock away, whoever lives
  bool rude_;       // makes a damaged file anew, and an entry that looks old to it is thrown out
  unsigned wanted_ = 0;
  bool gives_up_ = false;
  bool ending_ = false;
  unsigned made_ = 0;
  std::map<Port, LedgerEntry> own_;
  Milliseconds next_beat_{0};
};

class LedgerWorld {
 public:
  LedgerWorld(const LedgerScript& script, bool keep_story);
  ~LedgerWorld();
  LedgerWorld(const LedgerWorld&) = delete;
  LedgerWorld& operator=(const LedgerWorld&) = delete;

  LedgerOutcome run();

  // ---- for those who live in it
  const LedgerScript& script;
  LedgerMachine machine;
  LedgerOutcome outcome;
  std::map<Port, unsigned> bound;  // by the life of a Berth
  std::vector<std::unique_ptr<Actor>> lives;
  std::vector<SimBerth*> berths;       // by number; none: not there
  std::vector<Foreigner*> foreigners;  // likewise
  unsigned descriptions = 0;
  bool lock_file_was_removed = false;

  void tell(const std::string& line);
  void break_law(const std::string& law, const std::string& sentence);
  void count_call(const Actor& actor);
  void wake_at(Milliseconds time, Actor& actor, unsigned token);
  void server_begins(SimBerth& berth, SimProcess& process, Port port, unsigned server, unsigned run);
  void guardian_of(SimBerth& berth);  // ends what it has left behind, unless nobody does
  SimBerth& berth_begins(unsigned number, bool with_servers);

  // ---- the laws (ledger_laws.cpp)
  void check_enter(SimBerth& berth);
  void check_read(SimBerth& berth);
  void check_leave(SimBerth& berth);
  void check_replace(SimBerth& berth, const Ledger& ledger, bool keep_old);
  void check_unlock(SimBerth& berth, Port port);
  void check_lease(SimBerth& berth, Port port, bool granted);
  void check_after(SimBerth& berth);
  void check_written(SimBerth& berth, PortLedger::Written written, bool tidied);
  void check_active(SimBerth& berth, const std::vector<LedgerEntry>& active);

 private:
  enum class What { happening, actor_wakes, server_listens, server_ready, server_ends, process_ends, guardian_ends };
  struct Entry {
    Milliseconds at;
    std::uint64_t order = 0;
    What what = What::happening;
    unsigned who = 0;
    unsigned detail = 0;
    Port port = 0;
    SimProcess* process = nullptr;
    bool operator<(const Entry& other) const { return std::tie(other.at, other.order) < std::tie(at, order); }
  };
  void schedule(Milliseconds in, Entry entry);
  void serve(const Entry& entry);
  void happen(const LedgerHappening& happening);
  void happen_to_berth(const LedgerHappening& happening);
  void happen_to_foreigner(const LedgerHappening& happening);
  void happen_to_file(const LedgerHappening& happening);
  void damage_file(std::uint32_t how, std::uint32_t more);
  void boot_anew();
  void pass(Milliseconds time);
  void end_all();

  // ---- the laws
  [[nodiscard]] bool is_of(const SimBerth& berth, const LedgerEntry& entry) const;
  [[nodiscard]] bool is_leased_by(const SimBerth& berth, const LedgerEntry& entry) const;
  [[nodiscard]] std::string why_it_has_to_stay(const SimBerth& berth, const LedgerEntry& entry) const;
  [[nodiscard]] bool has_to_go(const SimBerth& berth, const LedgerEntry& entry) const;
  void check_what_is_gone(SimBerth& berth, const Ledger& ledger);
  void check_what_is_there(SimBerth& berth, const Ledger& ledger);
  void check_rebuilt(SimBerth& berth, const Ledger& ledger);
  void check_own(SimBerth& berth, const Ledger& ledger);
  void check_end(bool in_order);

  bool keep_story_;
  std::priority_queue<Entry> agenda_;
  std::uint64_t scheduled_ = 0;
  std::uint64_t calls_at_this_time_ = 0;
  Dice dice_;
};

const LedgerEntry* on_port(const Ledger& ledger, Port port);  // none: nullptr
std::string to_string(const LedgerEntry& entry);
std::string to_string(const LedgerHappening& happening);

}  // namespace berth::sim
