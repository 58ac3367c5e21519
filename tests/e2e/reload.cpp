// A changed file, applied to what runs: who goes on as he was, who moves, who leaves.

#include <fcntl.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>

#include "e2e/commands.hpp"
#include "e2e/e2e.hpp"

namespace e2e {
namespace {

Object plan(Sandbox& sandbox, const Arguments& more = {}) {
  Arguments args{"reload", "--json"};
  args.insert(args.end(), more.begin(), more.end());
  const auto result = sandbox.berth(args);
  INFO(result.err);
  REQUIRE(result.code == 0);
  REQUIRE(is_one_json_document(result.out));
  return boost::json::parse(result.out).as_object();
}

std::vector<std::string> words(const Object& object, const char* key) {
  std::vector<std::string> all;
  for (const auto& one : object.at(key).as_array()) all.emplace_back(one.as_string());
  return all;
}
using Words = std::vector<std::string>;

void is_gone(Sandbox& sandbox, const std::string& name) {
  CHECK(eventually([&] {
    const Object status = sandbox.status();
    return std::ranges::none_of(status.at("servers").as_array(),
                                [&](const auto& server) { return text(server.as_object(), "name") == name; });
  }));
}

void replace_file(const Sandbox& sandbox, const ConfigText& config) {
  write_file(sandbox.file("new.toml"), config.text());
  std::filesystem::rename(sandbox.file("new.toml"), sandbox.config_path());
}

TEST_CASE("a reload of many servers touches those alone that have changed") {
  Sandbox sandbox(32);
  const auto all = [&](bool changed) {
    auto config = sandbox.config();
    config.supervisor("start_concurrency", 32);
    for (int i = 0; i < 24; ++i) {
      auto& server = config.server("s" + std::to_string(i)).set("ready.probe", "listen");
      if (changed && i % 8 == 0) server.args({"--http=404"});
    }
    return config;
  };
  sandbox.write(all(false));
  sandbox.up({"--wait"});
  const Object before = sandbox.status();

  sandbox.write(all(true));
  const Object done = plan(sandbox);
  CHECK(words(done, "restarted") == Words{"s0", "s8", "s16"});
  CHECK(words(done, "unchanged").size() == 21);
  REQUIRE(sandbox.berth({"wait"}).code == 0);
  const Object after = sandbox.status();
  for (std::size_t i = 0; i < 24; ++i) {
    const Object& was = before.at("servers").as_array()[i].as_object();
    const Object& is = after.at("servers").as_array()[i].as_object();
    INFO(text(is, "name"));
    CHECK(number(was, "port") == number(is, "port"));
    CHECK((number(was, "pid") == number(is, "pid")) == (i % 8 != 0));
    CHECK(number(is, "restarts") == 0);
  }
  sandbox.down();
}

TEST_CASE("a dry run says what would be done and does nothing") {
  Sandbox sandbox;
  auto before = sandbox.config();
  before.server("stays");
  before.server("goes");
  before.server("changes");
  sandbox.write(before);
  sandbox.up({"--wait"});
  const Object was = sandbox.status();

  auto after = sandbox.config();
  after.server("stays").set("health.interval", "77s");
  after.server("changes").args({"--http=404"}).set("stop.timeout", "6s");
  after.server("comes");
  sandbox.write(after);
  const Object would = plan(sandbox, {"--dry-run"});
  CHECK(would.at("dry_run").as_bool());
  CHECK(words(would, "added") == Words{"comes"});
  CHECK(words(would, "removed") == Words{"goes"});
  CHECK(words(would, "restarted") == Words{"changes"});
  CHECK(words(would, "applied_live") == Words{"stays"});
  CHECK(words(would, "unchanged").empty());
  const auto said = sandbox.berth({"reload", "--dry-run"});
  CHECK(said.out.find("applied live stays: health.interval\n") != std::string::npos);
  CHECK(said.out.find("restarted    changes: args, stop.timeout\n") != std::string::npos);
  const Object is = sandbox.status();
  REQUIRE(is.at("servers").as_array().size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(number(was.at("servers").as_array()[i].as_object(), "pid") ==
          number(is.at("servers").as_array()[i].as_object(), "pid"));
  }
  sandbox.down();
}

TEST_CASE("a renamed server is started anew on its port, and is nobody new") {
  Sandbox sandbox;
  auto before = sandbox.config();
  before.server("other");
  before.server("old").args({"--http=404"});
  before.server("needs").set("depends_on", Arguments{"old"});
  sandbox.write(before);
  sandbox.up({"--wait"});
  const Object old = sandbox.server("old");
  const auto dependent = number(sandbox.server("needs"), "pid");

  auto after = sandbox.config();
  after.server("other");
  after.server("new").args({"--http=404"});
  after.server("needs").set("depends_on", Arguments{"new"});
  sandbox.write(after);
  const Object done = plan(sandbox);
  CHECK(words(done, "restarted") == Words{"new"});
  CHECK(words(done, "added").empty());
  CHECK(words(done, "removed").empty());
  const Object renamed = sandbox.await("new", "ready with a new pid", [&](const Object& server) {
    return text(server, "state") == "ready" && number(server, "pid") != number(old, "pid");
  });
  CHECK(number(renamed, "port") == number(old, "port"));
  CHECK(number(renamed, "starts") == 2);
  CHECK(number(sandbox.server("needs"), "pid") == dependent);
  CHECK(sandbox.berth({"explain", "old"}).code == 2);
  CHECK(sandbox.berth({"explain", "new"}).out.find("its configuration has changed") != std::string::npos);
  sandbox.down();
}

TEST_CASE("a stopped server stays stopped whatever is changed of it") {
  Sandbox sandbox;
  auto before = sandbox.config();
  before.server("web");
  before.server("other");
  sandbox.write(before);
  sandbox.up({"--wait"});
  REQUIRE(sandbox.berth({"stop", "web"}).code == 0);

  auto after = sandbox.config();
  after.server("web").args({"--http=404"});
  after.server("other");
  sandbox.write(after);
  CHECK(words(plan(sandbox), "restarted") == Words{"web"});
  CHECK(text(sandbox.server("web"), "state") == "stopped");
  REQUIRE(sandbox.berth({"start", "web", "--wait"}).code == 0);
  CHECK(http_get_url(text(sandbox.server("web"), "url")).status == 404);
  sandbox.down();
}

TEST_CASE("a server that is disabled by a reload is stopped, and started when it is enabled again") {
  Sandbox sandbox;
  const auto with = [&](bool enabled) {
    auto config = sandbox.config();
    config.server("web").set("enabled", enabled);
    config.server("other");
    return config;
  };
  sandbox.write(with(true));
  sandbox.up({"--wait"});
  sandbox.write(with(false));
  CHECK(words(plan(sandbox), "applied_live") == Words{"web"});
  sandbox.await("web", "stopped");
  sandbox.write(with(true));
  plan(sandbox);
  sandbox.await("web", "ready");
  sandbox.down();
}

TEST_CASE("a server that has failed is tried again when a reload changes it") {
  Sandbox sandbox;
  auto before = sandbox.config();
  before.server("web").command("/no/such/command", {});
  sandbox.write(before);
  sandbox.up();
  sandbox.await("web", "failed");
  auto after = sandbox.config();
  after.server("web");
  sandbox.write(after);
  plan(sandbox);
  sandbox.await("web", "ready");
  sandbox.down();
}

TEST_CASE("a changed restart policy holds from now on, for the same process") {
  Sandbox sandbox;
  const auto with = [&](const char* policy) {
    auto config = sandbox.config();
    config.server("web").set("restart", policy);
    return config;
  };
  sandbox.write(with("always"));
  sandbox.up({"--wait"});
  const auto pid = number(sandbox.server("web"), "pid");
  sandbox.write(with("never"));
  CHECK(words(plan(sandbox), "applied_live") == Words{"web"});
  CHECK(number(sandbox.server("web"), "pid") == pid);
  ::kill(static_cast<pid_t>(pid), SIGKILL);
  sandbox.await("web", "exited");
  sandbox.down();
}

TEST_CASE("a shorter backoff cuts the delay that has begun") {
  Sandbox sandbox;
  const auto with = [&](const char* delay) {
    auto config = sandbox.config();
    config.server("web").args({"--exit=1"}).set("backoff.initial", delay).set("backoff.max", delay);
    return config;
  };
  sandbox.write(with("1h"));
  sandbox.up();
  sandbox.await("web", "backoff");
  const auto starts = number(sandbox.server("web"), "starts");
  sandbox.write(with("100ms"));
  plan(sandbox);
  sandbox.await("web", "started again", [&](const Object& server) { return number(server, "starts") > starts + 1; });
  sandbox.down();
}

TEST_CASE("a port that becomes fixed for one server is left by another") {
  Sandbox sandbox;
  auto before = sandbox.config();
  before.server("squatter");
  sandbox.write(before);
  sandbox.up({"--wait"});
  REQUIRE(number(sandbox.server("squatter"), "port") == sandbox.port());

  auto after = sandbox.config();
  after.server("squatter");
  after.server("owner").set("port", sandbox.port());
  sandbox.write(after);
  const Object done = plan(sandbox);
  CHECK(words(done, "added") == Words{"owner"});
  CHECK(words(done, "restarted") == Words{"squatter"});
  const Object owner = sandbox.await("owner", "ready");
  CHECK(number(owner, "port") == sandbox.port());
  CHECK(number(owner, "starts") == 1);  // to wait for a port is no failure
  CHECK(number(owner, "restarts") == 0);
  CHECK(number(owner, "consecutive_failures") == 0);
  const Object squatter = sandbox.await("squatter", "ready");
  CHECK(number(squatter, "port") != sandbox.port());
  CHECK(number(squatter, "port_conflicts") == 0);

  sandbox.write(before);  // and back: the port is anybody's again
  plan(sandbox);
  is_gone(sandbox, "owner");
  CHECK(ports_in_use(sandbox.status()) == 1);
  sandbox.down();
}

TEST_CASE("two servers change places on their fixed ports") {
  Sandbox sandbox;
  const auto with = [&](int a, int b) {
    auto config = sandbox.config();
    config.server("a").set("port", sandbox.port(a));
    config.server("b").set("port", sandbox.port(b));
    return config;
  };
  sandbox.write(with(0, 1));
  sandbox.up({"--wait"});
  sandbox.write(with(1, 0));
  plan(sandbox);
  for (const auto& [name, port] : {std::pair{"a", 1}, std::pair{"b", 0}}) {
    sandbox.await(name, "ready on its new port", [&](const Object& server) {
      return text(server, "state") == "ready" && number(server, "port") == sandbox.port(port);
    });
  }
  sandbox.down();
}

TEST_CASE("a fixed port that becomes auto, and back, is given up each time") {
  Sandbox sandbox;
  const auto with = [&](const Toml& port) {
    auto config = sandbox.config();
    config.server("web").set("port", port);
    return config;
  };
  sandbox.write(with(sandbox.port(5)));
  sandbox.up({"--wait"});
  sandbox.write(with("auto"));
  plan(sandbox);
  sandbox.await("web", "ready on the lowest port", [&](const Object& server) {
    return text(server, "state") == "ready" && number(server, "port") == sandbox.port();
  });
  sandbox.write(with(sandbox.port(6)));
  plan(sandbox);
  sandbox.await("web", "ready on its fixed port", [&](const Object& server) {
    return text(server, "state") == "ready" && number(server, "port") == sandbox.port(6);
  });
  CHECK(ports_in_use(sandbox.status()) == 1);
  sandbox.down();
}

TEST_CASE("those that are removed stop in order, and one that is back before it was gone goes on") {
  Sandbox sandbox;
  const auto with = [&](bool both) {
    auto config = sandbox.config();
    config.server("stays");
    if (!both) return config;
    config.server("database").set("stop.timeout", "1s");
    config.server("web").set("depends_on", Arguments{"database"}).args({"--ignore-sigterm"}).set("stop.timeout", "2s");
    return config;
  };
  sandbox.write(with(true));
  sandbox.up({"--wait"});
  const auto database = number(sandbox.server("database"), "pid");
  sandbox.write(with(false));
  plan(sandbox);
  CHECK(text(sandbox.server("web"), "state") == "stopping");
  CHECK(number(sandbox.server("database"), "pid") == database);  // its dependent still runs
  CHECK(sandbox.berth({"start", "web"}).code == 2);
  sandbox.write(with(true));
  plan(sandbox);
  sandbox.await("web", "ready");
  sandbox.await("database", "ready");
  CHECK(sandbox.status().at("servers").as_array().size() == 3);

  sandbox.write(with(false));
  auto waits_for_end = sandbox.start_berth({"wait", "web", "--for", "stopped"});
  await_asking(waits_for_end);
  plan(sandbox);
  check_ended(waits_for_end, 0, "");
  is_gone(sandbox, "web");
  is_gone(sandbox, "database");
  CHECK(sandbox.server_processes().size() == 1);
  const auto events = sandbox.berth({"events"}).out;
  CHECK(events.find("it is not in the configuration any more") != std::string::npos);
  sandbox.down();
}

TEST_CASE("what Berth itself cannot change while it runs is said to wait") {
  Sandbox sandbox;
  auto before = sandbox.config();
  before.server("web");
  sandbox.write(before);
  sandbox.up({"--wait"});
  auto after = sandbox.config();
  after.server("web");
  after.ports("hold", false);
  after.supervisor("start_concurrency", 3);
  sandbox.write(after);
  for (int i = 0; i < 2; ++i) {
    const Object done = plan(sandbox);
    const Object& own = done.at("supervisor").as_object();
    CHECK(words(own, "pending") == Words{"ports.hold"});
    CHECK(words(own, "applied_live") == (i == 0 ? Words{"supervisor.start_concurrency"} : Words{}));
    CHECK(words(done, "unchanged") == Words{"web"});
  }
  CHECK(sandbox.berth({"reload"}).out.find("takes effect with `berth down` and `berth up`") != std::string::npos);
  sandbox.down();
}

TEST_CASE("an invalid file is refused by name, line and column") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  sandbox.write(config.text() + "tpyo = 1\n");
  const auto refused = http_over_unix(sandbox.socket_path().string(), "POST", "/v1/reload");
  CHECK(refused.status == 422);
  const auto body = boost::json::parse(refused.body).as_object();
  CHECK(text(body.at("error").as_object(), "code") == "invalid_config");
  const auto said = sandbox.berth({"reload"});
  CHECK(said.code == 2);
  CHECK(said.out.empty());
  CHECK(said.err.find("berth.toml:") != std::string::npos);
  CHECK(said.err.find("error: ") != std::string::npos);
  CHECK(said.err.find("nothing was changed") != std::string::npos);
  CHECK(sandbox.berth({"reload", "--json"}).code == 2);
  CHECK(http_over_unix(sandbox.socket_path().string(), "POST", "/v1/reload?dry_run=maybe").status == 400);
  CHECK(http_over_unix(sandbox.socket_path().string(), "GET", "/v1/reload").status == 405);
  sandbox.write(std::string());
  CHECK(sandbox.berth({"-p", sandbox.project(), "reload"}).err.find("the file is empty") != std::string::npos);
  std::filesystem::remove(sandbox.config_path());
  CHECK(sandbox.berth({"-p", sandbox.project(), "reload"}).code == 2);
  sandbox.write(config);

  write_file(sandbox.file("other.toml"), config.text());
  const auto another = sandbox.berth({"-c", sandbox.file("other.toml").string(), "reload"});
  CHECK(another.code == 2);
  CHECK(another.err.find("was started with") != std::string::npos);
  CHECK(text(sandbox.server("web"), "state") == "ready");
  sandbox.down();
}

TEST_CASE("a secret that was changed is not shown, neither the new one nor the old") {
  Sandbox sandbox;
  const auto with = [&](const std::string& secret) {
    auto config = sandbox.config();
    config.server("web").args({"--say=it is " + secret}).set("env.API_TOKEN", secret);
    return config;
  };
  sandbox.write(with("first-secret-value"));
  sandbox.up({"--wait"});
  sandbox.write(with("second-secret-value"));
  const auto reloaded = sandbox.berth({"reload"});
  REQUIRE(reloaded.code == 0);
  sandbox.await("web", "ready with the new one",
                [](const Object& server) { return text(server, "state") == "ready" && number(server, "starts") == 2; });
  for (const Arguments& asked : {Arguments{"explain", "web"}, Arguments{"events"}, Arguments{"status", "--json"},
                                 Arguments{"reload", "--json"}}) {
    const auto said = sandbox.berth(asked);
    CHECK(said.out.find("secret-value") == std::string::npos);
  }
  CHECK(reloaded.out.find("secret-value") == std::string::npos);
  sandbox.down();
}

TEST_CASE("SIGHUP reloads") {
  const bool detached = GENERATE(true, false);
  Sandbox sandbox;
  auto before = sandbox.config();
  before.server("web");
  sandbox.write(before);
  std::optional<Program> foreground;
  if (detached) {
    sandbox.up({"--wait"});
  } else {
    foreground.emplace(sandbox.start_berth({"up"}));
    sandbox.await_supervisor();
  }
  const auto pid = number(sandbox.await("web", "ready"), "pid");
  auto after = sandbox.config();
  after.server("web");
  after.server("more");
  sandbox.write(after);
  ::kill(static_cast<pid_t>(number(sandbox.status(), "pid")), SIGHUP);
  CHECK(eventually([&] { return sandbox.status().at("servers").as_array().size() == 2; }));
  sandbox.await("more", "ready");
  CHECK(number(sandbox.server("web"), "pid") == pid);
  sandbox.down();
}

TEST_CASE("up --watch reloads when the file was replaced, written, broken and mended") {
  Sandbox sandbox;
  const auto with = [&](int servers) {
    auto config = sandbox.config();
    for (int i = 0; i < servers; ++i) config.server("s" + std::to_string(i)).set("env_file", "vars");
    return config;
  };
  const auto are = [&](std::size_t servers) {
    return eventually([&] { return sandbox.status().at("servers").as_array().size() == servers; });
  };
  write_file(sandbox.file("vars"), "A=1\n");
  sandbox.write(with(1));
  sandbox.up({"--wait", "--watch"});
  const auto pid = number(sandbox.server("s0"), "pid");
  replace_file(sandbox, with(2));
  CHECK(are(2));
  sandbox.write(with(3));
  CHECK(are(3));
  sandbox.write(with(1).text() + "nonsense");
  CHECK(eventually([&] {
    return read_file(sandbox.log_dir() / "berth.log").find("the file is not valid; nothing was changed") !=
           std::string::npos;
  }));
  CHECK(sandbox.status().at("servers").as_array().size() == 3);
  sandbox.write(with(2));
  CHECK(are(2));
  CHECK(number(sandbox.server("s0"), "pid") == pid);
  write_file(sandbox.file("vars"), "A=2\n");
  sandbox.await("s0", "started with the new variable",
                [&](const Object& server) { return text(server, "state") == "ready" && number(server, "pid") != pid; });
  sandbox.down();
}

TEST_CASE("a Berth that is killed in the middle of a reload leaves the next one a clean start") {
  Sandbox sandbox;
  auto before = sandbox.config();
  for (int i = 0; i < 4; ++i) before.server("old" + std::to_string(i)).args({"--slow-stop-ms=300"});
  sandbox.write(before);
  sandbox.up({"--wait"});
  auto after = sandbox.config();
  for (int i = 0; i < 4; ++i) after.server("new" + std::to_string(i)).set("ready.probe", "listen");
  sandbox.write(after);
  const auto pid = static_cast<pid_t>(number(sandbox.status(), "pid"));
  plan(sandbox);
  ::kill(pid, SIGKILL);
  CHECK(eventually([&] { return sandbox.nothing_left(); }));
  sandbox.up({"--wait"});
  const Object status = sandbox.status();
  CHECK(status.at("servers").as_array().size() == 4);
  CHECK(ports_in_use(status) == 4);
  CHECK(sandbox.server_processes().size() == 4);
  sandbox.down();
}

TEST_CASE("a reload while going down is refused") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--ignore-sigterm"}).set("stop.timeout", "2s");
  sandbox.write(config);
  sandbox.up({"--wait"});
  auto down = sandbox.start_berth({"down"});
  sandbox.await("web", "stopping");
  CHECK(sandbox.berth({"reload"}).code == 1);
  check_ended(down, 0, "");
  CHECK(sandbox.berth({"reload"}).code == 4);
}

TEST_CASE("a server that was started by hand and is enabled with other arguments is restarted") {
  Sandbox sandbox;
  auto before = sandbox.config();
  before.server("web").set("enabled", false);
  sandbox.write(before);
  sandbox.up();
  REQUIRE(sandbox.berth({"start", "web", "--wait"}).code == 0);
  auto after = sandbox.config();
  after.server("web").args({"--http=404"});
  sandbox.write(after);
  CHECK(words(plan(sandbox), "restarted") == Words{"web"});
  const Object web = sandbox.await("web", "ready again", [](const Object& server) {
    return text(server, "state") == "ready" && number(server, "starts") == 2;
  });
  CHECK(http_get_url(text(web, "url")).status == 404);
  sandbox.down();
}

TEST_CASE("a server that is back with other arguments before it could be stopped is restarted") {
  Sandbox sandbox;
  const auto with = [&](bool both, const Arguments& args) {
    auto config = sandbox.config();
    config.server("stays");
    if (!both) return config;
    config.server("database").args(args);
    config.server("web").set("depends_on", Arguments{"database"}).args({"--slow-stop-ms=1000"});
    return config;
  };
  sandbox.write(with(true, {}));
  sandbox.up({"--wait"});
  const auto pid = number(sandbox.server("database"), "pid");
  sandbox.write(with(false, {}));
  plan(sandbox);
  REQUIRE(number(sandbox.server("database"), "pid") == pid);  // until its dependent is gone
  sandbox.write(with(true, {"--http=404"}));
  plan(sandbox);
  const Object database = sandbox.await("database", "ready as another", [&](const Object& server) {
    return text(server, "state") == "ready" && number(server, "pid") != pid;
  });
  CHECK(http_get_url(text(database, "url")).status == 404);
  sandbox.down();
}

TEST_CASE("who follows a log does not see the secret that a reload has brought") {
  Sandbox sandbox;
  const auto with = [&](const std::string& secret) {
    auto config = sandbox.config();
    config.server("web").args({"--say=it is " + secret}).set("env.API_TOKEN", secret);
    return config;
  };
  sandbox.write(with("first-secret-value"));
  sandbox.up({"--wait"});
  auto follower = sandbox.start_berth({"logs", "-f", "web"});
  REQUIRE(eventually([&] { return follower.out().find("it is") != std::string::npos; }));
  const auto seen = follower.out().size();
  sandbox.write(with("second-secret-value"));
  plan(sandbox);
  REQUIRE(eventually([&] { return follower.out().find("it is", seen) != std::string::npos; }));
  CHECK(follower.out().find("secret-value") == std::string::npos);
  sandbox.down();
}

TEST_CASE("a plan says that nothing new is started where up was given names") {
  Sandbox sandbox;
  auto before = sandbox.config();
  before.server("web");
  before.server("other");
  sandbox.write(before);
  sandbox.up({"--wait", "web"});
  before.server("more");
  sandbox.write(before);
  CHECK(sandbox.berth({"reload"}).out.find("added        more; not started") != std::string::npos);
  CHECK(text(sandbox.server("more"), "state") == "stopped");
  sandbox.down();
}

}  // namespace
}  // namespace e2e
