#pragma once
// What is settled before a simulation begins: the servers, the manners of their children, and what people, strangers
// and the machine will do, and when. A part of it can be left out without changing the rest, which is how the shortest
// story is found.

#include <berth/config.hpp>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/conflict.hpp"
#include "sim/dice.hpp"

namespace berth::sim {

using Duration = Milliseconds;

// What a child does when it cannot bind its port.
enum class WhenTaken {
  says_so_and_ends,
  ends_silently,
  ends_with_zero,
  moves_on,
  says_so_and_stays,
  stays_silently,
  says_so_and_moves_on
};

// One process, from launch to end.
struct Manners {
  bool can_be_launched = true;   // no such command, a bad folder …
  bool reuses_address = true;    // false: cannot bind beside our hold
  bool meets_leftovers = false;  // cannot bind its port although nobody is seen there (TIME_WAIT)
  bool ignores_port = false;     // listens on a port of its own
  bool listens = true;
  bool answers = true;  // the probe
  bool fickle = false;  // stops listening as soon as it has answered
  Duration listens_after{50};
  Duration loses_listener_after{-1};  // never
  Duration ends_after{-1};            // by itself, never
  core::ExitStatus status;            // then
  WhenTaken when_taken = WhenTaken::says_so_and_ends;
  Duration obeys_after{5};        // SIGTERM; negative: ignores it
  bool has_grandchild = false;    // in a session of its own, with the listener in its hands
  bool grandchild_stays = false;  // when the leader ends
  bool grandchild_obeys = false;  // SIGTERM
  bool escapes_a_kill = false;    // the grandchild, once
};

enum class Deed {
  start,
  stop,
  restart,
  start_all,
  go_down,
  kill_all,
  status,
  reload,
  takes_port,
  takes_berth,
  leaves_port,
  no_processes,
  no_descriptors,
  suspend,
  freeze,
  kill_leader,
  kill_grandchild,
  stop_leader,
  continue_leader
};

struct Happening {
  Duration at{0};
  Deed deed = Deed::status;
  std::uint32_t who = 0;  // a server's id, or a port's place in the range
  std::uint32_t how = 0;  // how long, how many
};

struct Script {
  std::uint64_t seed = 0;
  unsigned servers = 1;
  unsigned start_concurrency = 8;
  Duration shutdown_timeout{30'000};
  PortRange range;
  bool hold = true;
  bool tame = false;                  // all children are well-behaved: for measuring
  std::vector<Happening> happenings;  // by time

  // Left out when a story is made shorter.
  std::set<unsigned> absent;                             // servers, by id
  std::set<std::pair<unsigned, unsigned>> well_behaved;  // launches: server id, how many-th

  // `edition`: of the file; 0 is the first one.
  [[nodiscard]] std::shared_ptr<ServerConfig> config(unsigned id, unsigned edition = 0) const;
  [[nodiscard]] Manners manners(unsigned id, unsigned launch) const;
};

// A small world in which much goes wrong. The same seed gives the same script.
Script write_script(std::uint64_t seed);

// A world of this size in which things go wrong at the usual rate, for `minutes` of its time.
Script write_large_script(std::uint64_t seed, unsigned servers, unsigned minutes);

std::string to_string(const Happening& happening, const PortRange& range);
std::string name_of(unsigned id);

}  // namespace berth::sim
