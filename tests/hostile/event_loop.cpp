#include "hostile/event_loop.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

namespace hostile {

void EventLoop::after(std::chrono::milliseconds delay, Action action) {
  timers_.push_back({Clock::now() + delay, std::move(action)});
}

void EventLoop::on_readable(int fd, Action action) {
  watches_.push_back({fd, std::move(action)});
}

void EventLoop::serve(int listener, Answer answer) {
  listeners_.push_back({listener, std::move(answer)});
}

void EventLoop::close_listeners() {
  for (const Listening& listening : listeners_) ::close(listening.fd);
  listeners_.clear();
}

void EventLoop::run_due_timers() {
  // An action may add timers: take what is due out first.
  std::vector<Timer> due;
  std::vector<Timer> later;
  const auto now = Clock::now();
  for (Timer& timer : timers_) (timer.due <= now ? due : later).push_back(std::move(timer));
  timers_ = std::move(later);
  for (const Timer& timer : due) timer.action();
}

int EventLoop::milliseconds_to_next_timer() const {
  if (timers_.empty()) return -1;
  const auto next =
      std::min_element(timers_.begin(), timers_.end(), [](const Timer& a, const Timer& b) { return a.due < b.due; });
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next->due - Clock::now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 60'000));
}

std::vector<pollfd> EventLoop::everything_to_poll() const {
  std::vector<pollfd> polled;
  for (const Watch& watch : watches_) polled.push_back({watch.fd, POLLIN, 0});
  for (const Listening& listening : listeners_) polled.push_back({listening.fd, POLLIN, 0});
  for (const Connection& connection : connections_) polled.push_back({connection.fd, POLLIN, 0});
  return polled;
}

void EventLoop::accept_from(const Listening& listening) {
  const int fd = ::accept4(listening.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0) connections_.push_back({fd, listening.answer, {}, true});
}

void EventLoop::read_request(Connection& connection) {
  char buffer[4096];
  const ssize_t got = ::recv(connection.fd, buffer, sizeof buffer, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    connection.open = false;
    return;
  }
  if (connection.head.size() < 65'536) connection.head.append(buffer, static_cast<std::size_t>(got));
  if (connection.head.find("\r\n\r\n") == std::string::npos) return;
  const std::string answer = connection.answer(connection.head);
  if (answer.empty()) return;
  // The answer is small and fits the socket's buffer; a client that has gone away is no concern of ours.
  (void)::send(connection.fd, answer.data(), answer.size(), MSG_NOSIGNAL);
  ::shutdown(connection.fd, SHUT_WR);
  connection.open = false;
}

void EventLoop::run() {
  for (;;) {
    run_due_timers();
    std::vector<pollfd> polled = everything_to_poll();
    if (::poll(polled.data(), polled.size(), milliseconds_to_next_timer()) <= 0) continue;

    const std::size_t watches = watches_.size();
    const std::size_t listeners = listeners_.size();
    const std::size_t connections = connections_.size();
    for (std::size_t i = 0; i < connections; ++i) {
      if (polled[watches + listeners + i].revents != 0) read_request(connections_[i]);
    }
    for (std::size_t i = 0; i < listeners; ++i) {
      if (polled[watches + i].revents != 0) accept_from(listeners_[i]);
    }
    std::erase_if(connections_, [](const Connection& connection) {
      if (!connection.open) ::close(connection.fd);
      return !connection.open;
    });
    for (std::size_t i = 0; i < watches; ++i) {
      if (polled[i].revents != 0) watches_[i].action();
    }
  }
}

std::string http_answer(const std::string& status, const std::string& json) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " + std::to_string(json.size()) +
         "\r\n\r\n" + json;
}

}  // namespace hostile
