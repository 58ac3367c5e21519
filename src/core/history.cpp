#include "core/history.hpp"

#include <algorithm>
#include <queue>
#include <utility>

#include "core/utf8.hpp"

namespace berth::core {

std::string_view to_string(PortEnd end) {
  switch (end) {
    case PortEnd::held: return "held";
    case PortEnd::released: return "released";
    case PortEnd::lost: return "lost";
    case PortEnd::rested: return "rested";
    case PortEnd::refused: return "refused";
  }
  return "?";
}

namespace {

// True when the oldest had to go.
template <class Item>
bool push(std::vector<Item>& items, Item item, std::size_t most) {
  items.push_back(std::move(item));
  if (items.size() <= most) return false;
  items.erase(items.begin());
  return true;
}

auto first_above(const std::vector<HistoryEvent>& events, std::uint64_t number) {
  return std::upper_bound(events.begin(), events.end(), number,
                          [](std::uint64_t n, const HistoryEvent& event) { return n < event.number; });
}

}  // namespace

void History::rename(std::string_view from, std::string_view to) {
  auto node = servers_.extract(servers_.find(from));
  forget(to);
  if (node.empty()) return;
  node.key() = std::string(to);
  servers_.insert(std::move(node));
}

void History::forget(std::string_view server) {
  if (const auto at = servers_.find(server); at != servers_.end()) servers_.erase(at);
}

ServerHistory& History::at(std::string_view server) {
  const auto found = servers_.find(server);
  return found != servers_.end() ? found->second : servers_[std::string(server)];
}

const ServerHistory* History::of(std::string_view server) const {
  const auto found = servers_.find(server);
  return found != servers_.end() ? &found->second : nullptr;
}

std::uint64_t History::record(std::string_view server, HistoryEvent event) {
  ServerHistory& history = at(server);
  event.number = ++latest_;
  event.message = cut(event.message, ServerHistory::longest_message);
  history.bytes_ += event.message.size();
  history.events_.push_back(std::move(event));
  while (history.events_.size() > ServerHistory::most_events ||
         (history.bytes_ > ServerHistory::most_bytes && history.events_.size() > 1)) {
    history.bytes_ -= history.events_.front().message.size();
    history.last_dropped_ = history.events_.front().number;
    history.events_.erase(history.events_.begin());
    ++history.dropped_events_;
  }
  return latest_;
}

void History::record_exit(std::string_view server, PastExit exit) {
  ServerHistory& history = at(server);
  exit.message = cut(exit.message, ServerHistory::longest_message);
  if (push(history.exits_, std::move(exit), ServerHistory::most_exits)) ++history.dropped_exits_;
}

void History::judge_exit(std::string_view server, Cause cause, std::string_view message) {
  ServerHistory& history = at(server);
  if (history.exits_.empty()) return;
  history.exits_.back().cause = cause;
  history.exits_.back().message = cut(message, ServerHistory::longest_message);
}

bool History::take_port(std::string_view server, Port port, WallTime time) {
  ServerHistory& history = at(server);
  if (!history.ports_.empty() && !history.ports_.back().until) {
    if (history.ports_.back().port == port) return false;
    leave_port(server, time, PortEnd::refused);
  }
  if (push(history.ports_, PortStay{.port = port, .since = time}, ServerHistory::most_ports)) ++history.dropped_ports_;
  return true;
}

void History::leave_port(std::string_view server, WallTime time, PortEnd end, std::string_view reason,
                         std::string_view holder) {
  ServerHistory& history = at(server);
  if (history.ports_.empty() || history.ports_.back().until) return;
  PortStay& stay = history.ports_.back();
  stay.until = time;
  stay.end = end;
  stay.reason = cut(reason, ServerHistory::longest_message);
  stay.holder = cut(holder, ServerHistory::longest_holder);
}

template <class Visit>
void History::each(const std::vector<std::string>& servers, Visit visit) const {
  for (const auto& [name, history] : servers_) {
    if (servers.empty() || std::find(servers.begin(), servers.end(), name) != servers.end()) visit(name, history);
  }
}

std::vector<History::Line> History::after(std::uint64_t after, std::size_t most,
                                          const std::vector<std::string>& servers) const {
  if (after >= latest_) return {};
  struct Reader {
    std::string_view server;
    std::vector<HistoryEvent>::const_iterator next;
    std::vector<HistoryEvent>::const_iterator end;
  };
  const auto later = [](const Reader& a, const Reader& b) { return a.next->number > b.next->number; };
  std::priority_queue<Reader, std::vector<Reader>, decltype(later)> readers(later);
  each(servers, [&](const std::string& name, const ServerHistory& history) {
    const auto next = first_above(history.events_, after);
    if (next != history.events_.end()) readers.push({name, next, history.events_.end()});
  });
  std::vector<Line> lines;
  while (!readers.empty() && lines.size() < most) {
    Reader reader = readers.top();
    readers.pop();
    lines.push_back({reader.server, &*reader.next});
    if (++reader.next != reader.end) readers.push(reader);
  }
  return lines;
}

std::uint64_t History::count_after(std::uint64_t after, const std::vector<std::string>& servers) const {
  std::uint64_t count = 0;
  each(servers, [&](const std::string&, const ServerHistory& history) {
    count += static_cast<std::uint64_t>(history.events_.end() - first_above(history.events_, after));
  });
  return count;
}

bool History::lost_after(std::uint64_t after, const std::vector<std::string>& servers) const {
  bool lost = false;
  each(servers,
       [&](const std::string&, const ServerHistory& history) { lost = lost || history.last_dropped_ > after; });
  return lost;
}

}  // namespace berth::core
