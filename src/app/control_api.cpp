#include "app/control_api.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/array.hpp>
#include <charconv>

#include "app/control_words.hpp"
#include "app/status_json.hpp"
#include "os/fd.hpp"
#include "os/json_text.hpp"
#include "os/ledger_text.hpp"

namespace berth::app {

namespace json = boost::json;
using core::PhaseKind;
using core::State;

namespace {

// Each keeps a connection: all together must leave some to those who only ask.
std::size_t most_waiters() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return os::descriptor_reserve / 2;
  return std::max<std::size_t>(os::descriptor_reserve / 2, limit.rlim_cur / 8);
}

}  // namespace

struct ControlApi::Waiter {
  explicit Waiter(boost::asio::io_context& io) : timer(io) {}

  enum class For { ready, up, launched, stopped, brought_down } what = For::ready;
  std::vector<std::size_t> servers;
  Respond respond;
  Connected connected;
  boost::asio::steady_timer timer;
  bool done = false;
};

ControlApi::ControlApi(boost::asio::io_context& io, Fleet& fleet, Answers answers)
    : io_(io), fleet_(fleet), answers_(std::move(answers)), feed_(fleet.history()), logs_(io) {}

ControlApi::~ControlApi() = default;

bool ControlApi::too_many() {
  return feed_.size() + logs_.size() + waiters_.size() >= most_waiters();
}

void ControlApi::handle(const ControlRequest& request, Respond respond, Connected connected) {
  const auto question = std::min(request.target.find('?'), request.target.size());
  const std::string query = question < request.target.size() ? request.target.substr(question + 1) : "";
  const auto path = split(std::string_view(request.target).substr(0, question), '/');
  const bool get = request.method == "GET";
  const bool post = request.method == "POST";
  const auto is = [&](std::initializer_list<std::string_view> parts) {
    return std::equal(path.begin(), path.end(), parts.begin(), parts.end());
  };
  if (answers_.metrics != nullptr && MetricsEndpoint::is_at(std::string_view(request.target).substr(0, question))) {
    return answers_.metrics->answer(request, respond);
  }
  const bool known = is({"v1", "status"}) || is({"v1", "ports"}) || is({"v1", "wait"}) || is({"v1", "down"}) ||
                     is({"v1", "events"}) || is({"v1", "reload"}) || is({"v1", "logs"}) ||
                     (path.size() == 3 && path[0] == "v1" && path[1] == "logs") ||
                     (path.size() >= 3 && path.size() <= 4 && path[0] == "v1" && path[1] == "servers");
  if (!known) return respond(404, error_body("not_found", "there is nothing at " + request.target));

  if (get && is({"v1", "status"})) {
    // Without `cpu_s`, `memory_bytes` and `processes`, for who does not show them: most of the work is to find these.
    const auto usage = query == "usage=0" ? Usage::unknown : Usage::looked_up;
    return respond(200, os::json_text(to_json(answers_.status(usage))));
  }
  if (get && is({"v1", "ports"})) return respond(200, ports());
  if (get && is({"v1", "wait"})) return wait(query, std::move(respond), std::move(connected));
  if (get && is({"v1", "events"})) return events(request, query, respond);
  if (get && path[1] == "logs") return logs(path.size() > 2 ? path[2] : "", query, respond);
  if (post && is({"v1", "down"})) {
    respond(202, "{}");
    return answers_.down();
  }
  if (post && is({"v1", "reload"})) return reload(query, respond);
  if (path.size() == 3 && path[1] == "servers" && get) {
    const auto found = fleet_.find({path[2]});
    if (!found) return respond(404, error_body("unknown_server", found.error()));
    const auto all = answers_.status(Usage::looked_up).servers;
    const auto it = std::ranges::find(all, path[2], &ServerStatus::name);
    return respond(200, os::json_text(to_json(*it)));
  }
  if (path.size() == 4 && get && path[3] == "explain") {
    const auto found = fleet_.find({path[2]});
    if (!found) return respond(404, error_body("unknown_server", found.error()));
    return respond(200, os::json_text(to_json(fleet_.explain(found->front()))));
  }
  if (path.size() == 4 && post && path[3] == "inspect") return inspect(path[2], query, respond, connected);
  if (path.size() == 4 && post) return act(path, query, respond);
  respond(405, error_body("method_not_allowed", request.method + " is not possible at " + request.target));
}

// `{ "instances": [entries of the port ledger], "dead": [...] }`.
std::string ControlApi::ports() {
  const auto status = answers_.status(Usage::unknown);  // looks at every server: what it sees stands in the ledger then
  boost::json::array instances;
  for (const LedgerEntry& entry : answers_.instances()) instances.push_back(os::to_json(entry));
  return os::json_text(boost::json::object{{"instances", std::move(instances)}, {"dead", to_json(status.ports.dead)}});
}

// POST /v1/servers/NAME/{start,stop,restart}[?name=NAME…]: all of them in one go, so that their order is kept.
void ControlApi::act(const std::vector<std::string>& path, const std::string& query, const Respond& respond) {
  std::vector<std::string> names{path[2]};
  for (const std::string& part : split(query, '&')) {
    if (part.starts_with("name=")) names.push_back(part.substr(5));
  }
  const auto found = fleet_.find(names);
  if (!found) return respond(404, error_body("unknown_server", found.error()));
  if (path[3] != "stop" && fleet_.going_down()) {
    return respond(409, error_body("going_down", "the supervisor is going down"));
  }
  if (path[3] == "start") {
    fleet_.start(*found);
  } else if (path[3] == "stop") {
    fleet_.stop(*found);
  } else if (path[3] == "restart") {
    fleet_.restart(*found);
  } else {
    return respond(404, error_body("not_found",
                                   "a server can be started, stopped, restarted and inspected, not `" + path[3] + "`"));
  }
  respond(202, "{}");
}

// POST /v1/reload[?dry_run=1]: 422 when the file is not valid, and nothing was changed.
void ControlApi::reload(const std::string& query, const Respond& respond) {
  if (fleet_.going_down()) return respond(409, error_body("going_down", "the supervisor is going down"));
  // One who only wants to look must not be misread.
  bool dry_run = false;
  for (const std::string& part : split(query, '&')) {
    const bool yes = part == "dry_run" || part == "dry_run=1" || part == "dry_run=true";
    if (!yes && part != "dry_run=0" && part != "dry_run=false") {
      return respond(400,
                     error_body("bad_request", "the only parameter of a reload is `dry_run=1`, not `" + part + "`"));
    }
    dry_run = dry_run || yes;
  }
  const Reload answer = answers_.reload(dry_run);
  if (!answer.config) return respond(422, os::json_text(refusal_json(answer)));
  respond(200, os::json_text(to_json(answer, dry_run)));
}

// GET /v1/events[?follow=0][&after=N][&name=NAME…]: server-sent events, the number of an event as its id. Those after N
// (or after the header Last-Event-ID; from the beginning, when there is neither), and then those to come. An event of
// the kind `gap` says how many were too old to be told.
void ControlApi::events(const ControlRequest& request, const std::string& query, const Respond& respond) {
  EventFeed::Wish wish;
  bool sane = true;
  const auto number = [&sane](const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) sane = false;
    return value;
  };
  if (!request.last_event_id.empty()) wish.after = number(request.last_event_id);
  for (const std::string& part : split(query, '&')) {
    if (part.starts_with("name=")) wish.servers.push_back(part.substr(5));
    if (part.starts_with("after=")) wish.after = number(part.substr(6));
    if (part == "follow=0") wish.follow = false;
  }
  if (!sane) return respond(400, error_body("bad_request", "`after` and Last-Event-ID are the number of an event"));
  const auto found = fleet_.find(wish.servers);
  if (!found) return respond(404, error_body("unknown_server", found.error()));
  if (too_many()) {
    return respond(503, error_body("too_many_waiting", "too many clients are following already; try `follow=0`"));
  }
  feed_.answer(std::move(wish), respond);
}

// POST /v1/servers/NAME/inspect[?timeout_ms=N]: asks the server itself. 409 when it cannot be asked now.
void ControlApi::inspect(const std::string& name, const std::string& query, const Respond& respond,
                         const Connected& connected) {
  const auto found = fleet_.find({name});
  if (!found) return respond(404, error_body("unknown_server", found.error()));
  constexpr long usual_ms = 10'000;
  constexpr long longest_ms = 10 * 60 * 1000;
  long timeout_ms = usual_ms;
  for (const std::string& part : split(query, '&')) {
    if (part.starts_with("timeout_ms=")) std::from_chars(part.data() + 11, part.data() + part.size(), timeout_ms);
  }
  fleet_.verify();
  const Milliseconds timeout(std::clamp(timeout_ms, 1L, longest_ms));
  const auto refused =
      fleet_.at(found->front()).inspect(timeout, connected, [respond, name](const McpResult& result, const auto& url) {
        respond(200, os::json_text(to_json(name, result, url)));
      });
  if (refused) respond(409, error_body("not_inspectable", *refused));
}

// GET /v1/wait?for=ready|up|launched|stopped|brought_down[&name=NAME…][&timeout_ms=N]: 200 when it is so, 409 at once
// when it cannot become so unasked, 408 when the time is over. Without names: every server that is wanted up. `up` is
// `ready`, or ended by itself without an error; `brought_down` is `stopped`, and cannot become so once it is wanted
// up again.
void ControlApi::wait(const std::string& query, Respond respond, Connected connected) {
  auto waiter = std::make_shared<Waiter>(io_);
  std::vector<std::string> names;
  long timeout_ms = -1;
  for (const std::string& part : split(query, '&')) {
    const auto equals = std::min(part.find('='), part.size());
    const std::string key = part.substr(0, equals);
    const std::string value = part.substr(std::min(equals + 1, part.size()));
    if (key == "name") names.push_back(value);
    if (key == "timeout_ms") std::from_chars(value.data(), value.data() + value.size(), timeout_ms);
    if (key != "for") continue;
    if (value == "ready") waiter->what = Waiter::For::ready;
    if (value == "up") waiter->what = Waiter::For::up;
    if (value == "launched") waiter->what = Waiter::For::launched;
    if (value == "stopped") waiter->what = Waiter::For::stopped;
    if (value == "brought_down") waiter->what = Waiter::For::brought_down;
  }
  const auto found = fleet_.find(names);
  if (!found) return respond(404, error_body("unknown_server", found.error()));
  const bool for_an_end = waiter->what == Waiter::For::stopped || waiter->what == Waiter::For::brought_down;
  if (fleet_.going_down() && !for_an_end) {
    return respond(409, error_body("going_down", "the supervisor is going down"));
  }
  for (const std::size_t i : *found) {
    if (!names.empty() || fleet_.at(i).life().wanted_up()) waiter->servers.push_back(i);
  }
  if (too_many()) {
    return respond(503, error_body("too_many_waiting", "too many clients are waiting already; try `berth status`"));
  }
  waiter->respond = std::move(respond);
  waiter->connected = std::move(connected);
  fleet_.verify();
  if (answer_if_decided(*waiter)) return;
  if (timeout_ms >= 0) {
    constexpr long longest_ms = 36500L * 24 * 60 * 60 * 1000;  // as a duration may be; a clock in nanoseconds holds it
    waiter->timer.expires_after(std::chrono::milliseconds(std::min(timeout_ms, longest_ms)));
    waiter->timer.async_wait([this, waiter](const boost::system::error_code& error) {
      if (error || std::exchange(waiter->done, true)) return;
      waiters_.remove(waiter);
      waiter->respond(408, error_body("timed_out", "the time is over: " + who_is(*waiter, Outcome::not_yet)));
    });
  }
  waiters_.push_back(std::move(waiter));
}

ControlApi::Outcome ControlApi::outcome(const Waiter& waiter) const {
  bool all = true;
  for (const std::size_t i : waiter.servers) {
    const auto& life = fleet_.at(i).life();
    const bool over = core::down_for_good(life.state()) && !fleet_.about_to_leave(i);
    switch (waiter.what) {
      case Waiter::For::ready:
        if (over || (fleet_.going_down() && !life.is_ready())) return Outcome::never;
        all = all && life.is_ready() && !fleet_.about_to_leave(i);
        break;
      case Waiter::For::up:
        if (fleet_.at(i).ended_badly() || life.state() == State::stopped) return Outcome::never;
        if (fleet_.going_down() && !life.is_ready() && life.state() != State::exited) return Outcome::never;
        all = all && (life.is_ready() || life.state() == State::exited);
        break;
      case Waiter::For::launched: {
        const bool tried = life.phase() == PhaseKind::backoff || life.state() == State::exited;
        const bool launched = fleet_.at(i).leader_lives() ||
                              (tried && life.reason() != core::Cause::spawn_failed && life.last_exit().has_value());
        if (!launched && (over || tried)) return Outcome::never;
        all = all && launched && life.phase() != PhaseKind::stopping && !fleet_.about_to_leave(i);
        break;
      }
      case Waiter::For::brought_down:
        if (life.wanted_up() && !fleet_.about_to_leave(i)) return Outcome::never;  // a `start` came later
        [[fallthrough]];
      case Waiter::For::stopped: all = all && over && fleet_.at(i).pid() == 0; break;
    }
  }
  return all ? Outcome::reached : Outcome::not_yet;
}

// "`web` is starting (…)", for each of those that are waited for with this outcome.
std::string ControlApi::who_is(const Waiter& waiter, Outcome wanted) const {
  std::string sentence;
  for (const std::size_t i : waiter.servers) {
    const auto& server = fleet_.at(i);
    Waiter alone(io_);
    alone.what = waiter.what;
    alone.servers = {i};
    if (outcome(alone) != wanted) continue;
    sentence += (sentence.empty() ? "`" : "; `") + server.config().name + "` is " +
                std::string(core::to_string(server.life().state()));
    if (!server.life().message().empty()) sentence += " (" + server.redacted(server.life().message()) + ")";
  }
  return sentence.empty() ? "the supervisor is going down" : sentence;
}

bool ControlApi::answer_if_decided(Waiter& waiter) {
  switch (outcome(waiter)) {
    case Outcome::not_yet: return false;
    case Outcome::reached: waiter.respond(200, "{}"); return true;
    case Outcome::never: waiter.respond(409, error_body("impossible", who_is(waiter, Outcome::never))); return true;
  }
  return false;
}

// With a reload. One that was waited for to stop has done so.
bool ControlApi::somebody_has_left(Waiter& waiter) {
  if (std::erase_if(waiter.servers, [this](std::size_t i) { return !fleet_.has(i); }) == 0) return false;
  if (waiter.what == Waiter::For::stopped || waiter.what == Waiter::For::brought_down) return false;
  waiter.respond(409, error_body("impossible", "a server was removed from the configuration meanwhile"));
  return true;
}

void ControlApi::finish() {
  feed_.finish();
  logs_.finish();
}

void ControlApi::settled() {
  feed_.settled();
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    Waiter& waiter = **it;
    if (!waiter.connected() || somebody_has_left(waiter) || answer_if_decided(waiter)) {
      waiter.done = true;
      waiter.timer.cancel();
      it = waiters_.erase(it);
    } else {
      ++it;
    }
  }
}

}  // namespace berth::app
