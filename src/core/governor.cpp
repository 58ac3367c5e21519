#include "core/governor.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace berth::core {

namespace {

bool has_process(State state) {
  return state == State::starting || state == State::ready || state == State::unhealthy || state == State::stopping;
}

}  // namespace

bool down_for_good(State state) {
  return state == State::failed || state == State::exited || state == State::stopped;
}

Governor::Governor(Limits limits, const std::vector<std::shared_ptr<const ServerConfig>>& servers, bool hold,
                   std::uint64_t seed)
    : limits_(limits), hold_(hold), seed_(seed), members_(servers.size()), idle_(servers.size()) {
  for (std::size_t i = 0; i < servers.size(); ++i) place(i, servers[i]);
  connect();
}

void Governor::place(std::size_t at, std::shared_ptr<const ServerConfig> config) {
  members_[at].life = std::make_unique<Lifecycle>(config, hold_, seed_);
  members_[at].config = std::move(config);
  seed_ += 0x9e3779b97f4a7c15ULL;
}

// Who needs whom, by what the configurations say, and what follows from that for each. Those that depart keep what they
// need: they stop in order.
void Governor::connect() {
  std::unordered_map<std::string_view, std::size_t> by_name;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!has(i)) continue;
    members_[i].needed_by.clear();
    if (members_[i].departing) continue;
    members_[i].needs.clear();
    by_name.emplace(members_[i].config->name, i);
  }
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!has(i)) continue;
    Member& member = members_[i];
    if (!member.departing) {
      for (const std::string& name : member.config->depends_on) member.needs.push_back(by_name.at(name));
    }
    member.missing = 0;
    for (const std::size_t need : member.needs) {
      members_[need].needed_by.push_back(i);
      if (!members_[need].serves) ++member.missing;
    }
  }
  for (Member& member : members_) {
    member.needed_now = static_cast<std::size_t>(std::count_if(
        member.needed_by.begin(), member.needed_by.end(), [this](std::size_t by) { return members_[by].needs_them; }));
  }
}

// ---- wishes ---------------------------------------------------------------------------------------------------------

Acts Governor::start(const Servers& servers, bool all_of_it, Instant now) {
  attend(now);
  if (going_down_) return done();
  std::set<std::size_t> seen;
  Servers todo = servers;
  while (!todo.empty()) {
    const std::size_t i = todo.back();
    todo.pop_back();
    if (!seen.insert(i).second) continue;
    std::copy_if(members_[i].needs.begin(), members_[i].needs.end(), std::back_inserter(todo),
                 [&](std::size_t need) { return all_of_it || members_[need].config->enabled; });
  }
  const std::set<std::size_t> asked(servers.begin(), servers.end());
  // Who is about to be restarted will be up, and as what is configured now.
  for (const std::size_t i : seen) {
    const Member& member = members_[i];
    if (member.leaving == Leaving::down) leave(i, member.to_restart ? Leaving::restart : Leaving::no);
  }
  for (const std::size_t i : seen) {
    const Lifecycle& life = *members_[i].life;
    // A dependency that is up, or on its way, is left as it is: its counters are its own.
    if (asked.contains(i) || !life.wanted_up() || down_for_good(life.state())) send(i, Start{});
  }
  return done();
}

Acts Governor::stop(const Servers& servers, Instant now, const std::string& why) {
  attend(now);
  for (const std::size_t i : servers) leave(i, Leaving::down, why);
  return done();
}

Acts Governor::restart(const Servers& servers, Instant now, const std::string& why) {
  attend(now);
  if (going_down_) return done();
  for (const std::size_t i : servers) {
    members_[i].to_restart = true;
    leave(i, Leaving::restart, why);
  }
  return done();
}

Acts Governor::go_down(Instant now) {
  attend(now);
  if (std::exchange(going_down_, true)) return done();
  shutdown_at_ = now_ + limits_.shutdown_timeout;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (has(i)) leave(i, Leaving::down);
  }
  return done();
}

Acts Governor::kill_all(Instant now) {
  attend(now);
  going_down_ = true;
  shutdown_at_.reset();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (has(i)) leave(i, Leaving::no);
  }
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (has(i)) send(i, KillNow{});
  }
  return done();
}

// ---- another list ---------------------------------------------------------------------------------------------------

Acts Governor::reload(Limits limits, std::vector<Place>& places, Instant now) {
  attend(now);
  if (going_down_) return done();
  limits_ = limits;
  std::size_t empty = 0;
  const auto next_empty = [&] {
    while (empty < members_.size() && has(empty)) ++empty;
    if (empty == members_.size()) {
      members_.emplace_back();
      ++idle_;
    }
    return empty;
  };
  std::set<std::size_t> stay;
  for (const Place& place : places) {
    if (place.at) stay.insert(*place.at);
  }
  Servers depart;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (has(i) && !members_[i].departing && !stay.contains(i)) depart.push_back(i);
  }
  for (Place& it : places) {
    if (it.at) {
      Member& member = members_[*it.at];
      if (std::exchange(member.departing, false)) --departing_;
      member.config = it.config;
      member.life->reconfigure(it.config, now_, it.moves);
    } else {
      it.at = next_empty();
      place(*it.at, it.config);
    }
  }
  for (const std::size_t i : depart) members_[i].departing = true;
  departing_ += depart.size();
  connect();
  for (const std::size_t i : depart) leave(i, Leaving::down, "it is not in the configuration any more");
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (has(i)) note(i);
  }
  return done();
}

Governor::Servers Governor::take_gone() {
  Servers gone;
  if (departing_ == 0) return gone;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    if (!member.departing || !member.idle || member.leaving != Leaving::no) continue;
    unqueue(i);
    if (member.deadline) deadlines_.erase({*member.deadline, i});
    for (const std::size_t need : member.needs) std::erase(members_[need].needed_by, i);
    for (const std::size_t by : member.needed_by) std::erase(members_[by].needs, i);
    member = Member{};
    gone.push_back(i);
  }
  departing_ -= gone.size();
  return gone;
}

// ---- what happens ---------------------------------------------------------------------------------------------------

Acts Governor::on(std::size_t server, const Event& event, Instant now) {
  attend(now);
  send(server, event);
  return done();
}

Acts Governor::tick(Instant now) {
  attend(now);
  Servers due;
  for (auto at = deadlines_.begin(); at != deadlines_.end() && at->first <= now_; ++at) due.push_back(at->second);
  for (const std::size_t i : due) send(i, Tick{});
  if (shutdown_at_ && *shutdown_at_ <= now_) {
    shutdown_timed_out_ = !all_down();
    return kill_all(now);
  }
  return done();
}

std::optional<Instant> Governor::next_deadline() const {
  if (deadlines_.empty()) return shutdown_at_;
  const Instant first = deadlines_.begin()->first;
  return shutdown_at_ ? std::min(first, *shutdown_at_) : first;
}

std::optional<Instant> Governor::wake_at() const {
  const auto next = next_deadline();
  return next ? std::optional(time_.steady(*next)) : std::nullopt;
}

void Governor::attend(Instant now) {
  now_ = time_.at(now, next_deadline());
}

Acts Governor::done() {
  settle();
  if (going_down_ && all_down()) shutdown_at_.reset();
  return std::exchange(acts_, {});
}

void Governor::send(std::size_t server, const Event& event) {
  if (!has(server)) return;  // it has left
  Member& member = members_[server];
  for (Effect& effect : member.life->on(event, now_)) acts_.push_back({server, std::move(effect)});
  note(server);
}

// Passes on what has changed.
void Governor::note(std::size_t server) {
  Member& member = members_[server];
  const Lifecycle& life = *member.life;

  if (const auto deadline = life.deadline(); deadline != member.deadline) {
    if (member.deadline) deadlines_.erase({*member.deadline, server});
    if (deadline) deadlines_.emplace(*deadline, server);
    member.deadline = deadline;
  }
  const State before = std::exchange(member.state, life.state());
  const bool was_wanted = std::exchange(member.wanted, life.wanted_up());
  const bool was_idle = std::exchange(member.idle, life.phase() == PhaseKind::idle);
  if (before == State::starting) --starting_;
  if (member.state == State::starting) ++starting_;
  if (was_idle) --idle_;
  if (member.idle) ++idle_;

  const bool serves = member.state == State::ready && member.leaving == Leaving::no;
  const bool served = std::exchange(member.serves, serves);
  const bool hopeful = !down_for_good(member.state);
  const bool news = serves != served || hopeful == down_for_good(before) || member.wanted != was_wanted;
  for (const std::size_t i : member.needed_by) {
    if (serves != served) served ? ++members_[i].missing : --members_[i].missing;
    if (news) reconsider_soon(i);
  }
  const bool goes = !member.wanted || member.leaving != Leaving::no || member.state == State::stopping;
  const bool needs_them = has_process(member.state) && goes;
  if (const bool needed = std::exchange(member.needs_them, needs_them); needed != needs_them) {
    for (const std::size_t i : member.needs) {
      needs_them ? ++members_[i].needed_now : --members_[i].needed_now;
      if (members_[i].needed_now == 0) reconsider_soon(i);
    }
  }
  reconsider_soon(server);
}

void Governor::leave(std::size_t server, Leaving how, const std::string& why) {
  Member& member = members_[server];
  if (member.leaving != Leaving::no) --leaving_;
  if (how != Leaving::no) ++leaving_;
  member.leaving = how;
  member.leaving_why = why;
  note(server);
}

// ---- what follows ---------------------------------------------------------------------------------------------------

void Governor::reconsider_soon(std::size_t server) {
  if (!std::exchange(members_[server].reconsidered_soon, true)) to_reconsider_.push_back(server);
}

void Governor::settle() {
  while (true) {
    while (!to_reconsider_.empty()) {
      const std::size_t server = to_reconsider_.front();
      to_reconsider_.pop_front();
      members_[server].reconsidered_soon = false;
      reconsider(server);
    }
    if (queue_.empty() || starting_ >= limits_.start_concurrency) return;
    const std::size_t next = queue_.begin()->second;
    unqueue(next);
    send(next, Proceed{});
  }
}

void Governor::reconsider(std::size_t server) {
  if (!has(server)) return;
  Member& member = members_[server];
  if (member.leaving != Leaving::no && member.needed_now == 0) {
    const bool again = member.leaving == Leaving::restart;
    std::string why = std::move(member.leaving_why);
    member.to_restart = false;
    leave(server, Leaving::no);
    return again ? send(server, Restart{std::move(why)}) : send(server, Stop{std::move(why)});
  }
  const bool may_queue = member.state == State::waiting && member.leaving == Leaving::no && member.missing == 0;
  if (!may_queue) unqueue(server);
  if (member.state != State::waiting) member.ticket = 0;
  if (member.state == State::waiting) return reconsider_waiting(server);
  const bool lost_dependency = member.state == State::failed && member.life->reason() == Cause::dependency;
  if (!lost_dependency) return;
  const bool back = std::all_of(member.needs.begin(), member.needs.end(), [&](std::size_t need) {
    return members_[need].wanted && !down_for_good(members_[need].state);
  });
  if (back) send(server, Start{});
}

void Governor::reconsider_waiting(std::size_t server) {
  Member& member = members_[server];
  if (member.ticket == 0) member.ticket = ++last_ticket_;
  const auto say = [&](std::optional<Cause> cause, const std::string& message) {
    if (member.life->message() != message) send(server, HeldBack{cause, message});
  };
  std::optional<std::size_t> missing;
  for (const std::size_t need : member.needs) {
    if (down_for_good(members_[need].state)) {
      return send(server, DependencyFailed{"`" + members_[need].config->name + "`, which it depends on, is " +
                                           std::string(to_string(members_[need].state))});
    }
    if (!missing && !members_[need].serves) missing = need;
  }
  if (missing) return say(Cause::dependency, "waits for `" + members_[*missing].config->name + "` to be ready");
  if (member.leaving != Leaving::no) return;
  queue(server);
  const bool room = starting_ + queue_.size() <= limits_.start_concurrency;
  if (!room && !member.life->is_trying_ports()) {
    say(std::nullopt, "waits for its turn (supervisor.start_concurrency)");
  }
}

void Governor::queue(std::size_t server) {
  // Bit 63 puts a start that is under way before all that have yet to begin.
  constexpr std::uint64_t not_begun = std::uint64_t{1} << 63U;
  Member& member = members_[server];
  const Turn turn{member.life->is_trying_ports() ? member.ticket : member.ticket | not_begun, server};
  if (member.turn == turn) return;
  unqueue(server);
  member.turn = turn;
  queue_.insert(turn);
}

void Governor::unqueue(std::size_t server) {
  if (const auto turn = std::exchange(members_[server].turn, std::nullopt)) queue_.erase(*turn);
}

}  // namespace berth::core
