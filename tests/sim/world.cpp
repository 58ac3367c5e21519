// The loop: what the program's shell does between its core and the machine.

#include "sim/world.hpp"

#include <algorithm>
#include <cstdio>

namespace berth::sim {

using namespace std::chrono_literals;

World::World(const Script& script, bool keep_story)
    : script_(script), keep_story_(keep_story), dice_(seed_for(script.seed, 77)) {
  for (unsigned id = 0; id < script_.servers; ++id) {
    if (script_.absent.contains(id)) continue;
    by_id_.emplace(id, servers_.size());
    servers_.emplace_back().id = id;
  }
  for (std::size_t i = 0; i < script_.happenings.size(); ++i) {
    schedule(script_.happenings[i].at, What::happening, i);
  }
  begin_supervisor();
}

void World::begin_supervisor() {
  std::vector<std::shared_ptr<const ServerConfig>> configs;
  std::vector<Port> fixed;
  for (SimServer& server : servers_) {
    configs.push_back(script_.config(server.id));
    if (configs.back()->fixed_port) fixed.push_back(*configs.back()->fixed_port);
    server.launched = server.conflicts = server.restarts = 0;
    server.phase = core::PhaseKind::idle;
    server.was_fixed = configs.back()->fixed_port.has_value();
  }
  desk_ = std::make_unique<core::PortDesk>(script_.range, fixed, *this, [](const std::string&) {});
  governor_ =
      std::make_unique<core::Governor>(core::Governor::Limits{script_.start_concurrency, script_.shutdown_timeout},
                                       configs, script_.hold, seed_for(script_.seed, 78, supervisors_++));
  down_by_.reset();
  patience_lost_ = false;
}

Outcome World::run(std::uint64_t most_events) {
  most_events_ = most_events;
  while (!outcome_.broken && outcome_.events < most_events_ && step()) {
  }
  if (!outcome_.broken && outcome_.events < most_events_) check_end();
  outcome_.span = std::chrono::duration_cast<Duration>(time_ - began_);
  return std::move(outcome_);
}

// One thing: an event from the queue, an entry of the agenda, or a tick. False when there is nothing more to do.
bool World::step() {
  check_shutdown();
  if (time_ - began_ > std::chrono::days(10)) break_law("endless", "the world does not come to rest");
  if (!frozen()) note_lateness();
  const bool due = !agenda_.empty() && agenda_.top().at <= time_;
  if (queue_.empty()) urgent_ = false;
  if (!queue_.empty() && !frozen() && (urgent_ || !(due && dice_.chance(40)))) {
    handle_next_event();
    return true;
  }
  if (queue_.empty() && !frozen()) {
    take_leave();
    check_calm();
  }
  if (governor_->going_down() && governor_->all_down() && queue_.empty() && !last_going_down_ && !frozen()) {
    check_end();
    begin_supervisor();  // somebody types `up` again
    tell("the supervisor is down; another begins");
  }

  std::optional<Instant> wake;
  if (const auto at = governor_->wake_at()) wake = std::max({*at - skew_, time_, frozen_until_});
  // Those that are ready are checked for ever.
  if (quiet_checks_ == 0) quiet_since_ = time_;
  const bool only_checks = quiet_checks_ > 20 + 8 * servers_.size() && time_ - quiet_since_ > 5min;
  if (queue_.empty() && ((agenda_.empty() && !wake) || only_checks)) {
    if (std::exchange(last_going_down_, true)) return false;
    if (only_checks) check_unnoticed();
    quiet_checks_ = 0;
    tell("the end: all are taken down");
    perform(governor_->go_down(steady()));
    return true;
  }
  Instant next = wake ? *wake : agenda_.empty() ? frozen_until_ : agenda_.top().at;
  if (!agenda_.empty()) next = std::min(next, agenda_.top().at);
  if (!queue_.empty()) next = std::min(next, std::max(time_, frozen_until_));
  if (next > time_) {
    time_ = next;
    steps_at_this_time_ = 0;
  } else if (++steps_at_this_time_ > 10'000 + 100 * servers_.size()) {
    break_law("hot-loop", "time stands still: ever more is to be done at once");
  }
  if (!frozen()) note_lateness();
  if (!agenda_.empty() && agenda_.top().at <= time_) {
    const Entry entry = agenda_.top();
    agenda_.pop();
    if (frozen() && is_the_supervisors(entry.what)) {
      Entry later = entry;
      later.at = frozen_until_;
      agenda_.push(later);
    } else {
      serve(entry);
    }
    return true;
  }
  if (wake && *wake <= time_) {
    ++outcome_.events;
    perform(governor_->tick(steady()));
  }
  return true;
}

void World::handle_next_event() {
  const auto [server, event] = std::move(queue_.front());
  queue_.pop_front();
  ++outcome_.events;
  perform(governor_->on(server, event, steady()));
  check_after(server);
}

void World::perform(const core::Acts& acts) {
  for (const core::Act& act : acts) {
    std::visit([&](const auto& effect) { perform(act.server, effect); }, act.effect);
    check_after(act.server);
  }
}

void World::schedule(Duration in, What what, std::size_t server, unsigned launch, unsigned detail) {
  const std::uint64_t order = seed_for(script_.seed, 79, ++scheduled_);
  agenda_.push({time_ + in, order, what, static_cast<std::uint32_t>(server), launch, detail});
}

// What a supervisor that is frozen does not do.
bool World::is_the_supervisors(What what) const {
  return what == What::happening || what == What::reap || what == What::clear || what == What::look ||
         what == What::probe;
}

void World::serve(const Entry& entry) {
  if (entry.what != What::probe && entry.what != What::look) quiet_checks_ = 0;
  if (entry.what == What::happening) return happen(script_.happenings[entry.server]);
  if (entry.what == What::stranger_leaves) return stranger_leaves(static_cast<Port>(entry.server));
  if (entry.what == What::thaw) return tell("the supervisor goes on");
  const auto& child = servers_[entry.server].child;
  if (!child || child->launch != entry.launch) return;  // of a run that is over
  switch (entry.what) {
    case What::listens: return child_listens(entry.server);
    case What::loses_listener:
      if (child->leader && child->listens && !child->grandchild_listens) stop_listening(entry.server);
      return;
    case What::leader_ends:
      return leader_ends(entry.server, entry.detail == 0 ? child->manners.status
                                                         : core::ExitStatus{.signal = static_cast<int>(entry.detail)});
    case What::grandchild_ends: return grandchild_ends(entry.server);
    case What::reap: return reap(entry.server);
    case What::clear: servers_[entry.server].child.reset(); return post(entry.server, core::Cleared{});
    case What::look: return look(entry.server);
    case What::probe: return answer_probe(entry.server, entry.detail);
    default: return;
  }
}

void World::happen(const Happening& happening) {
  if (last_going_down_) return;
  const auto found = by_id_.find(happening.who % script_.servers);
  const std::size_t server = found == by_id_.end() ? servers_.size() : found->second;
  const bool of_server =
      happening.deed != Deed::start_all && happening.deed != Deed::go_down && happening.deed != Deed::kill_all &&
      happening.deed != Deed::status && happening.deed != Deed::reload && happening.deed != Deed::takes_port &&
      happening.deed != Deed::leaves_port && happening.deed != Deed::no_processes &&
      happening.deed != Deed::no_descriptors && happening.deed != Deed::suspend && happening.deed != Deed::freeze;
  if (of_server && server == servers_.size()) return;  // left out
  tell(to_string(happening, script_.range));
  command(happening, server);
}

void World::command(const Happening& happening, std::size_t server) {
  const auto port = [&] { return static_cast<Port>(script_.range.first + happening.who % script_.range.size()); };
  const Duration a_while{10 + happening.how % 30'000};
  const auto here = [&](std::size_t i) { return governor_->has(i) && !governor_->is_departing(i); };
  const bool of_one = happening.deed == Deed::start || happening.deed == Deed::stop || happening.deed == Deed::restart;
  if (of_one && !here(server)) return;  // nobody knows it
  Child* child = server < servers_.size() && servers_[server].child ? &*servers_[server].child : nullptr;
  core::Governor::Servers all;
  switch (happening.deed) {
    case Deed::start: return perform(governor_->start({server}, true, steady()));
    case Deed::stop: return perform(governor_->stop({server}, steady()));
    case Deed::restart:
      if (happening.how % 4 == 0) {  // several at once, from the last to the first
        for (std::size_t i = servers_.size(); i-- > server;) {
          if (here(i)) all.push_back(i);
        }
        return perform(governor_->restart(all, steady()));
      }
      return perform(governor_->restart({server}, steady()));
    case Deed::start_all:
      for (std::size_t i = 0; i < servers_.size(); ++i) {
        if (here(i) && governor_->config(i)->enabled) all.push_back(i);
      }
      return perform(governor_->start(all, false, steady()));
    case Deed::go_down: return perform(governor_->go_down(steady()));
    case Deed::kill_all: patience_lost_ = true; return perform(governor_->kill_all(steady()));
    case Deed::status: return look_at_ready_ones();
    case Deed::reload: return reload();
    case Deed::takes_port: return stranger_takes(port(), a_while);
    case Deed::takes_berth:
      if (happening.how % 3 == 0) servers_[server].haunted = happening.how % 13;
      if (servers_[server].port) stranger_takes(*servers_[server].port, a_while);
      return;
    case Deed::leaves_port: return stranger_leaves(port());
    case Deed::no_processes: no_processes_until_ = time_ + a_while / 4; return;
    case Deed::no_descriptors: no_descriptors_until_ = time_ + a_while / 4; return;
    case Deed::suspend: return pause_machine(Duration{std::int64_t{happening.how} * 40});  // to eleven hours
    case Deed::freeze:
      frozen_until_ = std::max(frozen_until_, time_ + Duration{happening.how});
      if (down_by_) *down_by_ += Duration{happening.how} + script_.shutdown_timeout + 60s;
      return schedule(Duration{happening.how}, What::thaw, 0);
    case Deed::kill_leader:
      if (child != nullptr && child->leader) leader_ends(server, {.signal = 9});
      return;
    case Deed::kill_grandchild:
      if (child != nullptr) grandchild_ends(server);
      return;
    case Deed::stop_leader:
      if (child != nullptr) child->stopped = true;
      return;
    case Deed::continue_leader:
      if (child != nullptr) child->stopped = false;
      return;
  }
}

// Everything stands still; only the steady clock goes on.
void World::pause_machine(Duration time) {
  const auto due = governor_->wake_at();
  if (due && *due <= steady()) return;  // was due before
  skew_ += time;
  if (!due || steady() <= *due + core::AttendedTime::longest_delay) return;
  if (!queue_.empty()) return;
  const bool again = put_off_ == governor_->time(*due);  // the second time it is served
  note_lateness();
  const core::Acts acts = governor_->tick(steady());
  // To kill once more what is being killed does no harm.
  const bool harmless = std::all_of(acts.begin(), acts.end(), [](const core::Act& act) {
    return std::holds_alternative<core::KillTree>(act.effect);
  });
  if (!again && !harmless) break_law("storm", "after a pause of hours something was overdue at once");
  perform(acts);
}

void World::note_lateness() {
  const auto due = governor_->wake_at();
  const Instant before = std::exchange(seen_at_, steady());
  if (due && steady() > std::max(*due, before) + core::AttendedTime::longest_delay) put_off_ = governor_->time(*due);
}

void World::look_at_ready_ones() {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (!governor_->has(i)) continue;
    const auto phase = governor_->life(i).phase();
    if (phase == core::PhaseKind::ready || phase == core::PhaseKind::unhealthy) look(i);
  }
}

void World::tell(const std::string& line) {
  for (const char c : line)
    outcome_.story_hash = (outcome_.story_hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  if (!keep_story_) return;
  char when[32];
  std::snprintf(when, sizeof(when), "%9.3f s  ", std::chrono::duration<double>(time_ - began_).count());
  outcome_.story.push_back(when + line);
}

}  // namespace berth::sim
