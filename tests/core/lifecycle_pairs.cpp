// Every event in every phase: nothing throws, and what follows is what the table in lifecycle.hpp says.

#include <array>

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

constexpr std::array<const char*, 9> phase_names{"idle",  "waiting",   "claiming", "launching", "starting",
                                                 "ready", "unhealthy", "backoff",  "stopping"};

const char* name(PhaseKind phase) {
  return phase_names.at(static_cast<std::size_t>(phase));
}

// Brings a life into a phase, with nothing answered from then on.
void lead_to(OneLife& web, PhaseKind phase) {
  web.gives_turns = phase != PhaseKind::waiting;
  web.answers_claims = phase != PhaseKind::claiming;
  web.answers_launches = phase != PhaseKind::launching;
  if (phase != PhaseKind::idle) web.start();
  if (phase == PhaseKind::backoff) web.ends(1);
  if (phase == PhaseKind::ready || phase == PhaseKind::unhealthy) web.becomes_ready();
  if (phase == PhaseKind::unhealthy) web.does_not_listen();
  if (phase == PhaseKind::stopping) web.stop();
  web.gives_turns = web.answers_claims = web.answers_launches = web.answers_looks = false;
}

struct NamedEvent {
  const char* name;
  Event event;
  std::array<const char*, 9> next;  // by phase, in the order of PhaseKind
};

// "=": stays as it was.
const std::vector<NamedEvent>& decided() {
  static const std::vector<NamedEvent> table{
      //                                    idle       waiting     claiming     launching   starting    ready
      //                                    unhealthy  backoff     stopping
      {"Start", Start{}, {"waiting", "=", "=", "=", "=", "=", "=", "waiting", "="}},
      {"Stop", Stop{}, {"=", "idle", "idle|=", "=", "stopping", "stopping", "stopping", "idle", "="}},
      {"Restart", Restart{}, {"waiting", "=", "=", "=", "stopping", "stopping", "stopping", "waiting", "="}},
      {"Proceed", Proceed{}, {"=", "claiming", "=", "=", "=", "=", "=", "=", "="}},
      {"HeldBack", HeldBack{Cause::dependency, "x"}, {"=", "=", "=", "=", "=", "=", "=", "=", "="}},
      {"KillNow", KillNow{}, {"=", "idle", "idle|=", "=", "stopping", "stopping", "stopping", "idle", "="}},
      {"DependencyFailed", DependencyFailed{"x"}, {"=", "idle", "=", "=", "=", "=", "=", "=", "="}},
      {"PortClaimed", PortClaimed{50007}, {"=", "=", "launching", "=", "=", "=", "=", "=", "="}},
      {"PortRefused", PortRefused{}, {"=", "=", "idle", "=", "=", "=", "=", "=", "="}},
      {"PortRefused for now",
       PortRefused{Cause::spawn_failed, "x"},
       {"=", "=", "backoff", "=", "=", "=", "=", "=", "="}},
      {"Launched", Launched{}, {"=", "=", "=", "starting", "=", "=", "=", "=", "="}},
      {"NotLaunched", NotLaunched{Cause::bad_cwd, "x"}, {"=", "=", "=", "idle", "=", "=", "=", "=", "="}},
      {"NotLaunched for now", NotLaunched{}, {"=", "=", "=", "backoff", "=", "=", "=", "=", "="}},
      {"ListenersSeen", ListenersSeen{.own_here = true}, {"=", "=", "=", "=", "=", "=", "ready", "=", "="}},
      {"ListenersSeen nobody", ListenersSeen{}, {"=", "=", "=", "=", "=", "unhealthy", "=", "=", "="}},
      {"ListenersSeen moved",
       ListenersSeen{.stranger_here = true, .own_elsewhere = Port{50008}},
       {"=", "=", "=", "=", "stopping", "unhealthy", "=", "=", "="}},
      {"SaidTaken", SaidTaken{"EADDRINUSE"}, {"=", "=", "=", "=", "=", "=", "=", "=", "="}},
      {"ProbePassed", ProbePassed{}, {"=", "=", "=", "=", "=", "=", "=", "=", "="}},
      {"ProbeFailed", ProbeFailed{"x"}, {"=", "=", "=", "=", "=", "=", "=", "=", "="}},
      {"Ended", Ended{.status = {.code = 1}}, {"=", "=", "=", "=", "backoff", "waiting", "waiting", "=", "idle"}},
      {"Ended with a tree",
       Ended{.status = {.code = 1}, .tree_left = true},
       {"=", "=", "=", "=", "stopping", "stopping", "stopping", "=", "="}},
      {"Cleared", Cleared{}, {"=", "=", "=", "=", "=", "=", "=", "=", "="}},
      {"Tick", Tick{}, {"=", "=", "=", "=", "=", "=", "=", "=", "="}},
  };
  return table;
}

bool is_one_of(const std::string& found, std::string wanted, const char* before) {
  if (wanted.ends_with("|=")) return found == before || found == wanted.substr(0, wanted.size() - 2);
  return found == (wanted == "=" ? before : wanted);
}

// What is seen from outside fits together.
void check_legal(const OneLife& web) {
  const Lifecycle& life = web.life();
  const bool rests = life.state() == State::stopped || life.state() == State::exited || life.state() == State::failed;
  CHECK((life.phase() == PhaseKind::idle) == rests);
  if (rests) CHECK_FALSE(life.port());
  CHECK((life.state() == State::ready) == life.is_ready());
  CHECK((life.state() == State::backoff || life.state() == State::crashloop) == life.retry_at().has_value());
  CHECK((life.state() == State::stopping) == life.kill_at().has_value());
  if (life.state() == State::failed || life.state() == State::exited) CHECK(life.reason());
  if (life.phase() >= PhaseKind::launching && life.phase() != PhaseKind::backoff) CHECK(life.port());
}

TEST_CASE("Every event in every phase leads where the table says") {
  std::size_t pairs = 0;
  for (const NamedEvent& row : decided()) {
    for (std::size_t i = 0; i < phase_names.size(); ++i) {
      const auto phase = static_cast<PhaseKind>(i);
      OneLife web;
      lead_to(web, phase);
      INFO(row.name << " in " << name(phase));
      REQUIRE(web.life().phase() == phase);
      REQUIRE_NOTHROW(web.send(row.event));
      INFO("leads to " << name(web.life().phase()) << ", not to " << row.next.at(i));
      CHECK(is_one_of(name(web.life().phase()), row.next.at(i), name(phase)));
      check_legal(web);
      ++pairs;
    }
  }
  CHECK(pairs == decided().size() * phase_names.size());
}

TEST_CASE("Every kind of event stands in the table") {
  std::vector<bool> there(std::variant_size_v<Event>, false);
  for (const NamedEvent& row : decided()) there.at(row.event.index()) = true;
  CHECK(there == std::vector<bool>(std::variant_size_v<Event>, true));
}

TEST_CASE("Any two events after each other in any phase leave something legal") {
  for (std::size_t i = 0; i < phase_names.size(); ++i) {
    for (const NamedEvent& first : decided()) {
      for (const NamedEvent& second : decided()) {
        OneLife web;
        lead_to(web, static_cast<PhaseKind>(i));
        INFO(first.name << " and " << second.name << " in " << phase_names.at(i));
        REQUIRE_NOTHROW(web.send(first.event));
        REQUIRE_NOTHROW(web.send(second.event));
        check_legal(web);
      }
    }
  }
}

TEST_CASE("A port that nobody has asked for is given back") {
  OneLife web;
  web.send(PortClaimed{50007});
  REQUIRE(web.count<ReleasePort>() == 1);
  CHECK(web.all<ReleasePort>()[0].port == 50007);
}

}  // namespace
}  // namespace berth::core::test
