#pragma once
// A host that is not there: virtual time, processes with grandchildren, listeners, strangers, a machine that refuses to
// fork. Berth's own core runs in it as it runs in the program: governor, lives, port desk, port registry. What the
// program's shell does (queue events in order, perform acts, look for listeners, reap) is done here as it does it.
//
// The laws (laws.cpp) are checked after every step.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/governor.hpp"
#include "core/port_desk.hpp"
#include "sim/script.hpp"

namespace berth::sim {

using core::Instant;

// Which law was broken: the first word of the sentence names it.
struct Broken {
  std::string law;
  std::string sentence;
};

struct Outcome {
  std::optional<Broken> broken;
  std::uint64_t events = 0;  // handled by the governor
  std::uint64_t launches = 0;
  std::uint64_t story_hash = 0;  // of every line of the story, also when it is not kept
  Duration span{0};              // of virtual time
  std::vector<std::string> story;
  std::vector<std::pair<unsigned, unsigned>> ill_behaved;  // launches that were not
};

// One run of a server: the leader, and what it has started.
struct Child {
  bool leader = true;       // alive
  bool grandchild = false;  // alive
  bool reaped = false;
  bool stopped = false;  // SIGSTOP
  bool hurried = false;  // has had its SIGTERM
  bool said_taken = false;
  bool probed = false;
  unsigned unanswered = 0;  // probes in a row
  unsigned unheard = 0;     // looks in a row that found it not listening
  unsigned launch = 0;
  unsigned probes = 0;
  Port berth = 0;
  std::optional<Port> listens;
  bool grandchild_listens = false;
  Manners manners;
  core::ExitStatus status;

  [[nodiscard]] bool something_lives() const { return leader || grandchild; }
};
struct SimServer {
  unsigned id = 0;
  std::optional<Child> child;
  unsigned launches = 0;
  unsigned haunted = 0;  // so many launches to come lose their port to a stranger
  // For the laws.
  std::optional<Port> port;  // given, and not given back
  unsigned launched = 0;     // in this life of the supervisor
  unsigned conflicts = 0;
  core::PhaseKind phase = core::PhaseKind::idle;
  unsigned restarts = 0;
  bool was_fixed = false;  // its port, in some edition of the file
  bool touched = false;
};

class World : public core::PortBinder {
 public:
  // `keep_story`: remember its lines, and not just their hash.
  World(const Script& script, bool keep_story);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // To the end: after the last happening everything is taken down, and nothing may be left. `most_events`: stop there,
  // however things stand.
  Outcome run(std::uint64_t most_events = ~std::uint64_t{0});

 private:
  enum class What {
    happening,
    listens,
    loses_listener,
    leader_ends,
    grandchild_ends,
    reap,
    clear,
    look,
    probe,
    thaw,
    stranger_leaves
  };
  struct Entry {
    Instant at;
    std::uint64_t order = 0;
    What what = What::happening;
    std::uint32_t server = 0;  // its place in the list, or the happening's, or a port
    std::uint32_t launch = 0;
    std::uint32_t detail = 0;
    bool operator<(const Entry& other) const { return std::tie(other.at, other.order) < std::tie(at, order); }
  };

  // ---- the loop (world.cpp)
  void begin_supervisor();
  bool step();
  void handle_next_event();
  void serve(const Entry& entry);
  void happen(const Happening& happening);
  void command(const Happening& happening, std::size_t server);
  // world_reload.cpp
  void reload();
  [[nodiscard]] std::shared_ptr<ServerConfig> next_edition(std::size_t server, Dice& dice) const;
  void take_leave();
  void perform(const core::Acts& acts);
  void post(std::size_t server, core::Event event) { queue_.emplace_back(server, std::move(event)); }
  void schedule(Duration in, What what, std::size_t server, unsigned launch = 0, unsigned detail = 0);
  [[nodiscard]] bool is_the_supervisors(What what) const;
  [[nodiscard]] bool frozen() const { return time_ < frozen_until_; }
  [[nodiscard]] Instant steady() const { return time_ + skew_; }
  void look_at_ready_ones();
  void pause_machine(Duration time);
  void note_lateness();

  // ---- acts (world_acts.cpp)
  void perform(std::size_t server, const core::ClaimPort& claim);
  void perform(std::size_t server, const core::ReleasePort& release);
  void perform(std::size_t server, const core::CondemnPort& condemn);
  void perform(std::size_t server, const core::RestPort& rest);
  void perform(std::size_t server, const core::Launch& launch);
  void perform(std::size_t server, const core::SignalTree& signal);
  void perform(std::size_t server, const core::KillTree& kill);
  void perform(std::size_t server, const core::LookForListeners& look);
  void perform(std::size_t server, const core::StartProbe& probe);
  void perform(std::size_t server, const core::CancelProbe& cancel);
  void perform(std::size_t server, const core::Report& report);

  // ---- children and strangers (world_children.cpp)
  void child_listens(std::size_t server);
  void meets_taken_port(std::size_t server, Port port);
  bool listen_on(std::size_t server, Port port);
  void says_taken(std::size_t server);
  void stop_listening(std::size_t server);
  void leader_ends(std::size_t server, core::ExitStatus status);
  void grandchild_ends(std::size_t server);
  void reap(std::size_t server);
  void look(std::size_t server);
  void answer_probe(std::size_t server, unsigned probe);
  [[nodiscard]] core::Holder holder_of_berth(std::size_t server, std::string& name);
  void stranger_takes(Port port, Duration time);
  void stranger_leaves(Port port);
  void listeners_changed(Port port);

  // ---- PortBinder
  void look_anew() override {}
  std::optional<Trouble> bind(Port port) override;
  void unbind(Port port) override;
  void leave(Port port) override;
  std::string holder(Port) override { return {}; }

  // ---- the laws (laws.cpp)
  void break_law(const std::string& law, const std::string& sentence);
  [[nodiscard]] std::size_t place_of(const std::string& name) const;
  void check_claim(std::size_t server);
  void check_claimed(std::size_t server, const core::ClaimPort& claim, Port port, bool was_dead);
  void check_given_back(std::size_t server, Port port);
  void check_launch(std::size_t server, const core::Launch& launch);
  void check_phase(std::size_t server);
  void check_after(std::size_t server);
  void check_rest(std::size_t server);
  void check_alarm(std::size_t server);
  void check_unnoticed();
  [[nodiscard]] bool needs_are_back(std::size_t server) const;
  void check_calm();
  void check_shutdown();
  void check_end();

  void tell(const std::string& line);
  template <class... Parts>
  void tell_of(std::size_t server, const Parts&... parts);

  static constexpr std::int64_t a_stranger = -1;

  const Script& script_;
  bool keep_story_;
  Outcome outcome_;
  Dice dice_;
  Instant time_{std::chrono::hours(1)};
  Instant began_ = time_;
  Duration skew_{0};                // of the steady clock, by pauses of the machine
  std::optional<Instant> put_off_;  // what was due when last nobody came, in attended time
  Instant seen_at_{};               // steady: when somebody was there last
  Instant frozen_until_{};
  Instant no_processes_until_{};
  Instant no_descriptors_until_{};
  std::uint64_t scheduled_ = 0;
  std::uint64_t steps_at_this_time_ = 0;
  std::uint64_t most_events_ = 0;
  bool last_going_down_ = false;
  std::size_t quiet_checks_ = 0;  // of servers that were ready, since anything else has happened
  Instant quiet_since_{};
  unsigned supervisors_ = 0;
  unsigned edition_ = 0;            // of the file
  std::optional<Instant> down_by_;  // at the latest
  bool patience_lost_ = false;      // all were killed, in no order

  std::vector<SimServer> servers_;
  std::unordered_map<unsigned, std::size_t> by_id_;
  std::vector<std::size_t> touched_;
  std::unordered_map<Port, std::int64_t> listeners_;  // a server's place, or a stranger
  std::unordered_set<Port> bound_;                    // by the supervisor
  std::unordered_set<Port> leased_;                   // likewise, bound or not
  std::unordered_map<Port, std::size_t> berth_of_;
  std::priority_queue<Entry> agenda_;
  std::deque<std::pair<std::size_t, core::Event>> queue_;
  bool urgent_ = false;  // what was seen by a look is handled before anything else happens
  std::unique_ptr<core::PortDesk> desk_;
  std::unique_ptr<core::Governor> governor_;
};

template <class... Parts>
void World::tell_of(std::size_t server, const Parts&... parts) {
  std::string line = name_of(servers_[server].id) + ": ";
  ((line += parts), ...);
  tell(line);
}

}  // namespace berth::sim
