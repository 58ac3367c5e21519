#pragma once
// The life of one server: events in, effects out, time as an argument. No clock, no system call, no callback: the same
// code runs under the real host and under a simulated one.
//
// What is seen from outside (the states of the status document) is a view of these phases and of what is wanted:
//
//   phase      wanted up                                       wanted down
//   idle       exited, or failed (with a cause)                stopped
//   waiting    waiting: for a dependency or for its turn       -
//   claiming   starting: a port has been asked for             -
//   launching  starting: a process has been asked for          -
//   starting   starting: it lives, and is not ready yet        -
//   ready      ready                                           -
//   unhealthy  unhealthy: it was ready and lost its listener   -
//              or does not answer any more
//   backoff    backoff or crashloop                            -
//   stopping   stopping; `after_stop` says what comes next     stopping
//
//                    start    stop     restart  proceed  claimed  refused  launched  not_launched
//   idle             waiting  idle     waiting  -        !        !        !         !
//   waiting          -        idle     -        claiming !        !        !         !
//   claiming         -        -        -        -        launch., backoff, !         !
//                                                        idle     idle
//   launching        -        -        -        -        !        !        starting  backoff, idle
//   starting         -        stopping stopping -        !        !        !         !
//   ready            -        stopping stopping -        !        !        !         !
//   unhealthy        -        stopping stopping -        !        !        !         !
//   backoff          waiting  idle     waiting  -        !        !        !         !
//   stopping         then up  then dn  then up  -        !        !        !         !
//
// Whatever asks for a port has been `waiting` and got its `proceed`, a retry after a conflict too: what depends on
// others and how many may start at once is decided in one place, by the governor (governor.hpp).
//
//                    seen     said_taken  probed   ended             cleared   tick
//   idle             -        -           -        !                 -         -
//   waiting          -        -           -        !                 -         -
//   claiming         -        -           -        !                 -         -
//   launching        -        -           -        !                 -         -
//   starting         judged,  judged      looks    stopping → judged -         settle, probe, patience, timeout
//                    ready                again
//   ready            unhealthy, -         stays,   stopping → judged -         check; counters start anew
//                    stopping             unhealthy,
//                                         stopping
//   unhealthy        ready,   -           ready,   stopping → judged -         check
//                    stopping             stopping
//   backoff          -        -           -        !                 -         waiting
//   stopping         -        -           -        leader gone       next      SIGKILL to the tree
//
// Beside these: `held_back` and `dependency_failed` mean something to a waiting one only (why it waits; idle), and
// `kill_now` is a stop without patience. A stop that meets `claiming` or `launching` takes effect at the answer.
//
// `-` is decided and does nothing; `!` cannot happen while the host answers each request once, and is ignored.
// `ready` is entered by a look alone, one that was asked for after the probe had passed: an answer proves that somebody
// answers, not who, and not that he still does.
//
// What is checked of one that was ready, and what it takes to end it: lifecycle_health.cpp and vital_signs.hpp.
//
// `ended` says that the leader was reaped, `cleared` that nothing of its tree is left: a berth is given back, or used
// again, only after both. A port is therefore released exactly once, by whichever path leaves `stopping`. A run that
// ended by itself and left nothing passes through `stopping` within one event.

#include <array>
#include <berth/config.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/backoff.hpp"
#include "core/cause.hpp"
#include "core/conflict.hpp"
#include "core/limits.hpp"
#include "core/vital_signs.hpp"

namespace berth::core {

// The states of the status document.
enum class State { stopped, waiting, starting, ready, unhealthy, backoff, crashloop, stopping, exited, failed };
std::string_view to_string(State state);

// ---- events ---------------------------------------------------------------------------------------------------------

struct Start {};    // a person, the configuration, or a dependency that came back
struct Stop {       // wanted down
  std::string why;  // empty: a person has asked for it
};
struct Restart {  // stop if it runs, then start
  std::string why;
};
struct Proceed {};  // its dependencies are ready and it is its turn
struct KillNow {};  // no patience any more: SIGKILL whatever is being stopped
struct HeldBack {   // not yet, and why
  std::optional<Cause> cause;
  std::string message;
};
struct DependencyFailed {
  std::string message;
};

struct PortClaimed {
  Port port = 0;
};
struct PortRefused {
  Cause cause = Cause::port_range_exhausted;
  std::string message;
  bool passing = false;  // worth asking again, unasked
  bool ours = false;     // another server of this project has it still: nobody has failed
};
struct Launched {};
struct NotLaunched {
  Cause cause = Cause::spawn_failed;
  std::string message;
};

// What the listeners of this host say about one server.
struct ListenersSeen {
  bool own_here = false;              // its tree listens on its berth, and nobody else does
  bool stranger_here = false;         // somebody else listens on its berth
  std::string stranger;               // `COMMAND (pid N)`; empty when not known
  std::optional<Port> own_elsewhere;  // a port, not its berth, on which its tree listens
  std::string note;                   // e.g. "listens on 192.0.2.1:50000 only"
};
struct SaidTaken {
  std::string line;
};
struct ProbePassed {
  std::string note;  // alive, and yet: "answers 503 to OPTIONS /mcp"
};
struct ProbeFailed {
  std::string message;
  ProbeFault fault = ProbeFault::silent;
  Pulse pulse = Pulse::unknown;
};
struct Ended {
  ExitStatus status;
  Holder holder = Holder::nobody;
  std::string holder_name;
  bool said_taken = false;
  std::optional<Port> other_port_taken;  // its output says that it wanted this port instead
  std::string said_listening;            // the line in which it said that it listens
  std::optional<LimitVerdict> limit;     // one of its limits explains a crash
  bool tree_left = false;                // processes of its tree live on; `Cleared` follows when they are gone
};
struct Cleared {};
struct Tick {};

using Event =
    std::variant<Start, Stop, Restart, Proceed, HeldBack, KillNow, DependencyFailed, PortClaimed, PortRefused, Launched,
                 NotLaunched, ListenersSeen, SaidTaken, ProbePassed, ProbeFailed, Ended, Cleared, Tick>;

// ---- effects --------------------------------------------------------------------------------------------------------

struct ClaimPort {
  std::optional<Port> prefer;  // the berth of the run before
  std::vector<Port> avoid;     // dead ones among these are not revived: they failed in this very series
  bool held = false;           // `prefer` is this server's still; else it may be another's by now
};
struct ReleasePort {
  Port port = 0;
};
struct CondemnPort {  // dead from now on
  Port port = 0;
  std::string reason;
  std::string holder;
};
struct RestPort {  // not handed out for a while
  Port port = 0;
};
struct Launch {
  Port port = 0;
  bool hold = true;  // keep the berth bound while the child lives
};
struct SignalTree {
  int signal = 0;
};
struct KillTree {};
struct LookForListeners {};  // an answer now is worth more than at the next round
struct StartProbe {
  bool health = false;  // of one that is ready, by `health.probe`; else by `ready.probe`
};
struct CancelProbe {};
struct Report {  // one line of the history: the state as seen from outside has changed, or is worth telling again
  State from = State::stopped;
  State to = State::stopped;
  std::optional<Cause> cause;
  std::string message;
  std::optional<Port> port;
  std::optional<Milliseconds> retry_in;
  unsigned same_failures = 0;  // in a row, when this tells of one
};

using Effect = std::variant<ClaimPort, ReleasePort, CondemnPort, RestPort, Launch, SignalTree, KillTree,
                            LookForListeners, StartProbe, CancelProbe, Report>;
using Effects = std::vector<Effect>;

// ---- the machine ----------------------------------------------------------------------------------------------------

enum class PhaseKind { idle, waiting, claiming, launching, starting, ready, unhealthy, backoff, stopping };

struct LastExit {
  ExitStatus status;
  Cause cause = Cause::crash;
  std::string message;
};

class Lifecycle {
 public:
  // How long a child whose berth a stranger has, or which has said that its port is taken while nobody is seen there,
  // is given to try and fail by itself; and how long one that has said so while only our hold is there is given to go
  // on.
  static constexpr Milliseconds patience_with_stranger{10'000};
  static constexpr Milliseconds patience_with_words{2'000};

  // After a refusal of the machine or of the port desk, which come at once: also with `backoff.initial = "0s"` a retry
  // is no loop.
  static constexpr Milliseconds shortest_retry{100};
  static constexpr Milliseconds longest_wait_for_ours{5'000};  // between two looks whether it has left

  // `hold`: keep berths bound (`ports.hold`). `seed` decides the jitter.
  Lifecycle(std::shared_ptr<const ServerConfig> config, bool hold, std::uint64_t seed);

  Lifecycle(const Lifecycle&) = delete;
  Lifecycle& operator=(const Lifecycle&) = delete;

  Effects on(const Event& event, Instant now);

  // From now on. What runs is left as it is, and whether it has to start anew is for others to say; delays that have
  // begun are cut to what they may be. One whose `port` was changed, or that `moves`, leaves its berth as soon as
  // no process of it is there: others may need that port for it to start at all.
  void reconfigure(std::shared_ptr<const ServerConfig> config, Instant now, bool moves = false);

  // When to send the next Tick; nothing when no time matters.
  [[nodiscard]] std::optional<Instant> deadline() const;

  [[nodiscard]] State state() const;
  [[nodiscard]] PhaseKind phase() const;
  [[nodiscard]] bool wanted_up() const { return wanted_up_; }
  [[nodiscard]] bool is_ready() const { return phase() == PhaseKind::ready; }
  // It waits in the middle of a start, to try another port: its turn has come already.
  [[nodiscard]] bool is_trying_ports() const { return phase() == PhaseKind::waiting && trying_ports_; }
  [[nodiscard]] std::optional<Port> port() const { return port_; }
  [[nodiscard]] bool holds_port() const { return hold_; }
  [[nodiscard]] std::optional<Cause> reason() const { return reason_; }
  [[nodiscard]] const std::string& message() const { return message_; }  // the reason in words
  [[nodiscard]] std::optional<Instant> retry_at() const;
  [[nodiscard]] std::optional<Instant> kill_at() const;
  [[nodiscard]] std::optional<Milliseconds> time_to_ready() const { return time_to_ready_; }
  [[nodiscard]] unsigned starts() const { return starts_; }
  [[nodiscard]] unsigned restarts() const { return restarts_; }
  // Those that followed this failure; of all causes together as many as there were restarts.
  [[nodiscard]] unsigned restarts_after(Cause cause) const { return restarts_after_[static_cast<std::size_t>(cause)]; }
  [[nodiscard]] unsigned consecutive_failures() const { return backoff_.failures(); }
  [[nodiscard]] unsigned same_failures() const { return same_failures_; }  // in a row, by cause and message
  [[nodiscard]] unsigned port_conflicts() const { return port_conflicts_; }
  [[nodiscard]] const std::optional<LastExit>& last_exit() const { return last_exit_; }

 private:
  struct Idle {
    State shown = State::stopped;
  };
  struct Waiting {};
  struct Claiming {};
  struct Launching {};
  struct Starting {
    Instant since;
    std::optional<Instant> listening_since;
    std::optional<Instant> stranger_since;
    std::optional<Instant> said_taken_at;
    std::optional<Instant> next_probe;
    ListenersSeen seen;
    bool had_listened = false;
    bool probing = false;
    bool looking = false;   // the host was asked to look, and has not answered yet
    bool answered = false;  // the probe has passed; one more look, and it is ready
    unsigned probes_failed = 0;
    std::string note;  // of the answer
  };
  // Of one that was ready: what is known of its health, kept from `ready` to `unhealthy` and back.
  struct Check {
    Instant next;
    bool probing = false;
    bool looking = false;  // the host was asked to look, because it was time
    bool lost = false;     // its listener was gone when last seen
    bool answers = true;
    unsigned doubt = 0;  // see doubt_of
  };
  struct Ready {
    Instant since;
    Check check;
  };
  struct Unhealthy {
    Instant ready_since;
    Check check;
  };
  struct BackingOff {
    Instant retry_at;
  };
  // What comes when nothing of the tree is left.
  enum class AfterStop { down, up, failure, conflict, conflict_by_word, unblocked, fail_for_good };
  struct Stopping {
    AfterStop next = AfterStop::down;
    Instant kill_at;
    bool leader_gone = false;
    bool killed = false;
    bool was_ready = false;
    bool ended_by_itself = false;
    Cause cause = Cause::stopped_by_user;
    std::string message;
    std::string holder;
  };
  using Phases = std::variant<Idle, Waiting, Claiming, Launching, Starting, Ready, Unhealthy, BackingOff, Stopping>;

  void handle(const Start&);
  void handle(const Stop&);
  void handle(const Restart&);
  void handle(const Proceed&);
  void handle(const HeldBack&);
  void handle(const KillNow&);
  void handle(const DependencyFailed&);
  void handle(const PortClaimed&);
  void handle(const PortRefused&);
  void handle(const Launched&);
  void handle(const NotLaunched&);
  void handle(const ListenersSeen&);
  void handle(const SaidTaken&);
  void handle(const ProbePassed&);
  void handle(const ProbeFailed&);
  void handle(const Ended&);
  void handle(const Cleared&);
  void handle(const Tick&);

  void judge_starting();
  void settled(Starting& starting);
  void became_ready(const Starting& starting);
  void start_took_too_long(const Starting& starting);
  void tick_starting(Starting& starting);

  [[nodiscard]] Check* check();
  [[nodiscard]] const Check* check() const;
  [[nodiscard]] Check first_check() const;
  [[nodiscard]] bool looks_only() const;
  [[nodiscard]] Instant in_step(Instant time) const;
  [[nodiscard]] bool checks_time() const;
  void tick_check(Check& check);
  void seen_when_ready(const ListenersSeen& event);
  void answered_when_ready(const ProbePassed& event);
  void silent_when_ready(const ProbeFailed& event);
  void well_again();
  void doubted(unsigned doubt, bool may_end, std::string message);
  void cancel_probe();
  void tick_stopping(Stopping& stopping);
  void judge_end(const Ended& ended, Phase phase, bool had_listened);
  void count_silent_end(const Ended& ended, Verdict verdict);

  static void start_after(Stopping& stopping);
  void begin_stop(Stopping stopping);
  void leader_gone(const Ended& ended);
  void after_stop();
  void after_failure(const Stopping& stopping);
  void next_port(const Stopping& stopping);
  void retry_later(Cause cause, std::string message, bool was_ready, Milliseconds at_least = {});
  void fail(Cause cause, std::string message);
  void wait_for_turn();
  void try_again_at_once(std::optional<Cause> cause, std::string message);
  void count_same_failures(Cause cause, const std::string& message);
  void claim();
  void rest_at(State shown);
  void wait_for_berth(const PortRefused& event);
  void release_port();
  void leave_port_if_told();
  void forget_series();
  void explain(std::optional<Cause> cause, std::string message);
  void report();

  std::shared_ptr<const ServerConfig> config_;
  Backoff backoff_;
  Phases state_ = Idle{};
  Instant now_{};                  // of the event being handled
  Effects effects_;                // of the event being handled
  bool reported_ = false;          // by this event
  State before_ = State::stopped;  // this event

  bool wanted_up_ = false;
  bool hold_;
  bool hold_wanted_;
  std::optional<Cause> retrying_after_;  // the next launch follows this failure
  bool trying_ports_ = false;            // the next launch belongs to the start that is under way
  unsigned silent_ends_ = 0;             // in a row, before ready, without a word and without ever listening
  std::optional<Port> port_;
  std::optional<Port> last_port_;  // preferred at the next start
  bool leaves_port_ = false;       // before it starts again
  std::vector<Port> tried_;        // ports lost to conflicts since the last start or ready
  std::optional<Cause> reason_;
  std::string message_;
  std::optional<std::pair<Cause, std::string>> last_failure_;
  unsigned same_failures_ = 0;
  std::optional<LastExit> last_exit_;
  std::optional<Milliseconds> time_to_ready_;
  unsigned starts_ = 0;
  unsigned restarts_ = 0;
  std::array<unsigned, cause_names.size()> restarts_after_{};
  unsigned port_conflicts_ = 0;
  double spread_;  // 0–1: where in the interval its checks fall, so that those of all servers are spread
};

}  // namespace berth::core
