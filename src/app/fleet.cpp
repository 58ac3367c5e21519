#include "app/fleet.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <random>
#include <unordered_map>

#include "config/names.hpp"

namespace berth::app {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

std::vector<std::vector<std::size_t>> resolve_dependencies(const Config& config) {
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < config.servers.size(); ++i) index.emplace(config.servers[i].name, i);
  std::vector<std::vector<std::size_t>> all(config.servers.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const std::string& name : config.servers[i].depends_on) all[i].push_back(index.at(name));
  }
  return all;
}

}  // namespace

Fleet::Fleet(asio::io_context& io, const Config& config, Harbour harbour, PortDesk& desk, Observers observers)
    : io_(io),
      config_(config),
      harbour_(std::move(harbour)),
      desk_(desk),
      observers_(std::move(observers)),
      depends_on_(resolve_dependencies(config)),
      deadline_of_(config.servers.size()),
      reaper_(io, [this](const std::vector<os::Reaped>& reaped) { on_reaped(reaped); }),
      timer_(io),
      look_timer_(io),
      shutdown_timer_(io) {
  harbour_.post = [this](std::size_t server, core::Event event) {
    events_.emplace_back(server, std::move(event));
    run_events_soon();
  };
  harbour_.said = [this](std::size_t server, Stream stream, std::string_view line) {
    if (observers_.said) observers_.said(*servers_[server], stream, line);
  };
  harbour_.report = [this](std::size_t server, const core::Report& report) {
    if (observers_.reported) observers_.reported(*servers_[server], report);
  };
  harbour_.warn = [this](const std::string& line) { observers_.log(line); };
  harbour_.look_soon = [this] { look_within(2ms); };
  harbour_.rested = [this](Port port) { rest_port(port); };
  std::random_device random;
  for (std::size_t i = 0; i < config_.servers.size(); ++i) {
    servers_.push_back(std::make_unique<Server>(harbour_, i, std::make_shared<const ServerConfig>(config_.servers[i]),
                                                std::uint64_t{random()} << 32U | random()));
  }
}

Fleet::~Fleet() = default;

Expected<std::vector<std::size_t>, std::string> Fleet::find(const std::vector<std::string>& names) const {
  std::vector<std::size_t> found;
  std::vector<std::string_view> known;
  for (const auto& server : servers_) known.push_back(server->config().name);
  if (names.empty()) {
    for (std::size_t i = 0; i < servers_.size(); ++i) found.push_back(i);
  }
  for (const std::string& name : names) {
    const auto at = std::find(known.begin(), known.end(), name);
    if (at == known.end()) {
      return Unexpected<std::string>(config::unknown_server(name, known));
    }
    found.push_back(static_cast<std::size_t>(at - known.begin()));
  }
  return found;
}

// ---- what is wanted
// ---------------------------------------------------------------------------------------------------

void Fleet::start(const std::vector<std::size_t>& servers, bool all_of_it) {
  if (going_down_) return;
  std::vector<std::size_t> todo = servers;
  std::set<std::size_t> seen;
  while (!todo.empty()) {
    const std::size_t i = todo.back();
    todo.pop_back();
    if (!seen.insert(i).second) continue;
    std::copy_if(depends_on_[i].begin(), depends_on_[i].end(), std::back_inserter(todo),
                 [&](std::size_t d) { return all_of_it || servers_[d]->config().enabled; });
  }
  for (const std::size_t i : seen) {
    std::erase(to_stop_, i);
    const bool asked = std::find(servers.begin(), servers.end(), i) != servers.end();
    // A dependency that is up, or on its way, is left as it is: its counters are its own.
    if (asked || !servers_[i]->life().wanted_up() || core::down_for_good(servers_[i]->life().state())) {
      events_.emplace_back(i, core::Start{});
    }
  }
  run_events();
}

void Fleet::stop(const std::vector<std::size_t>& servers) {
  for (const std::size_t i : servers) {
    if (std::find(to_stop_.begin(), to_stop_.end(), i) == to_stop_.end()) to_stop_.push_back(i);
  }
  run_events();
}

void Fleet::restart(const std::vector<std::size_t>& servers) {
  if (going_down_) return;
  for (const std::size_t i : servers) {
    std::erase(to_stop_, i);
    events_.emplace_back(i, core::Restart{});
  }
  run_events();
}

void Fleet::go_down() {
  if (std::exchange(going_down_, true)) return;
  shutdown_timer_.expires_after(config_.supervisor.shutdown_timeout);
  shutdown_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || all_down()) return;
    observers_.log("not all servers ended within supervisor.shutdown_timeout: killing what is left");
    kill_all();
  });
  to_stop_.resize(servers_.size());
  for (std::size_t i = 0; i < servers_.size(); ++i) to_stop_[i] = i;
  run_events();
}

void Fleet::kill_all() {
  going_down_ = true;
  to_stop_.clear();
  for (std::size_t i = 0; i < servers_.size(); ++i) events_.emplace_back(i, core::KillNow{});
  run_events();
}

bool Fleet::all_down() const {
  return to_stop_.empty() && std::all_of(servers_.begin(), servers_.end(), [](const auto& server) {
           return server->pid() == 0 && server->life().phase() == core::PhaseKind::idle;
         });
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
  do {
    while (!events_.empty()) {
      const auto [server, event] = std::move(events_.front());
      events_.pop_front();
      const auto now = Clock::now();
      if (std::holds_alternative<core::Launched>(event)) last_launch_ = now;
      servers_[server]->handle(event, now);
      const auto deadline = servers_[server]->life().deadline();
      if (deadline != deadline_of_[server]) {
        if (deadline_of_[server]) deadlines_.erase({*deadline_of_[server], server});
        if (deadline) deadlines_.emplace(*deadline, server);
        deadline_of_[server] = deadline;
      }
    }
    follow_up();
  } while (!events_.empty());
  running_events_ = false;
  arm_timer();
  if (observers_.settled) observers_.settled();
}

std::vector<core::Seat> Fleet::seats() const {
  std::vector<core::Seat> seats;
  seats.reserve(servers_.size());
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    seats.push_back({servers_[i]->life().state(), servers_[i]->life().wanted_up(), depends_on_[i]});
  }
  return seats;
}

void Fleet::follow_up() {
  if (!to_stop_.empty()) stop_in_order();
  start_waiting();
}

void Fleet::start_waiting() {
  const auto waits = [](const auto& server) { return server->life().state() == core::State::waiting; };
  const auto lost_dependency = [this](std::size_t i) {
    return servers_[i]->life().state() == core::State::failed &&
           servers_[i]->life().reason() == core::Cause::dependency;
  };
  bool any = std::any_of(servers_.begin(), servers_.end(), waits);
  for (std::size_t i = 0; i < servers_.size() && !any; ++i) any = lost_dependency(i);
  if (!any) return;
  const auto all = seats();
  for (const auto& news : core::doomed(all)) {
    const Server& dependency = *servers_[news.dependency];
    events_.emplace_back(news.server,
                         core::DependencyFailed{"`" + dependency.config().name + "`, which it depends on, is " +
                                                std::string(core::to_string(dependency.life().state()))});
  }
  const auto granted = core::may_start(all, config_.supervisor.start_concurrency);
  tell_who_waits(all, granted);
  for (const std::size_t i : granted) {
    const bool leaving = std::find(to_stop_.begin(), to_stop_.end(), i) != to_stop_.end();
    if (!leaving) events_.emplace_back(i, core::Proceed{});
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const auto& needs = depends_on_[i];
    if (lost_dependency(i) && std::all_of(needs.begin(), needs.end(), [&](std::size_t d) {
          return all[d].wanted_up && !core::down_for_good(all[d].state);
        })) {
      events_.emplace_back(i, core::Start{});
    }
  }
}

void Fleet::tell_who_waits(const std::vector<core::Seat>& all, const std::vector<std::size_t>& granted) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].state != core::State::waiting || std::find(granted.begin(), granted.end(), i) != granted.end()) continue;
    const auto& needs = depends_on_[i];
    const auto missing =
        std::find_if(needs.begin(), needs.end(), [&](std::size_t d) { return all[d].state != core::State::ready; });
    core::HeldBack why{std::nullopt, "waits for its turn (supervisor.start_concurrency)"};
    if (missing != needs.end()) {
      why = {core::Cause::dependency, "waits for `" + servers_[*missing]->config().name + "` to be ready"};
    }
    if (servers_[i]->life().message() != why.message) events_.emplace_back(i, why);
  }
}

void Fleet::stop_in_order() {
  const auto free = core::may_stop(seats(), to_stop_);
  for (const std::size_t i : free) {
    std::erase(to_stop_, i);
    events_.emplace_back(i, core::Stop{});
  }
}

void Fleet::arm_timer() {
  if (deadlines_.empty()) {
    if (timer_at_) timer_.cancel();
    timer_at_.reset();
    return;
  }
  const core::Instant next = deadlines_.begin()->first;
  if (timer_at_ == next) return;
  timer_at_ = next;
  timer_.expires_at(next);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) on_timer();
  });
}

void Fleet::on_timer() {
  timer_at_.reset();
  const auto now = Clock::now();
  for (const auto& [at, server] : deadlines_) {
    if (at > now) break;
    events_.emplace_back(server, core::Tick{});
  }
  run_events();
}

// ---- children that ended
// ------------------------------------------------------------------------------------------------

void Fleet::on_reaped(const std::vector<os::Reaped>& reaped) {
  std::unordered_map<pid_t, std::size_t> by_pid;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (servers_[i]->pid() > 0) by_pid.emplace(servers_[i]->pid(), i);
  }
  // The dead are no leaders any more: what they leave behind shows up among the orphans.
  for (const os::Reaped& ended : reaped) {
    if (harbour_.guardian != nullptr && ended.pid == harbour_.guardian->pid()) {
      harbour_.leaders.erase(ended.pid);
      observers_.log("the guardian process was killed; starting another");
      harbour_.guardian->replace();
      harbour_.leaders.insert(harbour_.guardian->pid());
      for (const auto& [pid, server] : by_pid) harbour_.guardian->watch(pid);
    }
    if (by_pid.contains(ended.pid)) harbour_.leaders.erase(ended.pid);
  }
  const auto orphans = os::ProcessTree::orphans(harbour_.leaders);
  for (const os::Reaped& ended : reaped) {
    if (const auto server = by_pid.find(ended.pid); server != by_pid.end()) {
      servers_[server->second]->leader_ended(ended.status, orphans);
    }
  }
  for (const auto& server : servers_) server->check_cleared(orphans);
  if (going_down_ && all_down()) end_strays();
  run_events();
}

// An orphan that bears no sign of any server left its session and wiped its environment. While servers live it may be a
// part of one of them; when all are down it is what one of them has left.
void Fleet::end_strays() {
  for (const pid_t pid : os::ProcessTree::orphans(harbour_.leaders)) {
    std::vector<pid_t> tree;
    os::ProcessTree::add_descendants(pid, tree);
    for (const pid_t member : tree) ::kill(member, SIGKILL);
  }
}

// ---- listeners
// ----------------------------------------------------------------------------------------------------------

void Fleet::look_within(Clock::duration delay) {
  const auto at = Clock::now() + delay;
  if (look_at_ && *look_at_ <= at) return;
  look_at_ = at;
  look_timer_.expires_at(at);
  look_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    look_at_.reset();
    look();
  });
}

// Of the listeners that are on nobody's berth. While a hundred servers start, each new listener is one server's
// business and not that of the ninety-nine others, whose trees need not be walked for it.
std::uint64_t Fleet::fingerprint_elsewhere(const os::Listeners& listeners) const {
  std::unordered_set<Port> berths;
  for (const auto& server : servers_) {
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
  for (const auto& server : servers_) {
    const auto phase = server->life().phase();
    if (phase == core::PhaseKind::starting || (phase == core::PhaseKind::unhealthy && server->wants_close_look())) {
      server->look(listeners, elsewhere, orphans, server->wants_close_look());
    }
  }
  run_events();
  look_again_if_needed();
}

// Often while something has just been launched, seldom while somebody takes a minute to download itself.
void Fleet::look_again_if_needed() {
  const bool starting = std::any_of(servers_.begin(), servers_.end(), [](const auto& server) {
    return server->life().phase() == core::PhaseKind::starting;
  });
  if (!starting) return;
  const auto age = Clock::now() - last_launch_;
  look_within(age < 2s ? 20ms : age < 15s ? 50ms : 200ms);
}

void Fleet::rest_port(Port port) {
  constexpr auto rest = 60s;  // how long Linux keeps a connection in TIME_WAIT
  auto timer = std::make_shared<asio::steady_timer>(io_, rest);
  timer->async_wait([this, timer, port](const boost::system::error_code& error) {
    if (!error) desk_.wake(port);
  });
}

std::vector<ServerStatus> Fleet::status() {
  const auto listeners = os::Listeners::look();
  const auto elsewhere = fingerprint_elsewhere(listeners);
  const auto orphans = os::ProcessTree::orphans(harbour_.leaders);
  for (const auto& server : servers_) {
    const bool doubtful = server->life().phase() == core::PhaseKind::unhealthy ||
                          (server->life().is_ready() && !server->listens_as_before(listeners));
    if (listeners.known() && doubtful) server->look(listeners, elsewhere, orphans, true);
  }
  run_events();
  const auto now = Clock::now();
  std::vector<ServerStatus> all;
  all.reserve(servers_.size());
  for (const auto& server : servers_) all.push_back(server->status(now, orphans));
  return all;
}

}  // namespace berth::app
