#include "app/event_feed.hpp"

#include <algorithm>
#include <utility>

#include "app/explanation.hpp"
#include "os/json_text.hpp"

namespace berth::app {

namespace {

constexpr std::size_t most_in_a_piece = 32;  // events; some 50 KiB at the worst

std::string gap(const std::optional<std::uint64_t>& missed) {
  return "event: gap\ndata: {\"missed\":" + (missed ? std::to_string(*missed) : "null") + "}\n\n";
}

}  // namespace

class EventFeed::Reader {
 public:
  Reader(const EventFeed& feed, Wish wish)
      : feed_(feed), wish_(std::move(wish)), at_(wish_.after.value_or(0)), end_of_past_(history().latest()) {
    // A number of an earlier supervisor: all that this one has is new.
    if (at_ > end_of_past_) {
      at_ = 0;
      wish_.after.reset();
    }
    still_to_come_ = history().count_after(at_, wish_.servers);
    resumes_ = wish_.after.has_value();
  }

  std::optional<std::string> next() {
    std::string piece;
    if (std::exchange(resumes_, false)) tell_what_is_missing(end_of_past_ - still_to_come_, piece);
    const std::uint64_t limit = wish_.follow ? UINT64_MAX : end_of_past_;
    for (const auto& [server, event] : history().after(at_, most_in_a_piece, wish_.servers)) {
      if (event->number > limit) break;
      account_for(event->number, piece);
      piece += "id: " + std::to_string(event->number) + "\ndata: " + os::json_text(to_json(server, *event)) + "\n\n";
      at_ = event->number;
    }
    if (piece.empty()) leave_the_past(piece);
    if (piece.empty() && (!wish_.follow || feed_.finished_)) return std::nullopt;
    return piece;
  }

 private:
  [[nodiscard]] const core::History& history() const { return feed_.history_; }

  // An old history is told with its holes. What was still there when it was asked for, and has gone since, is missing;
  // and so is whatever has come since and gone unread.
  void account_for(std::uint64_t number, std::string& piece) {
    if (number <= end_of_past_) {
      --still_to_come_;
      return;
    }
    leave_the_past(piece);
    tell_what_is_missing(number - 1, piece);
  }

  void leave_the_past(std::string& piece) {
    if (at_ >= end_of_past_ && still_to_come_ == 0) return;
    if (still_to_come_ > 0) piece += gap(std::exchange(still_to_come_, 0));
    at_ = std::max(at_, end_of_past_);
  }

  // Every number up to `last` stands for an event that can no longer be told. Where only some servers are asked for,
  // the numbers are those of others too, and how many are missing is not known.
  void tell_what_is_missing(std::uint64_t last, std::string& piece) const {
    if (last <= at_) return;
    if (wish_.servers.empty()) {
      piece += gap(last - at_);
    } else if (history().lost_after(at_, wish_.servers)) {
      piece += gap(std::nullopt);
    }
  }

  const EventFeed& feed_;
  Wish wish_;
  std::uint64_t at_;             // the last one that was told
  std::uint64_t end_of_past_;    // the last one when it was asked
  std::uint64_t still_to_come_;  // of the past
  bool resumes_ = false;
};

void EventFeed::answer(Wish wish, const Respond& respond) {
  const bool follow = wish.follow;
  auto reader = std::make_shared<Reader>(*this, std::move(wish));
  std::weak_ptr<Reader> weak = reader;
  Wake wake = respond.stream({"text/event-stream", [reader = std::move(reader)] { return reader->next(); }});
  if (follow) followers_.push_back({std::move(weak), std::move(wake)});
}

void EventFeed::settled() {
  if (told_ == history_.latest()) return;
  told_ = history_.latest();
  followers_.remove_if([](const Follower& follower) { return follower.reader.expired(); });
  for (const Follower& follower : followers_) follower.wake();
}

void EventFeed::finish() {
  finished_ = true;
  for (const Follower& follower : followers_) follower.wake();
}

std::size_t EventFeed::size() {
  followers_.remove_if([](const Follower& follower) { return follower.reader.expired(); });
  return followers_.size();
}

}  // namespace berth::app
