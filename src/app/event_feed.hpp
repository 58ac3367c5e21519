#pragma once
// The history, told to those who follow it, as server-sent events (WHATWG HTML, 9.2). Nothing is queued for anybody:
// whoever follows has a place in the history, and reads on from there when he has taken what came before. One who is
// too slow finds that what he had not read was pushed out, and is told so.

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/control_server.hpp"
#include "core/history.hpp"

namespace berth::app {

class EventFeed {
 public:
  explicit EventFeed(const core::History& history) : history_(history) {}

  struct Wish {
    std::optional<std::uint64_t> after;  // the number of the last event that is known; one that is yet to come: none
    std::vector<std::string> servers;    // empty: all
    bool follow = true;
  };
  void answer(Wish wish, const Respond& respond);

  // There may be new events.
  void settled();
  // There will be none: all answers end when they have told the rest.
  void finish();

  [[nodiscard]] std::size_t size();  // who follows

 private:
  class Reader;
  struct Follower {
    std::weak_ptr<Reader> reader;  // lives as long as its answer
    Wake wake;
  };

  const core::History& history_;
  std::list<Follower> followers_;
  std::uint64_t told_ = 0;
  bool finished_ = false;
};

}  // namespace berth::app
