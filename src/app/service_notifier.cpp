#include "app/service_notifier.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

namespace berth::app {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
using core::State;

namespace {

// More than are ever on their way, unless nobody reads for hours.
constexpr std::size_t most_waiting = 16;

// sd_notify(3) wants this clock.
std::string monotonic_usec() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000);
}

Standing standing_of(const Server& server) {
  const core::Lifecycle& life = server.life();
  Standing standing;
  standing.name = server.config().name;
  standing.state = life.state();
  standing.wanted = life.wanted_up();
  const bool exited = standing.state == State::exited;
  standing.ready = life.is_ready() || (exited && !server.ended_badly());
  standing.hopeless = exited || standing.state == State::failed ||
                      life.consecutive_failures() >= server.config().backoff.crashloop_after;
  standing.there = server.pid() > 0;
  if (!standing.ready && standing.wanted) standing.why = server.redactor()->shown(life.message());
  return standing;
}

}  // namespace

ServiceNotifier::ServiceNotifier(const boost::asio::any_io_executor& executor, Notify until, const Fleet& fleet,
                                 Warn warn)
    : until_(until),
      fleet_(fleet),
      warn_(std::move(warn)),
      line_timer_(executor),
      retry_timer_(executor),
      beat_timer_(executor) {
  if (until == Notify::never) return;
  manager_ = os::ServiceManager::of_this_process();
  if (manager_.address.empty()) return;
  auto socket = os::NotifySocket::open(manager_.address);
  if (socket) {
    socket_ = std::move(*socket);
  } else {
    complain(socket.error());
  }
}

void ServiceNotifier::begin() {
  if (!manager_.trouble.empty()) warn_(manager_.trouble + ": no watchdog is fed");
  if (!socket_) return;
  begun_ = true;
  settled();
  if (manager_.watchdog) beat();
}

void ServiceNotifier::settled() {
  if (!begun_) return;
  auto servers = look();
  if (servers == seen_ && !told_.empty()) return;
  seen_ = std::move(servers);
  if (told_ready_ || leaving_ || !is_up(until_, seen_)) return tell_line();
  told_ready_ = true;
  say_with_line("READY=1");
}

// Now, or when the last one is a second old.
void ServiceNotifier::tell_line() {
  if (line_due_) return;
  const auto due = told_at_ + between_lines;
  if (told_.empty() || due <= Clock::now()) {
    std::string line = line_of(seen_);
    if (line == told_) return;
    told_ = std::move(line);
    told_at_ = Clock::now();
    return say("STATUS=" + told_);
  }
  line_due_ = true;
  line_timer_.expires_at(due);
  line_timer_.async_wait([this](const boost::system::error_code& error) {
    line_due_ = false;
    if (!error) tell_line();
  });
}

void ServiceNotifier::going_down(Milliseconds at_most) {
  if (!begun_ || std::exchange(leaving_, true)) return;
  // It counts only where the manager's own limit is shorter.
  const auto limit = std::chrono::duration_cast<std::chrono::microseconds>(at_most).count();
  say_with_line("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(limit));
}

void ServiceNotifier::gone() {
  if (!begun_) return;
  const auto left = look();
  say("STATUS=" + (std::ranges::any_of(left, &Standing::there) ? farewell_line(left) : "down"));
}

// How all is at this moment, whenever the last line was told.
void ServiceNotifier::say_with_line(const std::string& what) {
  seen_ = look();
  told_ = line_of(seen_);
  told_at_ = Clock::now();
  say(what + "\nSTATUS=" + told_);
}

// Before it was ready, the manager would take the READY=1 at the end of a reload for the first one.
ServiceNotifier::Reloading::Reloading(ServiceNotifier& notifier) : notifier_(notifier) {
  if (notifier.told_ready_) notifier.say("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec());
}

ServiceNotifier::Reloading::~Reloading() {
  notifier_.refused_ = refused_;
  if (!notifier_.begun_) return;
  if (notifier_.told_ready_) {
    notifier_.say_with_line("READY=1");
  } else {
    notifier_.tell_line();
  }
}

std::vector<Standing> ServiceNotifier::look() const {
  std::vector<Standing> servers;
  const auto all = fleet_.find({});
  for (const std::size_t i : *all) servers.push_back(standing_of(fleet_.at(i)));
  return servers;
}

std::string ServiceNotifier::line_of(const std::vector<Standing>& servers) const {
  if (leaving_) return farewell_line(servers);
  return service_line(servers) + (refused_ ? "; the last reload was refused, the file is not valid" : "");
}

// What says more than how things stand must arrive, in order; a line that is late is stale.
void ServiceNotifier::say(std::string lines) {
  std::erase_if(waiting_, [](const std::string& one) { return one.starts_with("STATUS="); });
  if (waiting_.size() >= most_waiting) waiting_.pop_front();
  waiting_.push_back(std::move(lines));
  if (waiting_.size() == 1) send_waiting();
}

void ServiceNotifier::send_waiting() {
  while (!waiting_.empty()) {
    const auto sent = socket_->send(waiting_.front());
    if (sent == os::NotifySocket::Sent::not_now) {
      retry_timer_.expires_after(1s);
      return retry_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) send_waiting();
      });
    }
    if (sent == os::NotifySocket::Sent::never) complain(std::strerror(errno));
    waiting_.pop_front();
  }
}

// Twice in the time that the manager waits. One that its queue has no room for is not kept: the next is soon enough.
void ServiceNotifier::beat() {
  if (socket_->send("WATCHDOG=1") == os::NotifySocket::Sent::never) complain(std::strerror(errno));
  beat_timer_.expires_after(std::clamp<std::chrono::microseconds>(*manager_.watchdog / 2, 1ms, 24h));
  beat_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) beat();
  });
}

void ServiceNotifier::complain(const std::string& why) {
  if (std::exchange(complained_, true)) return;
  warn_("the service manager cannot be told how things stand: NOTIFY_SOCKET is `" + manager_.address + "`: " + why);
}

}  // namespace berth::app
