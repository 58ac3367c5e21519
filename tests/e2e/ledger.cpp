// One ledger of ports for all supervisors of a user, and for other programs.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "e2e/e2e.hpp"
#include "e2e/restricted.hpp"

namespace e2e {
namespace {

namespace json = boost::json;

Object ledger(Sandbox& sandbox) {
  const Result result = sandbox.berth({"ports", "--json"});
  INFO("stderr: " << result.err);
  REQUIRE(result.code == 0);
  return json::parse(result.out).as_object();
}

json::array instances(Sandbox& sandbox) {
  return ledger(sandbox).at("instances").as_array();
}

std::filesystem::path ledger_file(const Sandbox& sandbox) {
  return sandbox.runtime_dir() / "ports.json";
}

json::array instances_in(const std::filesystem::path& file) {
  return json::parse(read_file(file)).as_object().at("instances").as_array();
}

// The entry of a port in the file; empty when there is none.
Object entry_of(const std::filesystem::path& file, int port) {
  for (const auto& entry : instances_in(file)) {
    if (entry.at("port") == port) return entry.as_object();
  }
  return {};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string five_fields(int port, pid_t pid, long long age_ms = 0) {
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  const std::string at = std::to_string(now - age_ms);
  return R"({"port":)" + std::to_string(port) + R"(,"instanceId":"other-)" + std::to_string(port) + R"(","pid":)" +
         std::to_string(pid) + R"(,"createdAt":)" + at + R"(,"lastHeartbeat":)" + at + R"(,"note":[1,{"a":null}]})";
}

std::string berth_log(const Sandbox& sandbox) {
  return read_file(sandbox.log_dir() / "berth.log");
}

}  // namespace

TEST_CASE("Five projects of two servers fill eleven ports but one, and the sixth is told who has them") {
  Sandbox sandbox(11);
  auto config = sandbox.config();
  config.server("one");
  config.server("two");
  sandbox.write(config);
  const std::vector<std::string> projects{"alpha", "beta", "gamma", "delta", "epsilon"};
  for (const auto& project : projects) {
    REQUIRE(sandbox.berth({"-p", project, "up", "--detach", "--wait"}).code == 0);
  }
  const Result sixth = sandbox.berth({"-p", "zeta", "up", "--detach", "--wait"});
  CHECK(sixth.code == 1);
  std::set<std::int64_t> ports;
  for (const auto& entry : instances(sandbox)) {
    const Object instance = entry.as_object();
    ports.insert(number(instance, "port"));
    if (text(instance, "project") == "zeta") continue;
    const std::string holder = "`" + text(instance, "project") + "." + text(instance, "server") + "`";
    INFO(sixth.err);
    CHECK(has(sixth.err, std::to_string(number(instance, "port")) + " by " + holder));
    CHECK(has(sixth.err, "(pid " + std::to_string(number(instance, "pid")) + ")"));
  }
  CHECK(ports.size() == 11);
  const Object zeta = json::parse(sandbox.berth({"-p", "zeta", "status", "--json"}).out).as_object();
  CHECK(number(zeta.at("servers").as_array().at(0).as_object(), "port") == sandbox.port(10));
  CHECK(text(zeta.at("servers").as_array().at(1).as_object(), "reason") == "port_range_exhausted");

  for (const auto& project : projects) REQUIRE(sandbox.berth({"-p", project, "down"}).code == 0);
  REQUIRE(sandbox.berth({"-p", "zeta", "down"}).code == 0);
  CHECK(instances_in(ledger_file(sandbox)).empty());
}

TEST_CASE("The ledger's file says of a ready server what its status says") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const Object server = sandbox.await("web", "ready");
  ledger(sandbox);  // asks the supervisor, which brings the file up to date
  const Object entry = entry_of(ledger_file(sandbox), sandbox.port(0));
  CHECK(number(entry, "pid") == number(server, "pid"));
  CHECK(text(entry, "url") == text(server, "url"));
  CHECK(text(entry, "state") == "ready");
  CHECK(text(entry, "server") == "web");
  CHECK(text(entry, "project") == sandbox.project());
  CHECK(number(entry, "supervisorPid") == number(sandbox.status(), "pid"));
  CHECK(text(entry, "bootId").size() == 36);
  CHECK(text(entry, "instanceId").starts_with(sandbox.project() + ".web."));
  sandbox.down();
  CHECK(instances_in(ledger_file(sandbox)).empty());
}

TEST_CASE("Without a supervisor and without a file there are no instances") {
  Sandbox sandbox;
  const Object none = ledger(sandbox);
  CHECK(none.at("instances").as_array().empty());
  CHECK(none.at("dead").as_array().empty());
  CHECK(sandbox.berth({"ports"}).out == "no instances\n");
  CHECK_FALSE(std::filesystem::exists(sandbox.runtime_dir()));
}

TEST_CASE("What a killed supervisor had leased is free at once and leaves the file") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto supervisor = static_cast<pid_t>(number(sandbox.status(), "pid"));
  const pid_t guardian = guardian_of(supervisor);
  REQUIRE(guardian > 0);
  REQUIRE(::kill(guardian, SIGSTOP) == 0);  // or it might be quicker than the second kill
  for (const pid_t pid : {supervisor, guardian}) REQUIRE(::kill(pid, SIGKILL) == 0);  // the server goes with them
  REQUIRE(eventually([&] { return !process_lives(guardian) && sandbox.nothing_left(); }));
  CHECK(instances(sandbox).empty());
  CHECK(instances_in(ledger_file(sandbox)).empty());
  REQUIRE(sandbox.berth({"-p", "neighbour", "up", "--detach", "--wait"}).code == 0);
  CHECK(number(entry_of(ledger_file(sandbox), sandbox.port(0)), "port") == sandbox.port(0));
  REQUIRE(sandbox.berth({"-p", "neighbour", "down"}).code == 0);
}

TEST_CASE("The guardian of a killed supervisor takes its entries out of the file") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  ::kill(static_cast<pid_t>(number(sandbox.status(), "pid")), SIGKILL);
  CHECK(eventually([&] { return instances_in(ledger_file(sandbox)).empty(); }));
}

TEST_CASE("A stopped supervisor keeps its leases") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("backoff.initial", "60s").set("backoff.max", "60s");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto supervisor = static_cast<pid_t>(number(sandbox.status(), "pid"));
  const auto server = static_cast<pid_t>(number(sandbox.server("web"), "pid"));
  REQUIRE(::kill(supervisor, SIGSTOP) == 0);
  REQUIRE(::kill(server, SIGKILL) == 0);  // gone, and its supervisor cannot know it
  REQUIRE(sandbox.berth({"-p", "neighbour", "up", "--detach", "--wait"}).code == 0);
  CHECK(number(entry_of(ledger_file(sandbox), sandbox.port(1)), "port") == sandbox.port(1));
  CHECK(text(entry_of(ledger_file(sandbox), sandbox.port(0)), "project") == sandbox.project());
  REQUIRE(::kill(supervisor, SIGCONT) == 0);
  REQUIRE(sandbox.berth({"-p", "neighbour", "down"}).code == 0);
  sandbox.down();
}

TEST_CASE("A server in backoff keeps its lease in its supervisor's name") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--exit-after-ms=0"}).set("backoff.initial", "60s").set("backoff.max", "60s");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("web", "backoff");
  ledger(sandbox);
  const Object entry = entry_of(ledger_file(sandbox), sandbox.port(0));
  CHECK(text(entry, "state") == "backoff");
  CHECK(number(entry, "pid") == number(sandbox.status(), "pid"));
  sandbox.down();
}

TEST_CASE("A damaged ledger is kept and rebuilt with the entries of all") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  REQUIRE(sandbox.berth({"-p", "neighbour", "up", "--detach", "--wait"}).code == 0);
  write_file(ledger_file(sandbox), "{\"instances\": [garbage");
  const auto entries = instances(sandbox);
  CHECK(entries.size() == 2);
  CHECK(instances_in(ledger_file(sandbox)).size() == 2);
  for (const auto& entry : entries) CHECK(text(entry.as_object(), "server") == "web");
  std::size_t kept = 0;
  for (const auto& file : std::filesystem::directory_iterator(sandbox.runtime_dir())) {
    if (!file.path().filename().string().starts_with("ports.json.corrupt-")) continue;
    ++kept;
    CHECK(read_file(file.path()) == "{\"instances\": [garbage");
  }
  CHECK(kept == 1);
  REQUIRE(sandbox.berth({"-p", "neighbour", "down"}).code == 0);
  sandbox.down();
}

TEST_CASE("Another program's entries in a shared registry are passed over and kept as they are") {
  Sandbox sandbox;
  const auto file = sandbox.file("shared.json");
  const std::string theirs = five_fields(sandbox.port(0), ::getpid());
  write_file(file, R"({"instances":[)" + theirs + R"(],"version":7})");
  auto config = sandbox.config();
  config.ports("registry", file.string());
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  CHECK(number(sandbox.server("web"), "port") == sandbox.port(1));
  CHECK(json::value(entry_of(file, sandbox.port(0))) == json::parse(theirs));
  CHECK(number(entry_of(file, sandbox.port(1)), "pid") == number(sandbox.server("web"), "pid"));
  CHECK(instances(sandbox).size() == 2);
  sandbox.down();
  CHECK(json::value(entry_of(file, sandbox.port(0))) == json::parse(theirs));
  CHECK(instances_in(file).size() == 1);
  CHECK(json::parse(read_file(file)).at("version") == 7);
  CHECK_FALSE(std::filesystem::exists(file.string() + ".lock"));
}

TEST_CASE("An entry of another program whose process and heartbeat are gone is evicted") {
  Sandbox sandbox;
  const auto file = sandbox.file("shared.json");
  Program gone = Program(sandbox.plan("/bin/true", {}));
  REQUIRE(gone.wait().has_value());
  write_file(file, R"({"instances":[)" + five_fields(sandbox.port(0), gone.pid(), 120'000) + "," +
                       five_fields(sandbox.port(1), gone.pid(), 10'000) + "]}");
  auto config = sandbox.config();
  config.ports("registry", file.string());
  config.server("web");
  config.server("api");
  sandbox.write(config);
  sandbox.up({"--wait"});
  CHECK(number(sandbox.server("web"), "port") == sandbox.port(0));
  CHECK(number(sandbox.server("api"), "port") == sandbox.port(2));  // a heartbeat of ten seconds ago counts
  CHECK(text(entry_of(file, sandbox.port(1)), "instanceId") == "other-" + std::to_string(sandbox.port(1)));
  sandbox.down();
}

TEST_CASE("The lock of another program that lives is waited for, and keeps no server from running") {
  Sandbox sandbox;
  const auto file = sandbox.file("shared.json");
  const std::string lock = file.string() + ".lock";
  write_file(file, R"({"instances":[]})");
  write_file(lock, std::to_string(::getpid()));
  auto config = sandbox.config();
  config.ports("registry", file.string());
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  CHECK(read_file(lock) == std::to_string(::getpid()));
  CHECK(instances_in(file).empty());
  std::filesystem::remove(lock);
  CHECK(eventually([&] { return !entry_of(file, sandbox.port(0)).empty(); }));
  write_file(lock, "999999999");  // nobody has such a pid
  sandbox.down();
  CHECK(instances_in(file).empty());
}

TEST_CASE("A ledger that cannot be used is told once, and servers run without it") {
  Sandbox sandbox;
  std::filesystem::create_directory(sandbox.file("real"));
  std::filesystem::create_symlink(sandbox.file("real"), sandbox.file("link"));
  auto config = sandbox.config();
  config.ports("registry", (sandbox.file("link") / "ports.json").string());
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const std::string log = berth_log(sandbox);
  CHECK(has(log, "cannot be used: its folder"));
  CHECK(has(log, "is a symbolic link or a file, and is not trusted"));
  CHECK(log.find("cannot be used") == log.rfind("cannot be used"));
  CHECK(instances(sandbox).size() == 1);  // its supervisor is asked
  sandbox.down();
}

TEST_CASE("A registry that is something else is left alone, and told") {
  Sandbox sandbox;
  const auto other = sandbox.file("package.json");
  const std::string theirs = R"({"name": "not a ledger"})";
  write_file(other, theirs);
  const std::string registry =
      GENERATE(std::string("package.json"), std::string("berth.toml"), std::string("."), std::string("logs.lock"));
  auto config = sandbox.config();
  config.ports("registry", registry);
  config.server("web");
  sandbox.write(config);
  const std::string before = read_file(sandbox.config_path());
  const Result up = sandbox.berth({"up", "--detach", "--wait"});
  CHECK(up.code == 0);
  INFO(up.err);
  CHECK(has(up.err, "berth: warning: the ledger of ports"));
  CHECK(has(up.err, "cannot be used"));
  CHECK(read_file(other) == theirs);
  CHECK(read_file(sandbox.config_path()) == before);
  sandbox.down();
}

TEST_CASE("A runtime dir that somebody removes is made anew with all that belongs there") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto supervisor = number(sandbox.status(), "pid");
  const auto server = static_cast<pid_t>(number(sandbox.server("web"), "pid"));
  std::filesystem::remove_all(sandbox.runtime_dir());
  REQUIRE(::kill(server, SIGKILL) == 0);  // a change that is to be written
  REQUIRE(eventually([&] { return std::filesystem::exists(sandbox.socket_path()); }));
  sandbox.await("web", "ready");
  CHECK(number(sandbox.status(), "pid") == supervisor);
  CHECK(eventually([&] {
    return std::filesystem::exists(ledger_file(sandbox)) && !entry_of(ledger_file(sandbox), sandbox.port(0)).empty();
  }));
  CHECK(sandbox.berth({"up", "--detach"}).code == 1);  // its lock is held again
  sandbox.down();
}

TEST_CASE("Every server has an instance id of its own, also when one is set outside") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  config.server("api");
  sandbox.write(config);
  auto plan = sandbox.plan(BERTH_PROGRAM, {"up", "--detach", "--wait"});
  plan.environment["MCP_INSTANCE_ID"] = "outside";
  REQUIRE(run(plan).code == 0);
  std::set<std::string> ids;
  for (const auto& entry : instances(sandbox)) {
    ids.insert(text(entry.as_object(), "instanceId"));
  }
  CHECK(ids.size() == 2);
  for (const std::string& id : ids) CHECK(id.starts_with("outside."));
  sandbox.down();
}

}  // namespace e2e
