#include "os/leader_table.hpp"

#include <sys/mman.h>

namespace berth::os {

LeaderTable::LeaderTable() {
  void* memory = ::mmap(nullptr, sizeof(Places), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) places_ = static_cast<Places*>(memory);  // all zero; touched page by page
}

LeaderTable::~LeaderTable() {
  if (places_ != nullptr) ::munmap(places_, sizeof(Places));
}

void LeaderTable::add(pid_t leader) {
  if (places_ == nullptr || place_of_.contains(leader)) return;
  if (free_.empty() && used_ == capacity) return;  // its brand still tells
  std::size_t place = used_;
  if (free_.empty()) {
    ++used_;
  } else {
    place = free_.back();
    free_.pop_back();
  }
  place_of_.emplace(leader, place);
  (*places_)[place].store(leader, std::memory_order_relaxed);
}

void LeaderTable::remove(pid_t leader) {
  const auto found = place_of_.find(leader);
  if (found == place_of_.end()) return;
  (*places_)[found->second].store(0, std::memory_order_relaxed);
  free_.push_back(found->second);
  place_of_.erase(found);
}

std::unordered_set<pid_t> LeaderTable::all() const {
  std::unordered_set<pid_t> leaders;
  if (places_ == nullptr) return leaders;
  for (const auto& place : *places_) {
    const pid_t leader = place.load(std::memory_order_relaxed);
    if (leader != 0) leaders.insert(leader);
  }
  return leaders;
}

}  // namespace berth::os
