// Metrics, as a scraper sees them: on the control socket and on a port.

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <sstream>

#include "e2e/e2e.hpp"
#include "os/fd.hpp"

namespace e2e {
namespace {

// By name and labels, as they are written.
using Samples = std::map<std::string, double>;

Samples samples_in(const std::string& text) {
  Samples samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto space = line.rfind(' ');
    samples[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }
  return samples;
}

Samples scrape(const Sandbox& sandbox) {
  const auto reply = http_over_unix(sandbox.socket_path().string(), "GET", "/metrics");
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  return samples_in(reply.body);
}

double sum_of(const Samples& samples, const std::string& prefix) {
  double sum = 0;
  for (const auto& [name, value] : samples) {
    if (name.starts_with(prefix)) sum += value;
  }
  return sum;
}

// That must never go down, as long as this Berth lives.
bool counts(const std::string& name) {
  const std::string family = name.substr(0, name.find('{'));
  for (const char* end : {"_total", "_bucket", "_count", "_sum"}) {
    if (family.ends_with(end)) return true;
  }
  return false;
}

void check_nothing_went_down(const Samples& before, const Samples& after) {
  std::size_t counters = 0;
  for (const auto& [name, value] : before) {
    if (!counts(name)) continue;
    ++counters;
    INFO(name);
    const auto now = after.find(name);
    REQUIRE(now != after.end());
    CHECK(now->second >= value);
  }
  CHECK(counters > 50);
}

std::string of(const std::string& family, const std::string& labels) {
  return family + "{" + labels + "}";
}

}  // namespace

TEST_CASE("Metrics tell of restarts by their cause, and no counter ever goes down") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  // Burns a little on a processor: what its children used must not be forgotten with them.
  config.server("burns").command(
      "/bin/sh", {"-c", "i=0; while [ $$i -lt 60000 ]; do i=$$((i+1)); done; exec \"$$@\"", "sh", HOSTILE_PROGRAM});
  config.server("crashes").args(misbehaving(sandbox, 2, {"--exit=3"}));
  sandbox.write(config);
  sandbox.up({"--wait"});
  const Samples before = scrape(sandbox);
  const std::string cpu = of("berth_server_cpu_seconds_total", "server=\"burns\"");
  CHECK(before.at(cpu) > 0);
  CHECK(before.at(of("berth_server_restarts_total", "server=\"crashes\",cause=\"crash\"")) == 2);
  CHECK(before.at(of("berth_server_starts_total", "server=\"crashes\"")) == 3);
  CHECK(before.at(of("berth_server_time_to_ready_seconds_count", "server=\"crashes\"")) == 1);
  CHECK(before.at(of("berth_server_ready", "server=\"crashes\"")) == 1);
  CHECK(before.at(of("berth_probe_duration_seconds_count", "server=\"burns\",result=\"ok\"")) >= 1);
  const std::string said = sandbox.berth({"logs", "burns"}).out;
  CHECK(before.at(of("berth_server_log_bytes_total", "server=\"burns\"")) == static_cast<double>(said.size()));

  ::kill(static_cast<pid_t>(number(sandbox.server("burns"), "pid")), SIGKILL);
  sandbox.await("burns", "ready again", [](const Object& server) {
    return number(server, "restarts") == 1 && text(server, "state") == "ready";
  });
  const Samples crashed = scrape(sandbox);
  check_nothing_went_down(before, crashed);
  CHECK(crashed.at(cpu) >= 1.5 * before.at(cpu));  // both runs
  REQUIRE(sandbox.berth({"stop", "burns"}).code == 0);
  const Samples stopped = scrape(sandbox);
  check_nothing_went_down(crashed, stopped);
  CHECK(stopped.at(of("berth_server_state", "server=\"burns\",state=\"stopped\"")) == 1);
  CHECK_FALSE(stopped.contains(of("berth_server_memory_bytes", "server=\"burns\"")));

  for (const char* name : {"burns", "crashes"}) {
    const Object server = sandbox.server(name);
    const std::string label = "server=\"" + std::string(name) + "\"";
    CHECK(sum_of(stopped, "berth_server_restarts_total{" + label) == static_cast<double>(number(server, "restarts")));
    CHECK(sum_of(stopped, "berth_server_state{" + label) == 1);
  }
  sandbox.down();
}

TEST_CASE("What a server's children used on a processor is counted when they are gone") {
  Sandbox sandbox(2);
  auto config = sandbox.config();
  // The child of the shell burns, and has ended before the first look.
  config.server("web").command(
      "/bin/sh",
      {"-c", "sh -c 'i=0; while [ $$i -lt 200000 ]; do i=$$((i+1)); done'; exec \"$$@\"", "sh", HOSTILE_PROGRAM});
  sandbox.write(config);
  sandbox.up({"--wait"});
  CHECK(scrape(sandbox).at(of("berth_server_cpu_seconds_total", "server=\"web\"")) >= 0.02);
  sandbox.down();
}

TEST_CASE("Metrics tell of conflicts and dead ports") {
  Sandbox sandbox(4);
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox), "--on-busy=exit1-message"});
  sandbox.write(config);
  sandbox.up();
  await_launch(sandbox, "web", sandbox.port(0));
  const Thief stranger(sandbox, sandbox.port(0));
  REQUIRE(stranger.got_the_port());
  open_port_gate(sandbox, sandbox.port(0));
  open_port_gate(sandbox, sandbox.port(1));
  sandbox.await("web", "ready");
  const Samples now = scrape(sandbox);
  CHECK(now.at(of("berth_server_port_conflicts_total", "server=\"web\"")) == 1);
  CHECK(now.at("berth_ports_dead") == 1);
  CHECK(now.at("berth_ports_in_use") == 1);
  CHECK(now.at("berth_ports_range_size") == 4);
  CHECK(sum_of(now, "berth_server_restarts_total") == 0);
  sandbox.down();
}

TEST_CASE("Metrics are served on a port of their own, which no server gets") {
  Sandbox sandbox(3);
  auto config = sandbox.config();
  config.metrics("port", sandbox.port(0));
  config.server("one");
  config.server("two");
  sandbox.write(config);
  sandbox.up({"--wait"});
  CHECK(number(sandbox.server("one"), "port") != sandbox.port(0));
  CHECK(number(sandbox.server("two"), "port") != sandbox.port(0));

  const auto reply = http_get(sandbox.port(0), "/metrics");
  CHECK(reply.status == 200);
  CHECK(samples_in(reply.body).at(of("berth_server_ready", "server=\"one\"")) == 1);
  CHECK(http_get(sandbox.port(0), "/v1/status").status == 404);
  const Object metrics = sandbox.status().at("metrics").as_object();
  CHECK(text(metrics, "url") == "http://127.0.0.1:" + std::to_string(sandbox.port(0)) + "/metrics");
  CHECK(is_null(metrics, "trouble"));
  sandbox.down();
  CHECK_FALSE(somebody_listens(sandbox.port(0)));
}

TEST_CASE("A metrics port that is taken is told of with its holder, and the servers run") {
  Sandbox sandbox(3);
  Thief stranger(sandbox, sandbox.port(0));
  REQUIRE(stranger.got_the_port());
  auto config = sandbox.config();
  config.metrics("port", sandbox.port(0));
  config.server("web");
  config.server("late").set("enabled", false);
  sandbox.write(config);
  const Result up = sandbox.berth({"up", "-d", "--wait"});
  CHECK(up.code == 0);
  INFO(up.err);
  CHECK(up.err.find(std::to_string(sandbox.port(0)) + " is taken by " + stranger.holder()) != std::string::npos);
  CHECK(text(sandbox.status().at("metrics").as_object(), "trouble").find(stranger.holder()) != std::string::npos);
  CHECK(scrape(sandbox).at(of("berth_server_ready", "server=\"web\"")) == 1);
  stranger.leave();
  REQUIRE(sandbox.berth({"start", "late", "--wait"}).code == 0);
  CHECK(number(sandbox.server("late"), "port") != sandbox.port(0));  // free, and yet not to be had
  CHECK(eventually([&] { return is_null(sandbox.status().at("metrics").as_object(), "trouble"); }));
  CHECK(http_get(sandbox.port(0), "/metrics").status == 200);
  sandbox.down();
}

TEST_CASE("A metrics port that another project holds for a server is left to it") {
  Sandbox sandbox(3);
  Sandbox other(1);
  auto its = other.config();
  // Never listens: its port is merely held.
  its.server("web").args({"--listen-when=" + gate(other, "web")});
  other.write(its);
  other.up({"--runtime-dir", sandbox.runtime_dir().string()});
  auto config = sandbox.config();
  config.metrics("port", other.port(0));
  config.server("web");
  sandbox.write(config);
  const Result up = sandbox.berth({"up", "-d", "--wait"});
  CHECK(up.code == 0);
  INFO(up.err);
  CHECK(up.err.find(other.project() + ".web") != std::string::npos);
  sandbox.down();
  CHECK(other.berth({"down", "--runtime-dir", sandbox.runtime_dir().string()}).code == 0);
}

TEST_CASE("Two hundred scrapers that never read do not hold up the status") {
  Sandbox sandbox(2);
  auto config = sandbox.config();
  config.metrics("port", sandbox.port(0));
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  std::strcpy(place.sun_path, sandbox.socket_path().c_str());
  const std::string question = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  std::vector<berth::os::Fd> scrapers;
  for (int i = 0; i < 200; ++i) {
    berth::os::Fd one(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int little = 1;
    ::setsockopt(one.get(), SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
    REQUIRE(::connect(one.get(), reinterpret_cast<const sockaddr*>(&place), sizeof(place)) == 0);
    std::string many;
    for (int n = 0; n < 100; ++n) many += question;
    REQUIRE(::send(one.get(), many.data(), many.size(), MSG_NOSIGNAL) > 0);
    scrapers.push_back(std::move(one));
  }
  CHECK(text(sandbox.server("web"), "state") == "ready");
  CHECK(http_get(sandbox.port(0), "/metrics").status == 200);
  CHECK(scrape(sandbox).at(of("berth_server_ready", "server=\"web\"")) == 1);
  sandbox.down();
}

TEST_CASE("Metrics can only be read") {
  Sandbox sandbox(2);
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const std::string socket = sandbox.socket_path().string();
  CHECK(http_over_unix(socket, "POST", "/metrics").status == 405);
  CHECK(http_over_unix(socket, "DELETE", "/metrics").status == 405);
  const auto head = http_over_unix(socket, "HEAD", "/metrics");
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  const auto other = http_over_unix(socket, "HEAD", "/v1/status");
  CHECK(other.status == 405);
  CHECK(other.body.empty());  // an answer to HEAD has none, or the next answer is misread
  sandbox.down();
}

}  // namespace e2e
