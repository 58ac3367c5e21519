// Who may start, who is doomed, who must be gone first: several lives and the governor between them.

#include "core/governor.hpp"

#include <map>

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

using Names = std::vector<std::string>;

// A fleet whose host answers claims and launches at once; children become ready, end and are gone when a test says so.
class Fleet {
 public:
  struct Plan {
    std::string name;
    std::vector<std::string> depends_on;
    bool enabled = true;
    Change change;
  };

  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;
  explicit Fleet(std::vector<Plan> plans, unsigned at_once = 8, Milliseconds shutdown = 30s)
      : governor_({at_once, shutdown}, configs(plans), true, 1) {
    for (std::size_t i = 0; i < plans.size(); ++i) {
      names_.push_back(plans[i].name);
      index_[plans[i].name] = i;
    }
  }

  void up() {
    Governor::Servers all;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (governor_.config(i)->enabled) all.push_back(i);
    }
    perform(governor_.start(all, false, now_));
  }
  void start(const Names& names) { perform(governor_.start(of(names), true, now_)); }
  void stop(const Names& names) { perform(governor_.stop(of(names), now_)); }
  void restart(const Names& names) { perform(governor_.restart(of(names), now_)); }
  void go_down() { perform(governor_.go_down(now_)); }
  void kill_all() { perform(governor_.kill_all(now_)); }

  void becomes_ready(const std::string& name) {
    post(name, ListenersSeen{.own_here = true});
    pass(500ms);
    post(name, ListenersSeen{.own_here = true});
    post(name, ProbePassed{});
    post(name, ListenersSeen{.own_here = true});
  }
  void all_ready(const Names& names) {
    for (const auto& name : names) becomes_ready(name);
  }
  void ends(const std::string& name, int code = 0, bool tree_left = false) {
    post(name, Ended{.status = {.code = code}, .holder = Holder::own_hold, .tree_left = tree_left});
  }
  void loses_its_port(const std::string& name) {
    post(name, Ended{.status = {.code = 1}, .holder = Holder::stranger, .holder_name = "thief (pid 9)"});
  }
  void post(const std::string& name, const Event& event) { perform(governor_.on(index_.at(name), event, now_)); }
  void pass(Milliseconds time) {
    const Instant end = now_ + time;
    while (governor_.wake_at() && *governor_.wake_at() <= end) {
      now_ = std::max(now_, *governor_.wake_at());
      perform(governor_.tick(now_));
    }
    now_ = end;
  }
  // Nobody is there; what was due comes late.
  void sleeps(Milliseconds time) {
    now_ += time;
    perform(governor_.tick(now_));
  }

  [[nodiscard]] State state(const std::string& name) const { return governor_.life(index_.at(name)).state(); }
  [[nodiscard]] const Lifecycle& life(const std::string& name) const { return governor_.life(index_.at(name)); }
  [[nodiscard]] Names in(State state) const {
    Names found;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (governor_.life(i).state() == state) found.push_back(names_[i]);
    }
    return found;
  }
  [[nodiscard]] const Names& launched() const { return launched_; }
  [[nodiscard]] const Names& killed() const { return killed_; }
  [[nodiscard]] const Governor& governor() const { return governor_; }

 private:
  static std::vector<std::shared_ptr<const ServerConfig>> configs(const std::vector<Plan>& plans) {
    std::vector<std::shared_ptr<const ServerConfig>> all;
    for (const Plan& plan : plans) {
      all.push_back(plain_config([&](ServerConfig& config) {
        config.name = plan.name;
        config.depends_on = plan.depends_on;
        config.enabled = plan.enabled;
        if (plan.change) plan.change(config);
      }));
    }
    return all;
  }
  [[nodiscard]] Governor::Servers of(const Names& names) const {
    Governor::Servers servers;
    for (const auto& name : names) servers.push_back(index_.at(name));
    return servers;
  }
  void perform(const Acts& acts) {
    for (const Act& act : acts) {
      if (const auto* claim = std::get_if<ClaimPort>(&act.effect)) {
        answers_.emplace_back(act.server, PortClaimed{claim->prefer ? *claim->prefer : next_port_++});
      } else if (std::holds_alternative<Launch>(act.effect)) {
        launched_.push_back(names_[act.server]);
        answers_.emplace_back(act.server, Launched{});
      } else if (std::holds_alternative<KillTree>(act.effect)) {
        killed_.push_back(names_[act.server]);
      }
    }
    while (!answers_.empty()) {
      const auto [server, event] = answers_.front();
      answers_.erase(answers_.begin());
      perform(governor_.on(server, event, now_));
    }
  }

  Governor governor_;
  Names names_;
  std::map<std::string, std::size_t> index_;
  Instant now_{1h};
  std::vector<std::pair<std::size_t, Event>> answers_;
  Names launched_;
  Names killed_;
  Port next_port_ = 50000;
};

TEST_CASE("Servers without needs start first come first served, as many at once as may") {
  Fleet fleet({{"a"}, {"b"}, {"c"}}, 2);
  fleet.up();
  CHECK(fleet.in(State::starting) == Names{"a", "b"});
  CHECK(fleet.in(State::waiting) == Names{"c"});
  CHECK(fleet.life("c").message().find("start_concurrency") != std::string::npos);
  fleet.becomes_ready("b");
  CHECK(fleet.in(State::starting) == Names{"a", "c"});
}

TEST_CASE("Who waited longer starts first, whatever the place in the file") {
  Fleet fleet({{"a"}, {"b"}, {"c"}}, 1);
  fleet.start({"c"});
  fleet.start({"b"});
  fleet.start({"a"});
  fleet.becomes_ready("c");
  CHECK(fleet.in(State::starting) == Names{"b"});
}

TEST_CASE("One in backoff takes nobody's place") {
  Fleet fleet({{"a", {}}, {"b", {}}}, 1);
  fleet.up();
  fleet.ends("a", 1);
  CHECK(fleet.state("a") == State::backoff);
  CHECK(fleet.state("b") == State::starting);
}

TEST_CASE("A start that lost its port goes on before those that have yet to begin") {
  Fleet fleet({{"a"}, {"b"}, {"c"}}, 1);
  fleet.up();
  fleet.loses_its_port("a");
  CHECK(fleet.in(State::starting) == Names{"a"});
  CHECK(fleet.launched() == Names{"a", "a"});
}

TEST_CASE("A retry after a conflict keeps to the limit too") {
  Fleet fleet({{"a"}, {"b"}, {"c"}}, 1);
  fleet.up();
  // It has moved to another port and has to be stopped first: b gets the place meanwhile, and c does not get a's turn.
  fleet.post("a", ListenersSeen{.stranger_here = true, .stranger = "thief (pid 9)", .own_elsewhere = Port{50007}});
  REQUIRE(fleet.state("a") == State::stopping);
  CHECK(fleet.in(State::starting) == Names{"b"});
  fleet.ends("a");
  CHECK(fleet.in(State::starting) == Names{"b"});
  CHECK(fleet.life("a").is_trying_ports());
  fleet.becomes_ready("b");
  CHECK(fleet.in(State::starting) == Names{"a"});
}

TEST_CASE("A retry after a conflict waits for what it needs too") {
  Fleet fleet({{"db", {}}, {"app", {"db"}}});
  fleet.up();
  fleet.becomes_ready("db");
  fleet.post("app", ListenersSeen{.stranger_here = true, .stranger = "thief (pid 9)", .own_elsewhere = Port{50007}});
  REQUIRE(fleet.state("app") == State::stopping);
  fleet.ends("db", 1);
  fleet.ends("app");
  CHECK(fleet.state("app") == State::waiting);
  CHECK(fleet.life("app").is_trying_ports());
  fleet.becomes_ready("db");
  CHECK(fleet.state("app") == State::starting);
}

TEST_CASE("A server starts when all that it needs is ready") {
  Fleet fleet({{"db", {}}, {"cache", {}}, {"app", {"db", "cache"}}});
  fleet.up();
  CHECK(fleet.in(State::starting) == Names{"db", "cache"});
  CHECK(fleet.life("app").reason() == Cause::dependency);
  CHECK(fleet.life("app").message() == "waits for `db` to be ready");
  fleet.becomes_ready("db");
  CHECK(fleet.life("app").message() == "waits for `cache` to be ready");
  fleet.becomes_ready("cache");
  CHECK(fleet.state("app") == State::starting);
}

TEST_CASE("What cannot start yet does not take the place of what can") {
  Fleet fleet({{"app", {"db"}}, {"db", {}}, {"web", {}}}, 1);
  fleet.up();
  CHECK(fleet.in(State::starting) == Names{"db"});
  fleet.ends("db", 1);
  CHECK(fleet.in(State::starting) == Names{"web"});
}

TEST_CASE("Starting one starts what it depends on and nothing else") {
  Fleet fleet({{"db", {}}, {"app", {"db"}}, {"web", {}}});
  fleet.start({"app"});
  CHECK(fleet.in(State::starting) == Names{"db"});
  CHECK(fleet.in(State::stopped) == Names{"web"});
}

TEST_CASE("A dependency that fails for good fails those that wait for it, along the chain") {
  Fleet fleet({{"db", {}, true, [](ServerConfig& config) { config.restart = RestartPolicy::never; }},
               {"app", {"db"}},
               {"web", {"app"}}});
  fleet.up();
  fleet.ends("db", 1);
  CHECK(fleet.in(State::failed) == Names{"app", "web"});
  CHECK(fleet.life("app").reason() == Cause::dependency);
  CHECK(fleet.life("app").message() == "`db`, which it depends on, is exited");
  CHECK(fleet.life("web").reason() == Cause::dependency);

  fleet.start({"db"});
  CHECK(fleet.in(State::waiting) == Names{"app", "web"});
  fleet.all_ready({"db", "app"});
  CHECK(fleet.state("web") == State::starting);
}

TEST_CASE("What has failed for a dependency and is then stopped does not come back with it") {
  Fleet fleet({{"db", {}, true, [](ServerConfig& config) { config.restart = RestartPolicy::never; }}, {"app", {"db"}}});
  fleet.up();
  fleet.ends("db", 1);
  fleet.stop({"app"});
  fleet.start({"db"});
  fleet.becomes_ready("db");
  CHECK(fleet.state("app") == State::stopped);
}

TEST_CASE("A disabled dependency is not started by up, and its dependents say so") {
  Fleet fleet({{"db", {}, false, {}}, {"app", {"db"}}});
  fleet.up();
  CHECK(fleet.state("db") == State::stopped);
  CHECK(fleet.state("app") == State::failed);
  fleet.start({"app"});
  CHECK(fleet.state("db") == State::starting);
  CHECK(fleet.state("app") == State::waiting);
}

TEST_CASE("A dependency that crashes and comes back leaves its dependents alone") {
  Fleet fleet({{"db", {}}, {"app", {"db"}}});
  fleet.up();
  fleet.all_ready({"db", "app"});
  fleet.ends("db", 1);
  CHECK(fleet.state("db") == State::starting);
  CHECK(fleet.state("app") == State::ready);
  CHECK(fleet.launched() == Names{"db", "app", "db"});
}

TEST_CASE("Everything stops from its dependents down, siblings at once") {
  Fleet fleet({{"foot", {}}, {"left", {"foot"}}, {"right", {"foot"}}, {"tip", {"left", "right"}}});
  fleet.up();
  fleet.all_ready({"foot", "left", "right", "tip"});
  fleet.go_down();
  CHECK(fleet.in(State::stopping) == Names{"tip"});
  fleet.ends("tip", 0, true);
  CHECK(fleet.in(State::stopping) == Names{"tip"});  // its tree lives on
  fleet.post("tip", Cleared{});
  CHECK(fleet.in(State::stopping) == Names{"left", "right"});
  fleet.ends("left");
  CHECK(fleet.in(State::stopping) == Names{"right"});
  fleet.ends("right");
  CHECK(fleet.in(State::stopping) == Names{"foot"});
  CHECK_FALSE(fleet.governor().all_down());
  fleet.ends("foot");
  CHECK(fleet.governor().all_down());
  CHECK_FALSE(fleet.governor().wake_at());
}

TEST_CASE("One that has no process holds nothing back") {
  Fleet fleet({{"db", {}}, {"app", {"db"}}});
  fleet.up();
  fleet.becomes_ready("db");
  fleet.ends("app", 1);
  REQUIRE(fleet.state("app") == State::backoff);
  fleet.go_down();
  CHECK(fleet.state("app") == State::stopped);
  CHECK(fleet.state("db") == State::stopping);
}

TEST_CASE("What stays up holds nothing back: a person may stop one server alone") {
  Fleet fleet({{"db", {}}, {"app", {"db"}}});
  fleet.up();
  fleet.all_ready({"db", "app"});
  fleet.stop({"db"});
  CHECK(fleet.state("db") == State::stopping);
  CHECK(fleet.state("app") == State::ready);
}

TEST_CASE("A start in the middle of an ordered stop keeps what it needs") {
  Fleet fleet({{"db", {}}, {"app", {"db"}}});
  fleet.up();
  fleet.all_ready({"db", "app"});
  fleet.stop({"db", "app"});
  CHECK(fleet.state("app") == State::stopping);
  CHECK(fleet.governor().about_to_leave(0));
  fleet.start({"app"});
  CHECK_FALSE(fleet.governor().about_to_leave(0));
  fleet.ends("app");
  CHECK(fleet.state("db") == State::ready);
  CHECK(fleet.state("app") == State::starting);
}

TEST_CASE("A restart of several stops dependents first and starts them last") {
  Fleet fleet({{"db", {}}, {"app", {"db"}}});
  fleet.up();
  fleet.all_ready({"db", "app"});
  fleet.restart({"db", "app"});
  CHECK(fleet.state("db") == State::ready);
  CHECK(fleet.state("app") == State::stopping);
  fleet.ends("app");
  CHECK(fleet.state("app") == State::waiting);
  CHECK(fleet.state("db") == State::stopping);
  fleet.ends("db");
  CHECK(fleet.state("db") == State::starting);
  fleet.becomes_ready("db");
  CHECK(fleet.state("app") == State::starting);
  CHECK(fleet.launched() == Names{"db", "app", "db", "app"});
}

TEST_CASE("When the time for shutting down is over all that is left is killed, whoever depends on it") {
  Fleet fleet({{"db", {}}, {"app", {"db"}, true, [](ServerConfig& config) { config.stop.timeout = 1h; }}}, 8, 5s);
  fleet.up();
  fleet.all_ready({"db", "app"});
  fleet.go_down();
  fleet.pass(4'999ms);
  CHECK(fleet.killed().empty());
  fleet.pass(1ms);
  CHECK(fleet.governor().shutdown_timed_out());
  CHECK(fleet.killed() == Names{"db", "app"});
}

TEST_CASE("Nothing starts any more once it goes down") {
  Fleet fleet({{"db", {}}, {"web", {}}});
  fleet.start({"db"});
  fleet.go_down();
  fleet.start({"web", "db"});
  fleet.restart({"db"});
  fleet.ends("db");
  CHECK(fleet.in(State::stopped) == Names{"db", "web"});
  CHECK(fleet.governor().all_down());
}

TEST_CASE("After an hour of sleep nobody is late: timeouts go on where they were") {
  Fleet fleet({{"slow", {}}, {"crashed", {}}, {"quick", {}}});
  fleet.up();
  fleet.ends("crashed", 1);  // back in 500 ms
  REQUIRE(fleet.state("crashed") == State::backoff);
  fleet.sleeps(1h);
  CHECK(fleet.state("slow") == State::starting);  // it has all of its minute (ready.timeout) left
  CHECK(fleet.state("crashed") == State::backoff);
  fleet.pass(500ms);
  CHECK(fleet.state("crashed") == State::starting);
  fleet.becomes_ready("quick");
  fleet.pass(58s);
  CHECK(fleet.state("slow") == State::starting);
  fleet.pass(1s);
  CHECK(fleet.state("slow") == State::stopping);
}

TEST_CASE("After an hour of sleep in the middle of going down patience is what it was") {
  Fleet fleet(std::vector<Fleet::Plan>{{"db"}});
  fleet.up();
  fleet.becomes_ready("db");
  fleet.go_down();
  fleet.sleeps(1h);
  fleet.pass(9'999ms);
  CHECK(fleet.killed().empty());
  fleet.pass(1ms);
  CHECK(fleet.killed() == Names{"db"});  // stop.timeout is 10 s
  CHECK_FALSE(fleet.governor().shutdown_timed_out());
}

TEST_CASE("A governor of nobody is down") {
  Fleet fleet(std::vector<Fleet::Plan>{});
  fleet.up();
  CHECK(fleet.governor().all_down());
  fleet.go_down();
  CHECK_FALSE(fleet.governor().wake_at());
}

}  // namespace
}  // namespace berth::core::test
