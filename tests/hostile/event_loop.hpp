#pragma once
// The smallest event loop that serves HTTP: poll(), timers, and one request per connection.

#include <poll.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace hostile {

class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;
  using Action = std::function<void()>;
  // Given the request's head; an empty answer leaves the connection open and silent.
  using Answer = std::function<std::string(const std::string& head)>;

  void after(std::chrono::milliseconds delay, Action action);
  void on_readable(int fd, Action action);
  void serve(int listener, Answer answer);
  void close_listeners();

  [[noreturn]] void run();

 private:
  struct Timer {
    Clock::time_point due;
    Action action;
  };
  struct Watch {
    int fd;
    Action action;
  };
  struct Listening {
    int fd;
    Answer answer;
  };
  struct Connection {
    int fd;
    Answer answer;
    std::string head;
    bool open = true;
  };

  void run_due_timers();
  [[nodiscard]] int milliseconds_to_next_timer() const;
  [[nodiscard]] std::vector<pollfd> everything_to_poll() const;
  void accept_from(const Listening& listening);
  static void read_request(Connection& connection);

  std::vector<Timer> timers_;
  std::vector<Watch> watches_;
  std::vector<Listening> listeners_;
  std::vector<Connection> connections_;
};

// A whole HTTP/1.1 answer with a JSON body; the connection is closed after it.
std::string http_answer(const std::string& status, const std::string& json);

}  // namespace hostile
