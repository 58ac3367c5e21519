// What a service manager is told (sd_notify), by way of a socket that the test reads.

#include <csignal>
#include <filesystem>
#include <map>

#include "e2e/e2e.hpp"
#include "support/notify_reader.hpp"

namespace e2e {
namespace {

using namespace std::chrono_literals;

// Long enough for what must not come to have come.
constexpr auto silence = 1'500ms;

class Service {
 public:
  explicit Service(Sandbox& sandbox, const std::string& address = {})
      : sandbox_(sandbox), reader_(address.empty() ? sandbox.file("notify").string() : address) {}

  NotifyReader& reader() { return reader_; }

  Service& set(const std::string& name, const std::string& value) {
    more_[name] = value;
    return *this;
  }
  ProgramPlan plan(const Arguments& args) {
    ProgramPlan planned = sandbox_.plan(BERTH_PROGRAM, args);
    planned.environment["NOTIFY_SOCKET"] = reader_.address();
    planned.environment.insert(more_.begin(), more_.end());
    return planned;
  }
  Program start(const Arguments& more = {}) {
    Arguments args{"up"};
    args.insert(args.end(), more.begin(), more.end());
    return Program(plan(args));
  }
  void end(Program& program) {
    program.signal(SIGTERM);
    REQUIRE(program.wait());
    CHECK(sandbox_.nothing_left());
  }

 private:
  Sandbox& sandbox_;
  NotifyReader reader_;
  std::map<std::string, std::string> more_;
};

void check_holds(const std::optional<std::string>& message, const std::string& words) {
  REQUIRE(message);
  INFO("message: " << *message);
  CHECK(message->find(words) != std::string::npos);
}

ConfigText one_server(const Sandbox& sandbox) {
  auto config = sandbox.config();
  config.server("web");
  return config;
}

// Two servers, the second of which listens when its gate is opened.
ConfigText web_and_gated(const Sandbox& sandbox) {
  auto config = one_server(sandbox);
  config.server("db").args({"--listen-when=" + gate(sandbox, "db")});
  return config;
}

char state_of(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto end = stat.rfind(") ");
  return end == std::string::npos ? '?' : stat[end + 2];
}

}  // namespace

TEST_CASE("READY=1 is not said before every server is ready") {
  Sandbox sandbox;
  sandbox.write(web_and_gated(sandbox));
  Service service(sandbox);
  auto berth = service.start();

  REQUIRE(service.reader().await("STATUS=1 of 2 ready; db: starting"));
  CHECK_FALSE(service.reader().await("READY=1", silence));
  CHECK(service.reader().count("READY=1") == 0);
  open_gate(sandbox, "db");
  check_holds(service.reader().await("READY=1"), "STATUS=2 of 2 ready");
  CHECK(service.reader().count("READY=1") == 1);
  service.end(berth);
}

TEST_CASE("Only those servers count for READY=1 that are wanted up") {
  Sandbox sandbox;
  auto config = web_and_gated(sandbox);
  config.server("off").set("enabled", false).args({"--never-listen"});
  sandbox.write(config);
  Service service(sandbox);
  auto berth = service.start({"web"});
  check_holds(service.reader().await("READY=1"), "STATUS=1 of 1 ready");
  service.end(berth);
}

TEST_CASE("A server that somebody stops is no longer waited for by READY=1") {
  Sandbox sandbox;
  sandbox.write(web_and_gated(sandbox));
  Service service(sandbox);
  auto berth = service.start();
  REQUIRE(service.reader().await("STATUS=1 of 2 ready"));
  CHECK(sandbox.berth({"stop", "db"}).code == 0);
  check_holds(service.reader().await("READY=1"), "STATUS=1 of 1 ready");
  service.end(berth);
}

TEST_CASE("With --notify started READY=1 comes as soon as the control socket answers") {
  Sandbox sandbox;
  sandbox.write(web_and_gated(sandbox));
  Service service(sandbox);
  auto berth = service.start({"--notify", "started"});
  check_holds(service.reader().next(), "READY=1\nSTATUS=0 of 2 ready");
  CHECK(sandbox.status().at("servers").as_array().size() == 2);
  service.end(berth);
}

TEST_CASE("With --notify settled a server that fails again and again holds up nobody") {
  Sandbox sandbox;
  auto config = web_and_gated(sandbox);
  config.server("bad").args({"--exit=3"}).set("backoff.crashloop_after", 2);
  sandbox.write(config);
  for (const std::string until : {"ready", "settled"}) {
    INFO(until);
    Service service(sandbox, "@" + sandbox.project() + until);
    auto berth = service.start({"--notify", until});
    REQUIRE(service.reader().await("bad: crashloop, ended with code 3"));
    CHECK_FALSE(service.reader().await("READY=1", silence));
    CHECK(service.reader().count("READY=1") == 0);
    open_gate(sandbox, "db");
    const auto ready = service.reader().await("READY=1", until == "ready" ? silence : patience);
    CHECK(ready.has_value() == (until == "settled"));
    service.end(berth);
    std::filesystem::remove(gate(sandbox, "db"));
  }
}

TEST_CASE("STATUS= says who is not ready, and why, at the moment") {
  Sandbox sandbox;
  const Thief thief(sandbox, sandbox.port(7));
  auto config = one_server(sandbox);
  config.server("fixed").set("port", sandbox.port(7));
  sandbox.write(config);
  Service service(sandbox);
  auto berth = service.start();
  check_holds(service.reader().await("STATUS=1 of 2 ready; fixed: failed"),
              "fixed port " + std::to_string(sandbox.port(7)) + " is held by " + thief.holder());
  CHECK(sandbox.berth({"stop", "web"}).code == 0);
  CHECK(service.reader().await("STATUS=0 of 1 ready; fixed: failed"));
  service.end(berth);
}

TEST_CASE("STATUS= is not sent more often than once a second") {
  Sandbox sandbox;
  auto config = sandbox.config();
  for (int i = 0; i < 5; ++i) config.server("s" + std::to_string(i));
  config.server("bad").args({"--exit=3"}).set("backoff.initial", "20ms").set("backoff.max", "20ms");
  sandbox.write(config);
  Service service(sandbox);
  const auto begin = std::chrono::steady_clock::now();
  auto berth = service.start();
  REQUIRE(service.reader().await("bad: crashloop"));
  std::ignore = service.reader().await("READY=1", 2s);  // never comes
  const auto count = service.reader().count("STATUS=");
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begin).count();
  CHECK(count <= static_cast<std::size_t>(seconds) + 1);
  service.end(berth);
}

TEST_CASE("WATCHDOG=1 comes while Berth is alive, and ceases when it is stopped") {
  Sandbox sandbox;
  sandbox.write(one_server(sandbox));
  Service service(sandbox);
  auto berth = service.set("WATCHDOG_USEC", "400000").start();
  for (int i = 0; i < 3; ++i) REQUIRE(service.reader().await("WATCHDOG=1"));

  berth.signal(SIGSTOP);
  REQUIRE(eventually([&] { return state_of(berth.pid()) == 'T'; }));
  std::ignore = service.reader().all();
  CHECK_FALSE(service.reader().await("WATCHDOG=1", silence));
  berth.signal(SIGCONT);
  CHECK(service.reader().await("WATCHDOG=1"));
  service.end(berth);
}

TEST_CASE("A watchdog that is another's, or was not asked for, gets no sign of life") {
  for (const std::string interval : {"", "400000"}) {
    Sandbox sandbox;
    sandbox.write(one_server(sandbox));
    Service service(sandbox);
    service.set("WATCHDOG_PID", "1");
    if (!interval.empty()) service.set("WATCHDOG_USEC", interval);
    auto berth = service.start();
    REQUIRE(service.reader().await("READY=1"));
    CHECK_FALSE(service.reader().await("WATCHDOG=1", silence));
    CHECK(service.reader().count("WATCHDOG=1") == 0);
    service.end(berth);
  }
}

TEST_CASE("A reload is told, from its beginning to its end") {
  Sandbox sandbox;
  auto config = one_server(sandbox);
  sandbox.write(config);
  Service service(sandbox);
  auto berth = service.start();
  REQUIRE(service.reader().await("READY=1"));

  const auto check_told = [&](const std::string& status) {
    const auto begin = service.reader().await("RELOADING=1\nMONOTONIC_USEC=");
    REQUIRE(begin);
    CHECK(begin->find_first_not_of("0123456789", begin->rfind('=') + 1) == std::string::npos);
    check_holds(service.reader().await("READY=1"), "STATUS=" + status);
  };
  config.server("db");
  sandbox.write(config);
  berth.signal(SIGHUP);
  check_told("1 of 2 ready");
  REQUIRE(service.reader().await("STATUS=2 of 2 ready"));

  sandbox.write("name = 7\n");
  berth.signal(SIGHUP);
  check_told("2 of 2 ready; the last reload was refused, the file is not valid");
  CHECK(sandbox.berth({"reload", "-p", sandbox.project()}).code == 2);  // its dry run, which is no reload, says so

  sandbox.write(config);
  CHECK(sandbox.berth({"reload"}).code == 0);
  check_told("2 of 2 ready");
  CHECK(service.reader().count("RELOADING=1") == 3);
  service.end(berth);
}

TEST_CASE("A reload before all is ready does not say READY=1") {
  Sandbox sandbox;
  sandbox.write(web_and_gated(sandbox));
  Service service(sandbox);
  auto berth = service.start();
  REQUIRE(service.reader().await("STATUS=1 of 2 ready"));
  CHECK(sandbox.berth({"reload"}).code == 0);
  CHECK_FALSE(service.reader().await("READY=1", silence));
  CHECK(service.reader().count("RELOADING=1") == 0);
  open_gate(sandbox, "db");
  CHECK(service.reader().await("READY=1"));
  service.end(berth);
}

TEST_CASE("STOPPING=1 asks for as much time as the stop may take") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--slow-stop-ms=500"});
  config.supervisor("shutdown_timeout", "70s");
  sandbox.write(config);
  for (const bool by_signal : {true, false}) {
    Service service(sandbox, "@" + sandbox.project() + (by_signal ? "s" : "d"));
    auto berth = service.start();
    REQUIRE(service.reader().await("READY=1"));
    if (by_signal) {
      berth.signal(SIGTERM);
    } else {
      CHECK(sandbox.berth({"down"}).code == 0);
    }
    const auto stopping = service.reader().await("STOPPING=1");
    check_holds(stopping, "STATUS=going down, 1 of 1 left: web");
    const auto at = stopping->find("EXTEND_TIMEOUT_USEC=");
    REQUIRE(at != std::string::npos);
    CHECK(std::stol(stopping->substr(at + 20)) > 70'000'000);
    REQUIRE(berth.wait());
    CHECK(service.reader().all().back() == "STATUS=down");
    CHECK(service.reader().count("READY=1") == 1);
  }
}

TEST_CASE("Children have none of the service manager's variables") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--print-env"});
  sandbox.write(config);
  Service service(sandbox);
  service.set("WATCHDOG_USEC", "30000000").set("WATCHDOG_PID", "1").set("NOTIFY_OTHER", "stays");
  auto berth = service.start();
  REQUIRE(service.reader().await("READY=1"));
  REQUIRE(eventually([&] { return sandbox.server_log("web").find("NOTIFY_OTHER=stays") != std::string::npos; }));
  service.end(berth);
  const std::string log = sandbox.server_log("web");
  CHECK(log.find("NOTIFY_SOCKET") == std::string::npos);
  CHECK(log.find("WATCHDOG_") == std::string::npos);
}

TEST_CASE("An abstract address is one too, and a detached supervisor tells as well") {
  Sandbox sandbox;
  sandbox.write(one_server(sandbox));
  Service service(sandbox, "@berth/" + sandbox.project());
  CHECK(run(service.plan({"up", "-d"})).code == 0);
  check_holds(service.reader().await("READY=1"), "1 of 1 ready");
  sandbox.down();
  CHECK(service.reader().count("STOPPING=1") == 1);
}

TEST_CASE("A service manager that does not read stops nothing, and is told later") {
  Sandbox sandbox;
  sandbox.write(one_server(sandbox));
  Service service(sandbox);
  REQUIRE(service.reader().fill() > 0);
  auto berth = service.set("WATCHDOG_USEC", "200000").start();
  sandbox.await_supervisor();
  sandbox.await("web", "ready");
  CHECK(service.reader().await("READY=1"));  // reads what was in the way first
  service.end(berth);
}

TEST_CASE("An address that leads nowhere is a warning") {
  const std::string too_long = "/tmp/" + std::string(120, 'x');
  for (const std::string& address : {std::string("/no/such/socket"), std::string("relative"), too_long}) {
    INFO(address);
    Sandbox sandbox;
    sandbox.write(one_server(sandbox));
    auto plan = sandbox.plan(BERTH_PROGRAM, {"up"});
    plan.environment["NOTIFY_SOCKET"] = address;
    plan.environment["WATCHDOG_USEC"] = "a while";
    Program berth(plan);
    sandbox.await_supervisor();
    sandbox.await("web", "ready");
    CHECK(berth.err().find("NOTIFY_SOCKET is `" + address + "`: ") != std::string::npos);
    CHECK(berth.err().find("WATCHDOG_USEC is `a while`") != std::string::npos);
    berth.signal(SIGTERM);
    CHECK(berth.wait());
  }
}

}  // namespace e2e
