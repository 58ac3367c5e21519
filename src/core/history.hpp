#pragma once
// What has happened to the servers of one supervisor, for those who ask later: a bounded record for each of them, and
// one order over all. A server that flaps pushes out its own past only, never that of another.
//
// Numbers count all events of all servers from 1, without a hole; an event that was pushed out keeps its number. Times
// are wall-clock times and arguments. What is written down here is shown: redact it before.

#include <berth/config.hpp>
#include <berth/status.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cause.hpp"
#include "core/conflict.hpp"
#include "core/lifecycle.hpp"

namespace berth::core {

// One change: of the state, of what is known of it, or of the port.
struct HistoryEvent {
  std::uint64_t number = 0;  // given by the history
  WallTime at;
  State from = State::stopped;
  State to = State::stopped;
  std::optional<Cause> cause;
  std::string message;
  std::optional<Port> port;
  std::optional<int> pid;  // of the server itself, at that time
};

// The end of one run.
struct PastExit {
  WallTime at;
  ExitStatus status;
  Cause cause = Cause::crash;
  std::string message;
  int pid = 0;
  Port port = 0;
  Milliseconds ran_for{0};
};

enum class PortEnd {
  held,      // it has the port still
  released,  // given back
  lost,      // to `holder`; nobody gets this port again
  rested,    // the server says that it is taken, and nobody is seen there; nobody gets it for a while
  refused,   // somebody took it between two runs
};
std::string_view to_string(PortEnd end);

// One port, from the claim until it was left.
struct PortStay {
  Port port = 0;
  WallTime since;
  std::optional<WallTime> until;
  PortEnd end = PortEnd::held;
  std::string reason;  // why it was lost
  std::string holder;  // `COMMAND (pid N)`; empty: not known
};

class ServerHistory {
 public:
  // Per server. Whichever is reached first pushes out the oldest; the newest stays, whatever its length.
  static constexpr std::size_t most_events = 200;
  static constexpr std::size_t most_bytes = std::size_t{64} * 1024;  // of all messages
  static constexpr std::size_t most_exits = 10;
  static constexpr std::size_t most_ports = 20;
  // Longer texts are cut, between two characters.
  static constexpr std::size_t longest_message = 1024;  // bytes
  static constexpr std::size_t longest_holder = 160;

  [[nodiscard]] const std::vector<HistoryEvent>& events() const { return events_; }  // oldest first, as all of these
  [[nodiscard]] const std::vector<PastExit>& exits() const { return exits_; }
  [[nodiscard]] const std::vector<PortStay>& ports() const { return ports_; }
  // Pushed out so far.
  [[nodiscard]] std::uint64_t dropped_events() const { return dropped_events_; }
  [[nodiscard]] std::uint64_t dropped_exits() const { return dropped_exits_; }
  [[nodiscard]] std::uint64_t dropped_ports() const { return dropped_ports_; }
  // The number of the last event that was pushed out; 0: none was.
  [[nodiscard]] std::uint64_t last_dropped() const { return last_dropped_; }

 private:
  friend class History;

  std::vector<HistoryEvent> events_;
  std::size_t bytes_ = 0;
  std::vector<PastExit> exits_;
  std::vector<PortStay> ports_;
  std::uint64_t dropped_events_ = 0;
  std::uint64_t dropped_exits_ = 0;
  std::uint64_t dropped_ports_ = 0;
  std::uint64_t last_dropped_ = 0;
};

class History {
 public:
  // The number that it gets.
  std::uint64_t record(std::string_view server, HistoryEvent event);

  void record_exit(std::string_view server, PastExit exit);
  // What the verdict on the last recorded exit was.
  void judge_exit(std::string_view server, Cause cause, std::string_view message);

  // False when it has this port already: then nothing is written down. A port that it had until now counts as refused.
  bool take_port(std::string_view server, Port port, WallTime at);
  // Nothing happens when it has no port.
  void leave_port(std::string_view server, WallTime at, PortEnd end, std::string_view reason = {},
                  std::string_view holder = {});

  // What is known of `from` is `to`'s from now on; what was known of `to` is forgotten.
  void rename(std::string_view from, std::string_view to);
  void forget(std::string_view server);

  // Nothing: it was never heard of.
  [[nodiscard]] const ServerHistory* of(std::string_view server) const;
  // The number of the newest event; 0: there is none.
  [[nodiscard]] std::uint64_t latest() const { return latest_; }

  struct Line {
    std::string_view server;
    const HistoryEvent* event = nullptr;  // until the next `record`
  };
  // The first `most` events with a number above `after`, in order; of these servers, of all when there are none.
  [[nodiscard]] std::vector<Line> after(std::uint64_t after, std::size_t most,
                                        const std::vector<std::string>& servers = {}) const;
  // How many there are.
  [[nodiscard]] std::uint64_t count_after(std::uint64_t after, const std::vector<std::string>& servers = {}) const;
  // An event above `after` was pushed out.
  [[nodiscard]] bool lost_after(std::uint64_t after, const std::vector<std::string>& servers = {}) const;

 private:
  using Servers = std::map<std::string, ServerHistory, std::less<>>;
  ServerHistory& at(std::string_view server);
  template <class Visit>
  void each(const std::vector<std::string>& servers, Visit visit) const;

  Servers servers_;
  std::uint64_t latest_ = 0;
};

}  // namespace berth::core
