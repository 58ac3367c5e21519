#pragma once
// Did a server end because it had reached one of its limits? One pure function from evidence to a verdict, and the
// words by which servers say so.
//
// A limit that somebody has set proves nothing: without a count of the kernel, or words of the server among its last
// ones, an end stays what it was.

#include <array>
#include <berth/config.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/cause.hpp"
#include "core/conflict.hpp"

namespace berth::core {

enum class Limit { memory, open_files, processes };

// What the kernel has counted in a control group since it was made.
struct GroupCounts {
  std::uint64_t memory_reached = 0;  // no page could be had below memory.max
  std::uint64_t memory_killed = 0;   // processes that were ended for want of memory, the machine's as well
  std::uint64_t forks_refused = 0;   // because of pids.max
};

// Of which limit does this line of output speak? Words of the C library and of the runtimes.
std::optional<Limit> limit_spoken_of(std::string_view line);

// Which limits were spoken of lately. A runtime that dies prints a trace of some dozens of lines behind the words; what
// was said long before the end has not been its reason.
class LimitWords {
 public:
  static constexpr unsigned lately = 60;  // lines

  // Of a server without such limits there is nothing to hear.
  static bool matter_for(const LimitsConfig& limits) { return limits.memory || limits.open_files || limits.processes; }

  void hear(std::string_view line);
  [[nodiscard]] bool said(Limit limit) const;

 private:
  std::uint64_t lines_ = 0;
  std::array<std::uint64_t, 3> heard_at_{};  // by Limit: the number of the line; 0: never
};

struct LimitEvidence {
  ExitStatus ended;
  LimitsConfig limits;
  bool memory_by_group = false;  // the control group has it; else each process by itself
  bool processes_by_group = false;
  GroupCounts group;
  LimitWords words;
};

struct LimitVerdict {
  Cause cause = Cause::resource_limit;
  std::string words;  // "reached limits.processes = 64"

  friend bool operator==(const LimitVerdict&, const LimitVerdict&) = default;
};

// Empty: no limit has to do with it, as far as is known.
std::optional<LimitVerdict> limit_reached(const LimitEvidence& evidence);

}  // namespace berth::core
