#pragma once
// The second signal. A server that does not answer a probe in time may be dead inside, or have no time just now: before
// anybody ends it, its processes are asked too, by what the kernel has noted about them.

#include <chrono>
#include <map>
#include <string_view>

#include "core/backoff.hpp"

namespace berth::core {

// What a server's processes did while an answer was awaited.
enum class Pulse {
  unknown,  // nobody could look, or there was no time to
  idle,     // they slept, with a processor to be had: no answer is being made
  busy,     // they computed
  blocked,  // they waited for a disk or the like, and could not be interrupted
  starved,  // they wanted to run, and the machine had no time for them
  stopped,  // SIGSTOP
  traced,   // a debugger has them
};
std::string_view to_string(Pulse pulse);

// At one moment; the times are those of each thread since it began.
struct ThreadTimes {
  std::chrono::nanoseconds ran{0};     // on a processor
  std::chrono::nanoseconds waited{0};  // for a processor
};
struct VitalSigns {
  Instant at{};
  std::map<int, ThreadTimes> threads;  // by their ids
  bool known = false;                  // false: nothing could be read
  bool blocked = false;                // some thread was
  bool stopped = false;
  bool traced = false;
};

// A busy process on a busy machine waits too, and would be `busy` on an idle one: who has run this share of the time
// was not kept from answering by others.
constexpr double share_of_the_busy = 0.10;
constexpr double share_of_the_starved = 0.25;

// What a thread has done that came in between counts, and what one did that has ended since is not known. `before` may
// be unknown: then only what `after` shows at a glance is told.
Pulse pulse_between(const VitalSigns& before, const VitalSigns& after);

// How a probe of one that listens failed.
enum class ProbeFault {
  silent,   // took the connection (or its kernel did) and did not answer in time
  refused,  // no connection
  broken,   // answered with something that is not HTTP, or hung up
  unasked,  // nothing of its doing: no descriptor, no memory, no address to ask from
};

// What one failed probe weighs. One full doubt makes a server unhealthy, `health.failures` of them end it. A probe
// counts in full only when both signals agree: it is not answered, and its processes do nothing about it. When they
// disagree (they compute, or somebody answers nonsense), it takes three of them. Nothing at all is counted against one
// that the machine does not let run.
constexpr unsigned full_doubt = 3;
unsigned doubt_of(ProbeFault fault, Pulse pulse);

}  // namespace berth::core
