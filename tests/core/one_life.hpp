#pragma once
// One lifecycle with an obliging host: it answers claims, launches and looks at once, unless a test says otherwise, and
// keeps the book of ports. Time passes only in `pass`, which ticks at every deadline on its way.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/lifecycle.hpp"

namespace berth::core::test {

using namespace std::chrono_literals;
using Change = std::function<void(ServerConfig&)>;

// Which ports a server has been given, and what became of them.
class PortBook {
 public:
  void claimed(Port port, std::optional<Port> preferred);
  void refused(std::optional<Port> preferred);
  void given_back(Port port, bool process_lives);

  [[nodiscard]] const std::set<Port>& held() const { return held_; }
  [[nodiscard]] const std::vector<std::string>& mistakes() const { return mistakes_; }

 private:
  std::set<Port> held_;
  std::vector<std::string> mistakes_;
};

class OneLife {
 public:
  // Without jitter, and with `restart = "always"`, unless `change` says otherwise.
  explicit OneLife(const Change& change = {}, bool hold = true);

  void send(const Event& event);
  void pass(Milliseconds time);

  // A person.
  void start() { send(Start{}); }
  void stop() { send(Stop{}); }
  void restart() { send(Restart{}); }

  // The child.
  void listens() { sees({.own_here = true}); }
  void does_not_listen() { sees({}); }
  void meets_a_stranger(const std::string& name = "node (pid 812)") { sees({.stranger_here = true, .stranger = name}); }
  void listens_elsewhere(Port port) { sees({.own_elsewhere = port}); }
  void sees(const ListenersSeen& seen);
  void probe_passes() { send(ProbePassed{}); }
  void probe_fails(const std::string& message = "no answer") { send(ProbeFailed{message}); }
  void becomes_ready();  // listens, settles, answers
  void ends(int code);
  void is_killed(int signal);
  void ends(const Ended& ended);
  void tree_is_gone() { send(Cleared{}); }

  // How the host answers from now on.
  bool gives_turns = true;
  bool answers_claims = true;
  bool answers_launches = true;
  bool answers_looks = true;
  std::optional<PortRefused> refusal;
  std::optional<NotLaunched> launch_error;

  [[nodiscard]] const Lifecycle& life() const { return life_; }
  [[nodiscard]] State state() const { return life_.state(); }
  [[nodiscard]] std::string cause() const;  // "" when there is no reason
  [[nodiscard]] std::string last_cause() const;
  [[nodiscard]] const std::string& message() const { return life_.message(); }
  [[nodiscard]] Port port() const { return life_.port().value_or(Port{0}); }
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] Milliseconds retry_in() const;
  [[nodiscard]] bool process_lives() const { return process_lives_; }
  [[nodiscard]] const PortBook& book() const { return book_; }

  template <class Kind>
  [[nodiscard]] std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const Effect& effect : effects_) {
      if (const auto* kind = std::get_if<Kind>(&effect)) found.push_back(*kind);
    }
    return found;
  }
  template <class Kind>
  [[nodiscard]] std::size_t count() const {
    return all<Kind>().size();
  }
  void forget_effects() { effects_.clear(); }

 private:
  void perform(const Effect& effect);
  void answer(const ClaimPort& claim);

  Lifecycle life_;
  Instant now_{std::chrono::hours(1)};
  Effects effects_;  // all since the beginning, or since forget_effects
  std::vector<Event> answers_;
  ListenersSeen seen_;
  PortBook book_;
  Port next_port_ = 50000;
  bool process_lives_ = false;
  bool sending_ = false;
};

// A config with the defaults of the contract, but for the jitter.
std::shared_ptr<const ServerConfig> plain_config(const Change& change = {});

}  // namespace berth::core::test
