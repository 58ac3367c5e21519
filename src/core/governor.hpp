#pragma once
// All lives of one supervisor and what binds them to each other: dependencies, the start governor (how many may be
// starting at once), the order of stopping, and the time that shutting down may take. Pure, as the lives are: wishes
// and events in, acts out. The host performs the acts in their order and answers them with events.
//
//   start   a server waits until everything that it depends on is ready, and then for its turn: first come, first
//           served; one that lost its port in the middle of its start comes before the others.
//   stop    a server that is going down is told so when nothing that depends on it, and is going down too, has a
//           process any more. What stays up holds nobody back: a person may stop one server alone.
//   reload  another list of servers takes the place of the present one. Who is in both goes on as it is, with what the
//           new list says of it; who is not in the new one is stopped as any other, and gone when it has.
//   fail    a waiting server of which a dependency will not become ready unasked has `failed` (cause `dependency`), and
//           waits again as soon as all of them are on their way up.
//
// An event costs what it changes (that server and those that depend on it), not the number of servers.

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/attended_time.hpp"
#include "core/lifecycle.hpp"

namespace berth::core {

struct Act {
  std::size_t server = 0;
  Effect effect;
};
using Acts = std::vector<Act>;

// It will not become ready unasked.
bool down_for_good(State state);

class Governor {
 public:
  using Servers = std::vector<std::size_t>;  // a server's index stays the same as long as it is here
  struct Limits {
    unsigned start_concurrency = 8;  // servers in the state `starting` at once
    Milliseconds shutdown_timeout{30'000};
  };

  // `depends_on` of every server must name servers of the list, without a cycle. `hold`: keep berths bound. `seed`
  // decides the jitter of all delays.
  Governor(Limits limits, const std::vector<std::shared_ptr<const ServerConfig>>& servers, bool hold,
           std::uint64_t seed);

  // `now` is the steady clock's, here and below, and never goes back.
  // Starts also what they depend on: `all_of_it`, or only what is enabled. Refused (no acts) once going down.
  Acts start(const Servers& servers, bool all_of_it, Instant now);
  // `why`: what is told of it; empty: a person has asked for it.
  Acts stop(const Servers& servers, Instant now, const std::string& why = {});
  Acts restart(const Servers& servers, Instant now, const std::string& why = {});  // stopped and started in order
  Acts go_down(Instant now);
  Acts kill_all(Instant now);

  // Of one server of a new list: where it is known already, and else, afterwards, where it is from now on.
  struct Place {
    std::optional<std::size_t> at;
    std::shared_ptr<const ServerConfig> config;
    bool moves = false;  // its berth is needed by another
  };
  // Who is in no place is stopped, dependents first, and is to be taken away when it is gone. Who is new is stopped
  // and waits to be started. Nobody else is started, stopped or restarted by this.
  Acts reload(Limits limits, std::vector<Place>& places, Instant now);
  // Those that left with a reload and of which nothing is left: their places are empty from now on.
  Servers take_gone();
  // Whether somebody is here. A place that has become empty is given to another by a later reload only.
  [[nodiscard]] bool has(std::size_t server) const { return server < members_.size() && members_[server].life; }
  // It is in no list any more, and not gone yet.
  [[nodiscard]] bool is_departing(std::size_t server) const { return members_[server].departing; }

  Acts on(std::size_t server, const Event& event, Instant now);
  Acts tick(Instant now);
  // When to tick, on the steady clock.
  [[nodiscard]] std::optional<Instant> wake_at() const;
  // What the lives call now: their times (`retry_at` …) are to be compared with this.
  [[nodiscard]] Instant time(Instant now) const { return now - time_.missed(); }

  [[nodiscard]] const Lifecycle& life(std::size_t server) const { return *members_[server].life; }
  [[nodiscard]] const std::shared_ptr<const ServerConfig>& config(std::size_t server) const {
    return members_[server].config;
  }
  // Wanted down, or down and up again, as soon as its dependents are gone.
  [[nodiscard]] bool about_to_leave(std::size_t server) const { return members_[server].leaving != Leaving::no; }
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] std::size_t starting() const { return starting_; }
  [[nodiscard]] bool going_down() const { return going_down_; }
  [[nodiscard]] bool shutdown_timed_out() const { return shutdown_timed_out_; }
  [[nodiscard]] bool all_down() const { return idle_ == members_.size() && leaving_ == 0; }

 private:
  // A wish to go down that is not told yet, because dependents have to be gone first.
  enum class Leaving { no, down, restart };
  using Turn = std::pair<std::uint64_t, std::size_t>;  // ticket, server

  struct Member {
    std::unique_ptr<Lifecycle> life;
    std::shared_ptr<const ServerConfig> config;
    Servers needs;
    Servers needed_by;
    std::optional<Instant> deadline;
    Leaving leaving = Leaving::no;
    std::string leaving_why;
    bool to_restart = false;  // was asked to, and has not been told yet: a stop and a start in between do not undo that
    bool departing = false;
    std::uint64_t ticket = 0;  // 0: none
    std::optional<Turn> turn;  // its place in the queue
    bool reconsidered_soon = false;
    // What the others have been told of this one.
    State state = State::stopped;
    bool wanted = false;
    bool idle = true;
    bool serves = false;      // ready, and not about to leave
    bool needs_them = false;  // goes down and has a process: what it depends on has to stay
    // What the others have told this one.
    std::size_t missing = 0;     // needs that do not serve
    std::size_t needed_now = 0;  // dependents whose `needs_them` is set
  };

  void place(std::size_t at, std::shared_ptr<const ServerConfig> config);
  void connect();
  void attend(Instant now);
  Acts done();
  void send(std::size_t server, const Event& event);
  void note(std::size_t server);
  void leave(std::size_t server, Leaving how, const std::string& why = {});
  void reconsider_soon(std::size_t server);
  void reconsider(std::size_t server);
  void reconsider_waiting(std::size_t server);
  void settle();
  void queue(std::size_t server);
  void unqueue(std::size_t server);
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  Limits limits_;
  bool hold_;
  std::uint64_t seed_;
  std::vector<Member> members_;  // some places may be empty: idle, and nothing to anybody
  std::size_t departing_ = 0;
  AttendedTime time_;
  Instant now_{};  // attended, of the call being handled
  Acts acts_;      // of the call being handled
  std::deque<std::size_t> to_reconsider_;
  std::set<std::pair<Instant, std::size_t>> deadlines_;
  std::set<Turn> queue_;  // may start, in this order, when there is room
  std::uint64_t last_ticket_ = 0;
  std::size_t starting_ = 0;
  std::size_t idle_ = 0;
  std::size_t leaving_ = 0;
  bool going_down_ = false;
  bool shutdown_timed_out_ = false;
  std::optional<Instant> shutdown_at_;
};

}  // namespace berth::core
