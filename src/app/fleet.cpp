#include "app/fleet.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <random>
#include <unordered_map>

#include "config/names.hpp"
#include "os/memory.hpp"

namespace berth::app {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

std::uint64_t random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32U | random();
}

std::vector<std::shared_ptr<const ServerConfig>> shared(const std::vector<ServerConfig>& servers) {
  std::vector<std::shared_ptr<const ServerConfig>> all;
  for (const ServerConfig& server : servers) all.push_back(std::make_shared<const ServerConfig>(server));
  return all;
}

}  // namespace

Fleet::Fleet(asio::io_context& io, const Config& config, Harbour harbour, Observers observers)
    : io_(io),
      harbour_(std::move(harbour)),
      observers_(std::move(observers)),
      governor_({config.supervisor.start_concurrency, config.supervisor.shutdown_timeout}, shared(config.servers),
                harbour_.hold, random_seed()),
      reaper_(io, [this](const std::vector<os::Reaped>& reaped) { on_reaped(reaped); }),
      timer_(io),
      look_timer_(io),
      guardian_timer_(io),
      verify_timer_(io) {
  harbour_.post = [this](std::size_t server, core::Event event) {
    events_.emplace_back(server, std::move(event));
    run_events_soon();
  };
  if (observers_.said) {
    harbour_.said = [this](std::size_t server, Stream stream, std::string_view line) {
      observers_.said(*servers_[server], stream, line);
    };
  }
  harbour_.report = [this](std::size_t server, const core::Report& report) {
    if (observers_.reported) observers_.reported(*servers_[server], report);
  };
  harbour_.warn = [this](const std::string& line) { observers_.log(line); };
  harbour_.changed = [this](std::size_t server) { changed_.insert(server); };
  harbour_.verify_soon = [this] { verify_soon(); };
  harbour_.history = &history_;
  harbour_.metrics = &metrics_;
  harbour_.look_soon = [this] { look_within(2ms); };
  for (std::size_t i = 0; i < governor_.size(); ++i) {
    servers_.push_back(std::make_unique<Server>(harbour_, i, governor_.config(i), governor_.life(i)));
    line_.push_back(servers_.back().get());
  }
}

Fleet::~Fleet() = default;

Expected<Fleet::Servers, std::string> Fleet::find(const std::vector<std::string>& names) const {
  Servers all;
  std::vector<std::string_view> known;
  for (const Server* server : line_) {
    if (governor_.is_departing(server->index())) continue;
    known.push_back(server->config().name);
    all.push_back(server->index());
  }
  if (names.empty()) return all;
  Servers found;
  for (const std::string& name : names) {
    const auto at = std::find(known.begin(), known.end(), name);
    if (at == known.end()) {
      return Unexpected<std::string>(config::unknown_server(name, known));
    }
    found.push_back(all[static_cast<std::size_t>(at - known.begin())]);
  }
  return found;
}

// ---- what is wanted
// ---------------------------------------------------------------------------------------------------

void Fleet::start(const Servers& servers, bool all_of_it) {
  perform(governor_.start(servers, all_of_it, Clock::now()));
  run_events();
}

void Fleet::stop(const Servers& servers) {
  perform(governor_.stop(servers, Clock::now()));
  run_events();
}

void Fleet::restart(const Servers& servers) {
  perform(governor_.restart(servers, Clock::now()));
  run_events();
}

void Fleet::go_down() {
  perform(governor_.go_down(Clock::now()));
  run_events();
}

void Fleet::kill_all() {
  killing_ = true;
  perform(governor_.kill_all(Clock::now()));
  run_events();
}

// ---- another configuration ------------------------------------------------------------------------------------------

// One that stays before one of the same name that is leaving.
std::optional<std::size_t> Fleet::place_of(const std::string& name) const {
  const auto at =
      std::find_if(line_.begin(), line_.end(), [&](const Server* one) { return one->config().name == name; });
  return at == line_.end() ? std::nullopt : std::optional((*at)->index());
}

std::map<std::string, Port> Fleet::berths() const {
  std::map<std::string, Port> all;
  for (const Server* server : line_) {
    const bool stays = !governor_.is_departing(server->index());
    if (const auto port = server->life().port(); port && stays) all.emplace(server->config().name, *port);
  }
  return all;
}

void Fleet::reload(const Config& config, const config::ReloadPlan& plan) {
  std::vector<core::Governor::Place> places;
  for (std::size_t i = 0; i < config.servers.size(); ++i) {
    const auto& change = plan.servers[i];
    places.push_back(
        {place_of(change.was.value_or(change.name)), std::make_shared<ServerConfig>(config.servers[i]), change.moves});
  }
  // Who is back before it was gone may still run, as what it was.
  std::vector<bool> still_here;
  for (const auto& place : places) {
    still_here.push_back(place.at && governor_.is_departing(*place.at) && at(*place.at).pid() > 0);
  }
  const auto now = Clock::now();
  const auto acts =
      governor_.reload({config.supervisor.start_concurrency, config.supervisor.shutdown_timeout}, places, now);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto& change = plan.servers[i];
    if (change.was) {
      history_.rename(*change.was, change.name);
      metrics_.forget(*change.was);
    }
    if (has(*places[i].at) && change.fate != config::Fate::unchanged) at(*places[i].at).reconfigure(places[i].config);
  }
  line_up(places);
  perform(acts);
  Servers up;
  Servers down;
  Servers again;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto& change = plan.servers[i];
    const auto& life = governor_.life(*places[i].at);
    // A reason that was permanent may have gone with what was changed.
    const bool another_try = change.fate != config::Fate::unchanged && life.state() == core::State::failed;
    const bool is_another = life.wanted_up() && (another_try || change.fate == config::Fate::restarted);
    if (change.stops) {
      down.push_back(*places[i].at);
    } else if (is_another || (still_here[i] && change.starts)) {
      again.push_back(*places[i].at);
    } else if (change.starts) {
      up.push_back(*places[i].at);
    }
  }
  perform(governor_.stop(down, now, "it is disabled in the configuration"));
  perform(governor_.restart(again, now, "its configuration has changed"));
  perform(governor_.start(up, false, now));
  run_events();
}

void Fleet::line_up(const std::vector<core::Governor::Place>& places) {
  std::vector<Server*> leaving;
  std::copy_if(line_.begin(), line_.end(), std::back_inserter(leaving),
               [this](const Server* server) { return governor_.is_departing(server->index()); });
  line_.clear();
  servers_.resize(governor_.size());
  for (const auto& place : places) {
    auto& server = servers_[*place.at];
    if (!server) server = std::make_unique<Server>(harbour_, *place.at, place.config, governor_.life(*place.at));
    line_.push_back(server.get());
  }
  line_.insert(line_.end(), leaving.begin(), leaving.end());
}

// Of those that have left and of which nothing is left.
void Fleet::take_leave() {
  constexpr std::size_t most_remembered = 32;
  for (const std::size_t i : governor_.take_gone()) {
    gone_.push_back(servers_[i]->config().name);
    std::erase(line_, servers_[i].get());
    if (!place_of(gone_.back())) metrics_.forget(gone_.back());  // it may be another's by now
    changed_.erase(i);
    servers_[i].reset();
  }
  for (; gone_.size() > most_remembered; gone_.pop_front()) {
    if (!place_of(gone_.front())) history_.forget(gone_.front());
  }
}

// ---- the loop
// ---------------------------------------------------------------------------------------------------------

// Events come from the middle of things: of a read, of a probe's answer. They are handled when that is over.
void Fleet::run_events_soon() {
  if (running_events_ || std::exchange(events_scheduled_, true)) return;
  asio::post(io_, [this] {
    events_scheduled_ = false;
    run_events();
  });
}

void Fleet::run_events() {
  if (std::exchange(running_events_, true)) return;
  while (!events_.empty()) {
    const auto [server, event] = std::move(events_.front());
    events_.pop_front();
    const auto now = Clock::now();
    if (std::holds_alternative<core::Launched>(event)) last_launch_ = now;
    perform(governor_.on(server, event, now));
  }
  running_events_ = false;
  take_leave();
  for (Server* server : line_) server->note_reason();
  arm_timer();
  if (observers_.settled) observers_.settled();
}

void Fleet::perform(const core::Acts& acts) {
  for (const core::Act& act : acts) servers_[act.server]->perform(act.effect);
}

void Fleet::arm_timer() {
  const auto next = governor_.wake_at();
  if (timer_at_ == next) return;
  timer_at_ = next;
  if (!next) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*next);
  timer_.async_wait([this, due = std::max(*next, Clock::now())](const boost::system::error_code& error) {
    if (error) return;
    count_delay(due);
    on_timer();
  });
}

// These timers have to fire anyway: to know how late they are costs no wake-up of its own.
void Fleet::count_delay(core::Instant due) {
  metrics_.loop_delay.observe(std::chrono::duration<double>(Clock::now() - due).count());
}

void Fleet::on_timer() {
  timer_at_.reset();
  const bool in_time = !governor_.shutdown_timed_out();
  perform(governor_.tick(Clock::now()));
  if (in_time && governor_.shutdown_timed_out()) {
    killing_ = true;
    observers_.log("not all servers ended within supervisor.shutdown_timeout: killing what is left");
  }
  run_events();
}

// ---- children that ended
// ------------------------------------------------------------------------------------------------

void Fleet::on_reaped(const std::vector<os::Reaped>& reaped) {
  std::unordered_map<pid_t, std::size_t> leaders;
  for (const Server* server : line_) {
    if (server->leader_lives()) leaders.emplace(server->pid(), server->index());
  }
  // The dead are no leaders any more: what they leave behind shows up among the orphans.
  for (const os::Reaped& ended : reaped) {
    harbour_.leaders.erase(ended.pid);
    if (harbour_.guardian == nullptr || ended.pid != harbour_.guardian->pid()) continue;
    observers_.log("the guardian process was killed; starting another");
    replace_guardian();
  }
  const auto orphans = os::ProcessTree::orphans(harbour_.leaders);
  for (const os::Reaped& ended : reaped) {
    if (const auto server = leaders.find(ended.pid); server != leaders.end()) {
      core::ExitStatus status = ended.status;
      status.out_of_memory = oom_.ended(ended.pid, status, Clock::now());
      servers_[server->second]->leader_ended(status, ended.cpu_s, orphans);
    }
  }
  for (Server* server : line_) server->check_cleared(orphans);
  run_events();
}

// Where nothing can be forked, until something can.
void Fleet::replace_guardian() {
  harbour_.guardian->replace();
  if (!harbour_.guardian->running()) {
    guardian_timer_.expires_after(1s);
    return guardian_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) replace_guardian();
    });
  }
  harbour_.leaders.insert(harbour_.guardian->pid());
}

void Fleet::renew_guardian(std::vector<int> locks) {
  harbour_.guardian->retire(std::move(locks));
  replace_guardian();
}

bool Fleet::all_down() {
  return governor_.all_down() && (!going_down() || end_strays());
}

// An orphan that bears no sign of any server left its session and wiped its environment and its brand. While servers
// live it may be a part of one of them; when all are down it is what one of them has left. True when none is left that
// can be ended; the end of each brings us here again.
bool Fleet::end_strays() {
  bool none = true;
  for (const os::Orphan& orphan : os::ProcessTree::orphans(harbour_.leaders)) {
    std::vector<pid_t> tree;
    os::ProcessTree::add_descendants(orphan.stat.pid, tree);
    for (const pid_t member : tree) {
      if (::kill(member, SIGKILL) == 0) none = false;
    }
  }
  return none;
}

std::vector<std::string> Fleet::who_is_left() const {
  std::vector<std::string> left;
  for (Server* server : line_) {
    if (server->pid() == 0) continue;
    std::string what = server->config().name + " (pid " + std::to_string(server->pid());
    if (const auto kill_at = server->life().kill_at()) {
      const auto patience = std::chrono::ceil<std::chrono::seconds>(*kill_at - governor_.time(Clock::now()));
      what += patience.count() > 0 ? ", SIGKILL in " + std::to_string(patience.count()) + " s" : ", being killed";
    } else if (governor_.about_to_leave(server->index())) {
      what += ", waits for those that depend on it";
    }
    left.push_back(what + ")");
  }
  if (left.empty() && !os::ProcessTree::orphans(harbour_.leaders).empty()) left.emplace_back("what a server had left");
  return left;
}

// ---- listeners
// ----------------------------------------------------------------------------------------------------------

void Fleet::look_within(Clock::duration delay) {
  const auto at = Clock::now() + delay;
  if (look_at_ && *look_at_ <= at) return;
  look_at_ = at;
  look_timer_.expires_at(at);
  look_timer_.async_wait([this, at](const boost::system::error_code& error) {
    if (error) return;
    count_delay(at);
    look_at_.reset();
    look();
  });
}

// Of the listeners that are on nobody's berth. While a hundred servers start, each new listener is one server's
// business and not that of the ninety-nine others, whose trees need not be walked for it.
std::uint64_t Fleet::fingerprint_elsewhere(const os::Listeners& listeners) const {
  std::unordered_set<Port> berths;
  for (Server* server : line_) {
    if (server->life().port()) berths.insert(*server->life().port());
  }
  std::vector<os::Listener> others;
  std::copy_if(listeners.all().begin(), listeners.all().end(), std::back_inserter(others),
               [&](const os::Listener& listener) { return !berths.contains(listener.port); });
  return os::fingerprint(others);
}

void Fleet::look() {
  const auto listeners = os::Listeners::look();
  if (!listeners.known())
    return look_within(200ms);  // out of descriptors, say: nobody knows, which is not "nobody listens"
  const auto elsewhere = fingerprint_elsewhere(listeners);
  const auto orphans = os::ProcessTree::orphans(harbour_.leaders);
  for (Server* server : line_) {
    const auto phase = server->life().phase();
    if (phase == core::PhaseKind::starting || server->wants_close_look()) {
      server->look(listeners, elsewhere, orphans, server->wants_close_look());
    }
  }
  run_events();
  look_again_if_needed();
}

// Often while something has just been launched, seldom while somebody takes a minute to download itself.
void Fleet::look_again_if_needed() {
  const bool starting = std::any_of(line_.begin(), line_.end(), [](const Server* server) {
    return server->life().phase() == core::PhaseKind::starting;
  });
  if (!starting) return os::give_back_memory();  // a wave of launches is over
  const auto age = Clock::now() - last_launch_;
  look_within(age < 2s ? 20ms : age < 15s ? 50ms : 200ms);
}

// What no longer listens is not ready.
void Fleet::verify() {
  oom_.look(Clock::now());
  const auto listeners = os::Listeners::look();
  if (!listeners.known()) return;
  std::vector<Server*> doubtful;
  for (Server* server : line_) {
    server->look_at_offspring();
    const auto phase = server->life().phase();
    const bool was_ready = phase == core::PhaseKind::ready || phase == core::PhaseKind::unhealthy;
    if (was_ready && !(server->listens() && server->listens_as_before(listeners))) doubtful.push_back(server);
  }
  if (doubtful.empty()) return;
  const auto elsewhere = fingerprint_elsewhere(listeners);
  const auto orphans = os::ProcessTree::orphans(harbour_.leaders);
  for (Server* server : doubtful) server->look(listeners, elsewhere, orphans, true);
  run_events();
}

// One dump of the kernel's list does for all probes of a second.
void Fleet::verify_soon() {
  if (std::exchange(verify_due_, true)) return;
  verify_timer_.expires_after(1s);
  verify_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    verify_due_ = false;
    verify();
  });
}

std::vector<ServerStatus> Fleet::status(Usage usage) {
  verify();
  const auto orphans = usage == Usage::unknown ? os::Orphans{} : os::ProcessTree::orphans(harbour_.leaders);
  const auto now = governor_.time(Clock::now());
  std::vector<ServerStatus> all;
  all.reserve(line_.size());
  for (Server* server : line_) all.push_back(server->status(now, usage, orphans));
  return all;
}

void Fleet::logs_progressed() {
  for (Server* server : line_) server->log().progress();
}

Explanation Fleet::explain(std::size_t index) {
  verify();
  const auto orphans = os::ProcessTree::orphans(harbour_.leaders);
  return servers_[index]->explanation(governor_.time(Clock::now()), orphans);
}

}  // namespace berth::app
