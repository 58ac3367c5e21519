#pragma once
// The leaders of the living servers, in memory that a forked process shares: the supervisor writes, the guardian reads.

#include <sys/types.h>

#include <array>
#include <atomic>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace berth::os {

class LeaderTable {
 public:
  static constexpr std::size_t capacity = 16384;  // more than there can be berths with a process of their own

  LeaderTable();  // without memory for it, it stays empty
  ~LeaderTable();
  LeaderTable(const LeaderTable&) = delete;
  LeaderTable& operator=(const LeaderTable&) = delete;

  void add(pid_t leader);  // no-op for one that is in it, and when it is full
  void remove(pid_t leader);

  // Also in a process that was forked off since.
  [[nodiscard]] std::unordered_set<pid_t> all() const;

 private:
  using Places = std::array<std::atomic<pid_t>, capacity>;  // 0: free
  static_assert(std::atomic<pid_t>::is_always_lock_free);

  Places* places_ = nullptr;
  std::unordered_map<pid_t, std::size_t> place_of_;
  std::vector<std::size_t> free_;  // below `used_`
  std::size_t used_ = 0;           // places that have ever been
};

}  // namespace berth::os
