// Users, thieves, and clients of the control socket.

#include <algorithm>

#include "chaos/monkey.hpp"

namespace chaos {

void Monkey::user_command() {
  static const Words verbs{"start", "start", "stop", "restart", "restart"};
  Words words{dice_.pick(verbs)};
  for (int i = dice_.chance(80) ? 1 : dice_.between(2, 5); i > 0; --i) {
    words.push_back(dice_.pick(world_.servers()).name);
  }
  if (words.front() != "stop" && dice_.chance(20)) words.insert(words.end(), {"--wait", "--timeout", "5"});
  command(words);
  did(words[0] + " " + words[1]);
}

// More than may start at once.
void Monkey::restart_a_crowd() {
  Words words{"restart"};
  for (int i = dice_.between(10, 25); i > 0; --i) words.push_back(dice_.pick(world_.servers()).name);
  command(words);
  for (int i = 0; i < 3; ++i) {
    const ServerView* victim = some([&](const ServerView& server) {
      return server.port && std::find(words.begin(), words.end(), server.name) != words.end();
    });
    if (victim != nullptr) steal(*victim->port);
  }
  did();
}

void Monkey::many_status() {
  for (int i = 0; i < 5; ++i) command(dice_.chance(70) ? Words{"status", "--json"} : Words{"ports"});
  did();
}

void Monkey::talk_nonsense() {
  clients_.garbage(keeper_.socket_path());
  did();
}

void Monkey::say_nothing() {
  clients_.silence(keeper_.socket_path());
  did();
}

// Most of them lie in wait; and without SO_REUSEADDR they get no port that is held.
void Monkey::steal(int port) {
  if (thefts_.size() >= 10) return;
  Words options;
  if (dice_.chance(85)) options.emplace_back("--reuseaddr");
  if (dice_.chance(70)) options.emplace_back("--watch-listen");
  if (dice_.chance(15)) options.insert(options.end(), {"--bind", "0.0.0.0"});
  thefts_.push_back({keeper_.thief(port, options), Clock::now() + Milliseconds(dice_.between(300, 6000))});
  did(std::to_string(port));
}

void Monkey::steal_any_port() {
  steal(dice_.between(world_.first_port(), world_.last_port()));
}

// The moment when a port is held, and nobody listens on it yet.
void Monkey::steal_at_restart() {
  const ServerView* starting = some([](const ServerView& server) { return server.port && !server.ready; });
  if (starting != nullptr && dice_.chance(50)) return steal(*starting->port);
  const ServerView* ready = some([](const ServerView& server) { return server.port && server.ready; });
  if (ready == nullptr) return;
  const int port = *ready->port;
  command({"restart", ready->name});
  later(Milliseconds(dice_.between(0, 150)), [this, port] {
    current_ = "steal at a restart";
    steal(port);
  });
}

}  // namespace chaos
