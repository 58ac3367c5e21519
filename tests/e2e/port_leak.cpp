// Many crashes on few ports: no port, descriptor, zombie or memory is lost.

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool memory_is_meaningful = false;  // freed memory stays in the sanitizer's quarantine
#elif defined(__has_feature)
constexpr bool memory_is_meaningful = !__has_feature(address_sanitizer);
#else
constexpr bool memory_is_meaningful = true;
#endif

int wanted_crashes() {
  const char* wanted = std::getenv("BERTH_TEST_CRASHES");
  return wanted != nullptr ? std::atoi(wanted) : 200;
}

struct Footprint {
  std::size_t descriptors = 0;
  std::uint64_t memory = 0;
};

// The fewest of a few counts: the connection of the last `status` may still be closing.
std::size_t descriptors_at_rest(pid_t pid) {
  std::size_t fewest = descriptor_count(pid);
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(20ms);
    fewest = std::min(fewest, descriptor_count(pid));
  }
  return fewest;
}

// Lets the server crash `count` times more, stops it, and weighs the supervisor at rest.
Footprint after_crashes(Sandbox& sandbox, int count) {
  REQUIRE(sandbox.berth({"start", "flaky"}).code == 0);
  const auto goal = number(sandbox.server("flaky"), "starts") + count;
  sandbox.await(
      "flaky", std::to_string(goal) + " starts",
      [goal](const Object& server) { return number(server, "starts") >= goal; }, patience + count * 200ms);
  REQUIRE(sandbox.berth({"stop", "flaky"}).code == 0);

  const auto supervisor = static_cast<pid_t>(number(sandbox.status(), "pid"));
  CHECK(eventually([&] { return zombie_children(supervisor) == 0; }));
  return {descriptors_at_rest(supervisor), rss(supervisor)};
}

void crash_many_times(int crashes, const Arguments& how) {
  Sandbox sandbox(3);
  auto config = sandbox.config();
  config.server("steady");
  config.server("flaky").args(how).set("backoff.initial", "1ms").set("backoff.max", "1ms").set("enabled", false);
  config.server("spare").set("enabled", false);
  sandbox.write(config);
  sandbox.up({"--wait"});

  const Footprint before = after_crashes(sandbox, crashes / 4 + 5);
  const Footprint after = after_crashes(sandbox, crashes);
  CHECK(after.descriptors <= before.descriptors);
  if (memory_is_meaningful) CHECK(after.memory <= before.memory + 4 * 1024 * 1024);

  // Every port but the steady server's is there to be had again.
  const Object status = sandbox.status();
  CHECK(ports_in_use(status) == 1);
  CHECK(dead_ports(status).empty());
  CHECK(sandbox.server_processes().size() == 1);
  const Object flaky = sandbox.server("flaky");
  CHECK(number(flaky, "port_conflicts") == 0);
  CHECK(number(flaky, "restarts") >= crashes);
  REQUIRE(sandbox.berth({"start", "spare", "--wait"}).code == 0);
  CHECK(number(sandbox.server("spare"), "port") == sandbox.port(1));
  CHECK(who_answers(sandbox.server("steady")) == "steady");
  CHECK(number(sandbox.server("steady"), "starts") == 1);
  sandbox.down();
}

}  // namespace

TEST_CASE("Many exits at once leak nothing") {
  crash_many_times(wanted_crashes(), {"--exit=9"});
}

TEST_CASE("Many crashes after listening leak nothing") {
  crash_many_times(wanted_crashes() / 4, {"--listen-then-exit-ms=5", "--exit=9"});
}

TEST_CASE("Many crashes that leave a grandchild on the port leak nothing") {
  crash_many_times(wanted_crashes() / 8,
                   {"--fork-grandchild", "--grandchild-clears-env", "--listen-then-exit-ms=0", "--exit=9"});
}

TEST_CASE("Many deaths by signal leak nothing") {
  crash_many_times(wanted_crashes() / 4, {"--kill-self=SIGKILL"});
}

TEST_CASE("Two thousand crashes on three ports leak nothing", "[.][soak]") {
  crash_many_times(2000, {"--exit=9"});
}

TEST_CASE("Many failed launches leak nothing") {
  Sandbox sandbox(3);
  auto config = sandbox.config();
  config.server("steady");
  config.server("missing").command("no-such-command-anywhere", {}).set("enabled", false);
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto supervisor = static_cast<pid_t>(number(sandbox.status(), "pid"));

  std::size_t descriptors = 0;
  for (int i = 0; i < 30; ++i) {
    (void)sandbox.berth({"start", "missing"});
    sandbox.await("missing", "failed");
    if (i == 4) descriptors = descriptors_at_rest(supervisor);
  }
  CHECK(descriptors_at_rest(supervisor) <= descriptors);
  CHECK(zombie_children(supervisor) == 0);
  CHECK(ports_in_use(sandbox.status()) == 1);
  sandbox.down();
}

}  // namespace e2e
