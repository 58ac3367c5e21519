// Random walks: a small simulated host that answers late, fails at times and has an unruly child, and what must be true
// at every step whatever happens. A walk that fails names its seed.

#include <algorithm>
#include <memory>
#include <random>

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

constexpr unsigned walks = 2000;
constexpr int steps = 200;

class Walk {
 public:
  explicit Walk(unsigned seed) : random_(seed), life_(config(), chance(80), seed) {}

  // The first thing that was wrong; empty when nothing was.
  std::string go() {
    for (int i = 0; i < steps && trouble_.empty(); ++i) step();
    if (trouble_.empty()) finish();
    return trouble_;
  }

 private:
  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class Value>
  Value one_of(std::initializer_list<Value> values) {
    return values.begin()[below(static_cast<unsigned>(values.size()))];
  }

  std::shared_ptr<const ServerConfig> config() {
    return plain_config([this](ServerConfig& config) {
      config.restart = one_of({RestartPolicy::always, RestartPolicy::on_failure, RestartPolicy::never});
      config.ready.probe = probe_ = one_of({Probe::http, Probe::listen, Probe::none});
      config.ready.settle = one_of({0ms, 100ms, 500ms});
      config.ready.timeout = one_of({1'000ms, 5'000ms, 60'000ms});
      config.backoff.initial = one_of({0ms, 1ms, 500ms});
      config.backoff.jitter = one_of({0.0, 0.2, 1.0});
      config.backoff.give_up_after = one_of({0U, 0U, 3U});
      config.stop.timeout = one_of({0ms, 1'000ms, 10'000ms});
      config.conflict.attempts = one_of({0U, 1U, 10U});
      if (chance(20)) config.fixed_port = Port{50000};
      fixed_ = config.fixed_port.has_value();
    });
  }

  void fail(const std::string& what) {
    if (trouble_.empty()) trouble_ = what;
  }

  // ---- the host

  void send(const Event& event) {
    const Counters before = counters();
    for (const Effect& effect : life_.on(event, now_)) std::visit([this](const auto& e) { perform(e); }, effect);
    const Counters after = counters();
    const bool asked = std::holds_alternative<Start>(event) || std::holds_alternative<Restart>(event);
    const bool monotone = after.starts >= before.starts && after.restarts >= before.restarts &&
                          after.conflicts >= before.conflicts && after.restarts <= after.starts;
    if (!monotone) fail("a counter went back");
    if (asked && life_.consecutive_failures() != 0) fail("a person's wish left failures behind");
    check();
  }

  struct Counters {
    unsigned starts, restarts, conflicts;
  };
  [[nodiscard]] Counters counters() const { return {life_.starts(), life_.restarts(), life_.port_conflicts()}; }

  void perform(const ClaimPort& claim) {
    if (claim_) fail("asked for a second port before the first was given");
    claim_ = claim;
  }
  void perform(const Launch& launch) {
    if (lives_) fail("launched beside a living process");
    if (!ports_.contains(launch.port)) fail("launched on a port that it does not have");
    launching_ = true;
  }
  void perform(const ReleasePort& release) { give_back(release.port); }
  void perform(const CondemnPort& condemn) {
    if (fixed_) fail("condemned a fixed port");
    give_back(condemn.port);
  }
  void perform(const RestPort& rest) { give_back(rest.port); }
  void perform(const SignalTree&) {
    if (!lives_) fail("signalled what does not live");
  }
  void perform(const KillTree&) {
    if (!lives_) fail("killed what does not live");
    killed_ = true;
  }
  void perform(const LookForListeners&) { looking_ = true; }
  void perform(const StartProbe&) {
    if (probing_) fail("asked for a second probe");
    if (!listens_) fail("probed what was never seen to listen");
    probing_ = true;
  }
  void perform(const CancelProbe&) {
    if (!probing_) fail("cancelled a probe that does not run");
    probing_ = false;
  }
  void perform(const Report&) {}

  void give_back(Port port) {
    if (ports_.erase(port) == 0) fail("gave back port " + std::to_string(port) + ", which it does not have");
    if (lives_) fail("gave a port back while a process lives");
  }

  void answer_claim() {
    const ClaimPort claim = *std::exchange(claim_, std::nullopt);
    if (chance(15)) {
      if (claim.prefer) ports_.erase(*claim.prefer);
      const Cause cause = one_of({Cause::port_range_exhausted, Cause::spawn_failed});
      return send(PortRefused{cause, "refused"});
    }
    const bool keep = fixed_ || (claim.prefer && chance(80));
    const Port port = keep ? claim.prefer.value_or(Port{50000}) : next_port_++;
    if (claim.prefer && *claim.prefer != port) ports_.erase(*claim.prefer);
    ports_.insert(port);
    send(PortClaimed{port});
  }

  void answer_launch() {
    launching_ = false;
    if (chance(10)) return send(NotLaunched{one_of({Cause::spawn_failed, Cause::bad_cwd}), "not launched"});
    lives_ = true;
    leader_gone_ = killed_ = looking_ = listens_ = false;
    send(Launched{});
  }

  void look() {
    looking_ = false;
    ListenersSeen seen;
    seen.own_here = chance(60);
    if (!seen.own_here && chance(30)) {
      seen.stranger_here = true;
      seen.stranger = "thief (pid 77)";
    }
    if (!seen.own_here && chance(20)) seen.own_elsewhere = Port{3000};
    listens_ = seen.own_here;
    send(seen);
  }

  void end_leader() {
    Ended ended{.status = {.code = static_cast<int>(below(3)), .signal = chance(30) ? SIGKILL : 0}};
    ended.holder = one_of({Holder::nobody, Holder::own_hold, Holder::own_tree, Holder::stranger, Holder::unknown});
    ended.said_taken = chance(30);
    ended.tree_left = chance(25);
    leader_gone_ = true;
    listens_ = false;
    if (!ended.tree_left) lives_ = false;
    send(ended);
    if (!lives_) probing_ = false;
  }

  void clear() {
    lives_ = false;
    probing_ = false;
    send(Cleared{});
  }

  // ---- what happens next

  void step() {
    const unsigned dice = below(100);
    if (dice < 3) return send(Start{});
    if (dice < 5) return send(Stop{});
    if (dice < 8) return send(Restart{});
    if (dice < 9) return send(KillNow{});
    if (dice < 10) return send(DependencyFailed{"x"});
    if (claim_ && dice < 60) return answer_claim();
    if (launching_ && dice < 60) return answer_launch();
    if (lives_) {
      const bool leader_lives = !leader_gone_;
      if (leader_lives && (dice < 18 || (killed_ && dice < 60))) return end_leader();
      if (!leader_lives && dice < 40) return clear();
      if (leader_lives && probing_ && dice < 40) {
        probing_ = false;
        return chance(60) ? send(ProbePassed{}) : send(ProbeFailed{"no answer"});
      }
      if (leader_lives && (dice < 60 || looking_)) return look();
      if (leader_lives && dice < 65) return send(SaidTaken{"EADDRINUSE"});
    }
    if (life_.state() == State::waiting && dice < 70) return send(Proceed{});
    pass(Milliseconds{one_of({0U, 1U, 250U, 500U, 3'000U, 70'000U})});
  }

  // To the deadline, or a part of the way there.
  void pass(Milliseconds time) {
    const auto deadline = life_.deadline();
    if (!deadline || *deadline > now_ + time) {
      now_ += time;
      return;
    }
    now_ = std::max(now_, *deadline);
    send(Tick{});
    if (looking_) look();  // the host looks within milliseconds
    if (!life_.deadline() || *life_.deadline() > now_) return;
    const PhaseKind phase = life_.phase();
    send(Tick{});
    if (looking_) look();
    const bool stuck = life_.phase() == phase && life_.deadline() && *life_.deadline() <= now_;
    if (stuck) fail("two ticks at one deadline leave it in the past: a hot loop");
  }

  // ---- what must be true

  void check() {
    if (life_.is_ready() && !was_ready_ && probe_ != Probe::none && !listens_) fail("ready without a listener");
    was_ready_ = life_.is_ready();
    if (life_.is_ready() && (!lives_ || leader_gone_)) fail("ready without a process");
    const bool rests = life_.phase() == PhaseKind::idle;
    if (rests && life_.port()) fail("at rest with a port");
    if (rests && lives_) fail("at rest while a process lives");
    if (rests && !claim_ && !ports_.empty()) fail("at rest, and a port was not given back");
    if (!claim_ && ports_.size() > 1) fail("has two ports");
    if (life_.retry_at() && *life_.retry_at() - now_ > 30s) fail("waits for longer than backoff.max");
    if (life_.retry_at() && *life_.retry_at() < now_ - 70s) fail("was to be retried long ago");
  }

  // At the end everything is stopped, and nothing is left.
  void finish() {
    send(Stop{});
    for (int i = 0; i < 10 && life_.phase() != PhaseKind::idle; ++i) {
      if (claim_) answer_claim();
      if (launching_) answer_launch();
      if (lives_ && !leader_gone_) end_leader();
      if (lives_ && leader_gone_) clear();
    }
    if (claim_) answer_claim();
    if (life_.state() != State::stopped) fail("does not stop");
    if (!ports_.empty()) fail("stopped, and a port was not given back");
  }

  std::mt19937 random_;
  Probe probe_ = Probe::http;
  bool fixed_ = false;
  Lifecycle life_;
  Instant now_{std::chrono::hours(1)};
  std::string trouble_;

  std::optional<ClaimPort> claim_;
  std::set<Port> ports_;
  Port next_port_ = 50000;
  bool launching_ = false;
  bool lives_ = false;
  bool leader_gone_ = false;
  bool killed_ = false;
  bool listens_ = false;
  bool looking_ = false;
  bool probing_ = false;
  bool was_ready_ = false;
};

TEST_CASE("Two thousand random walks break no rule") {
  std::vector<std::string> broken;
  for (unsigned seed = 1; seed <= walks && broken.size() < 5; ++seed) {
    const std::string trouble = Walk(seed).go();
    if (!trouble.empty()) broken.push_back("seed " + std::to_string(seed) + ": " + trouble);
  }
  CHECK(broken == std::vector<std::string>{});
}

}  // namespace
}  // namespace berth::core::test
