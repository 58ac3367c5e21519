// Another list of servers, while the ones before live.

#include "core/governor.hpp"

#include <algorithm>
#include <map>

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

using Names = std::vector<std::string>;
struct Plan {
  std::string name;
  Names depends_on;
  Change change;
};
using Plans = std::vector<Plan>;

std::vector<std::shared_ptr<const ServerConfig>> configs(const Plans& plans) {
  std::vector<std::shared_ptr<const ServerConfig>> all;
  for (const Plan& plan : plans) {
    all.push_back(plain_config([&](ServerConfig& config) {
      config.name = plan.name;
      config.depends_on = plan.depends_on;
      if (plan.change) plan.change(config);
    }));
  }
  return all;
}

// A host that answers claims and launches at once and keeps the book of ports.
class Harbour {
 public:
  explicit Harbour(const Plans& plans) : governor(Governor::Limits{}, configs(plans), true, 1) {
    for (std::size_t i = 0; i < plans.size(); ++i) index[plans[i].name] = i;
    for (const auto& [name, at] : index) perform(governor.start({at}, true, now));
    for (const Plan& plan : plans) becomes_ready(plan.name);
  }

  void becomes_ready(const std::string& name) {
    for (int i = 0; i < 2; ++i) {
      post(name, ListenersSeen{.own_here = true});
      now += 500ms;
      perform(governor.tick(now));
    }
    post(name, ProbePassed{});
    post(name, ListenersSeen{.own_here = true});
  }
  void ends(const std::string& name) { post(name, Ended{.status = {.code = 0}, .holder = Holder::own_hold}); }
  void post(const std::string& name, const Event& event) { perform(governor.on(index.at(name), event, now)); }

  void reload(const Plans& plans) {
    std::vector<Governor::Place> places;
    for (const auto& config : configs(plans)) {
      const auto known = index.find(config->name);
      places.push_back({known == index.end() ? std::nullopt : std::optional(known->second), config});
    }
    const auto acts = governor.reload({}, places, now);
    for (const auto& place : places) index[place.config->name] = *place.at;
    perform(acts);
  }
  Names take_gone() {
    Names gone;
    for (const std::size_t at : governor.take_gone()) {
      const auto it = std::ranges::find(index, at, [](const auto& one) { return one.second; });
      gone.push_back(it->first);
      index.erase(it);
    }
    return gone;
  }
  void perform(const Acts& acts) {
    for (const Act& act : acts) {
      if (const auto* claim = std::get_if<ClaimPort>(&act.effect)) {
        answers.emplace_back(act.server, PortClaimed{claim->prefer ? *claim->prefer : next_port++});
      } else if (std::holds_alternative<Launch>(act.effect)) {
        ++launches;
        answers.emplace_back(act.server, Launched{});
      } else if (std::holds_alternative<ReleasePort>(act.effect)) {
        ++released;
      }
    }
    while (!answers.empty()) {
      const auto [server, event] = answers.front();
      answers.erase(answers.begin());
      perform(governor.on(server, event, now));
    }
  }
  [[nodiscard]] State state(const std::string& name) const { return governor.life(index.at(name)).state(); }

  Governor governor;
  std::map<std::string, std::size_t> index;
  Instant now{1h};
  std::vector<std::pair<std::size_t, Event>> answers;
  Port next_port = 50000;
  int launches = 0;
  int released = 0;
};

TEST_CASE("Who is in both lists goes on, who is in neither never was") {
  Harbour port({{"a"}, {"b"}});
  port.reload({{"b"}, {"c"}});
  CHECK(port.state("b") == State::ready);
  CHECK(port.state("a") == State::stopping);
  CHECK(port.state("c") == State::stopped);  // nobody has asked for it yet
  CHECK(port.governor.is_departing(port.index.at("a")));
  CHECK(port.take_gone().empty());
  port.ends("a");
  CHECK(port.take_gone() == Names{"a"});
  CHECK(port.take_gone().empty());
  CHECK(port.released == 1);
  CHECK(port.launches == 2);
}

TEST_CASE("A place that became empty is given to the next who is new") {
  Harbour port({{"a"}, {"b"}});
  const auto place = port.index.at("a");
  port.reload({{"b"}});
  port.ends("a");
  port.take_gone();
  CHECK_FALSE(port.governor.has(place));
  port.reload({{"b"}, {"c"}});
  CHECK(port.index.at("c") == place);
  port.perform(port.governor.start({place}, true, port.now));
  port.becomes_ready("c");
  CHECK(port.state("c") == State::ready);
  CHECK(port.governor.size() == 2);
}

TEST_CASE("Those that leave do so in the order in which they need each other") {
  Harbour port({{"database"}, {"web", {"database"}}});
  port.reload({});
  CHECK(port.state("web") == State::stopping);
  CHECK(port.state("database") == State::ready);
  port.ends("web");
  CHECK(port.state("database") == State::stopping);
  CHECK(port.take_gone() == Names{"web"});
  port.ends("database");
  CHECK(port.take_gone() == Names{"database"});
  CHECK(port.governor.all_down());
}

TEST_CASE("Who needs nobody any more holds nobody up") {
  Harbour port({{"database"}, {"web", {"database"}}});
  port.reload({{"web"}});
  CHECK(port.state("database") == State::stopping);
  CHECK(port.state("web") == State::ready);
  port.ends("database");
  CHECK(port.take_gone() == Names{"database"});
  CHECK(port.state("web") == State::ready);
}

TEST_CASE("A need that is new is waited for at the next start") {
  Harbour port({{"web"}, {"database"}});
  port.perform(port.governor.stop({port.index.at("database")}, port.now));
  port.ends("database");
  port.reload({{"web", {"database"}}, {"database"}});
  CHECK(port.state("web") == State::ready);
  port.perform(port.governor.restart({port.index.at("web")}, port.now));
  port.ends("web");
  CHECK(port.state("web") == State::failed);  // what it depends on was stopped by a person
  port.perform(port.governor.start({port.index.at("web")}, true, port.now));
  CHECK(port.state("web") == State::waiting);
  port.becomes_ready("database");
  CHECK(port.state("web") == State::starting);
}

TEST_CASE("Who is back before it was gone keeps its place and is started again") {
  Harbour port({{"a"}, {"b"}});
  const auto place = port.index.at("a");
  port.reload({{"b"}});
  port.reload({{"a"}, {"b"}});
  CHECK(port.index.at("a") == place);
  CHECK_FALSE(port.governor.is_departing(place));
  port.perform(port.governor.start({place}, true, port.now));
  port.ends("a");
  CHECK(port.take_gone().empty());
  CHECK(port.state("a") == State::starting);
}

TEST_CASE("Going down, with empty places and with some that are leaving, comes to its end") {
  Harbour port({{"a"}, {"b"}, {"c"}});
  port.reload({{"b"}, {"c"}});
  port.ends("a");
  port.take_gone();
  port.reload({{"b"}});
  SECTION("in order") {
    port.perform(port.governor.go_down(port.now));
    port.ends("c");
  }
  SECTION("at once") {
    port.perform(port.governor.kill_all(port.now));
    port.ends("c");
  }
  CHECK_FALSE(port.governor.all_down());
  port.ends("b");
  CHECK(port.governor.all_down());
  CHECK(port.take_gone() == Names{"c"});
  CHECK(port.governor.all_down());
}

TEST_CASE("How many may start at once can be changed while some wait") {
  Harbour port({{"a"}});
  std::vector<Governor::Place> places{{0, port.governor.config(0)}};
  for (const auto& config : configs({{"b"}, {"c"}, {"d"}})) places.push_back({std::nullopt, config});
  port.perform(port.governor.reload({.start_concurrency = 1}, places, port.now));
  port.perform(port.governor.start({1, 2, 3}, true, port.now));
  CHECK(port.governor.starting() == 1);
  port.perform(port.governor.reload({.start_concurrency = 3}, places, port.now));
  CHECK(port.governor.starting() == 3);
}

TEST_CASE("A start does not call off the restart that a reload has asked for") {
  Harbour port({{"database"}, {"web", {"database"}}});
  port.perform(port.governor.restart({0, 1}, port.now, "its configuration has changed"));
  CHECK(port.state("database") == State::ready);  // until its dependent is gone
  SECTION("nor does a stop before it") {
    port.perform(port.governor.stop({0}, port.now));
  }
  SECTION("alone") {}
  port.perform(port.governor.start({0}, true, port.now));
  port.ends("web");
  CHECK(port.state("database") == State::stopping);
}

TEST_CASE("A berth that another needs is left before anything is waited for") {
  Harbour port({{"squatter"}, {"owner"}});
  std::vector<Governor::Place> places{{0, configs({{"squatter", {"owner"}}}).front(), true},
                                      {1, port.governor.config(1)}};
  port.perform(port.governor.reload({}, places, port.now));
  port.perform(port.governor.restart({0, 1}, port.now));
  port.ends("squatter");
  CHECK(port.state("squatter") == State::waiting);
  CHECK(port.released == 1);
  CHECK_FALSE(port.governor.life(0).port());
}

}  // namespace
}  // namespace berth::core::test
