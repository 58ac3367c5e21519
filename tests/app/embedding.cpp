// A supervisor inside a program: what it is told, how it is stopped, whose the signals are.

#include <berth/load.hpp>
#include <berth/supervisor.hpp>
#include <csignal>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::app::test {
namespace {

using namespace std::chrono_literals;
using os::test::Folder;
using os::test::patience;

// A server that is there as soon as it was launched, and needs no port.
constexpr const char* sleeper = R"(
name = "embedded"
[[servers]]
name = "sleeper"
command = "sleep"
args = ["1000"]
ready.probe = "none"
health.probe = "none"
)";

Config config_in(const Folder& folder) {
  auto loaded = config::load(folder.file("berth.toml", sleeper));
  REQUIRE(loaded.config.has_value());
  return *std::move(loaded.config);
}

SupervisorOptions options_in(const Folder& folder) {
  SupervisorOptions options;
  options.runtime_dir = folder.path() / "run";
  options.log_dir = folder.path() / "log";
  return options;
}

std::unique_ptr<Supervisor> made(Config config, SupervisorOptions options) {
  auto supervisor = Supervisor::create(std::move(config), std::move(options));
  if (!supervisor) FAIL(supervisor.error());
  return *std::move(supervisor);
}

// Runs it in a thread of its own, as a program with other things to do would.
std::future<int> run_aside(Supervisor& supervisor) {
  return std::async(std::launch::async, [&supervisor] { return supervisor.run(); });
}

TEST_CASE("an embedded supervisor tells of every change, and stops from another thread") {
  const Folder folder;
  auto options = options_in(folder);
  std::promise<pid_t> ready;
  bool told = false;
  std::string last;
  std::string version;
  const auto own_thread = std::this_thread::get_id();
  options.on_change = [&](const SupervisorStatus& status) {
    if (std::this_thread::get_id() == own_thread) std::abort();
    last = status.servers.at(0).state;
    version = status.version;
    if (status.servers[0].ready && !std::exchange(told, true)) ready.set_value(status.servers[0].pid.value_or(0));
  };
  const auto supervisor = made(config_in(folder), options);
  auto ended = run_aside(*supervisor);
  auto pid = ready.get_future();
  REQUIRE(pid.wait_for(patience) == std::future_status::ready);
  const pid_t server = pid.get();
  REQUIRE(os::test::lives(server));

  supervisor->stop();
  REQUIRE(ended.wait_for(patience) == std::future_status::ready);
  CHECK(ended.get() == 0);
  CHECK_FALSE(os::test::lives(server));
  CHECK(last == "stopped");
  CHECK_FALSE(version.empty());  // the library knows its own
}

TEST_CASE("an embedded supervisor can be stopped by its own callback, and before it runs") {
  const Folder folder;
  SECTION("by its callback") {
    Supervisor* self = nullptr;
    unsigned changes = 0;
    auto options = options_in(folder);
    options.on_change = [&](const SupervisorStatus& status) {
      ++changes;
      if (status.servers.at(0).ready) self->stop();
    };
    const auto supervisor = made(config_in(folder), options);
    self = supervisor.get();
    CHECK(supervisor->run() == 0);
    CHECK(changes >= 2);
  }
  SECTION("before it runs") {
    const auto supervisor = made(config_in(folder), options_in(folder));
    supervisor->stop();
    supervisor->stop();
    CHECK(supervisor->run() == 0);
  }
}

volatile std::sig_atomic_t signals_seen = 0;

TEST_CASE("an embedded supervisor leaves signals to the program when it is told to") {
  const Folder folder;
  std::signal(SIGTERM, [](int) { signals_seen = signals_seen + 1; });
  sigset_t user1;
  sigemptyset(&user1);
  sigaddset(&user1, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &user1, nullptr);
  auto options = options_in(folder);
  options.handle_signals = false;
  std::promise<void> ready;
  bool told = false;
  options.on_change = [&](const SupervisorStatus& status) {
    if (status.servers.at(0).ready && !std::exchange(told, true)) ready.set_value();
  };
  const auto supervisor = made(config_in(folder), options);
  sigset_t blocked;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  CHECK(sigismember(&blocked, SIGUSR1) == 1);
  auto ended = run_aside(*supervisor);
  REQUIRE(ready.get_future().wait_for(patience) == std::future_status::ready);

  ::raise(SIGTERM);
  CHECK(signals_seen == 1);
  CHECK(ended.wait_for(200ms) == std::future_status::timeout);
  supervisor->stop();
  REQUIRE(ended.wait_for(patience) == std::future_status::ready);
  CHECK(ended.get() == 0);
}

TEST_CASE("an embedded supervisor that is given no folders uses those of the program") {
  const Folder folder;
  ::setenv("BERTH_RUNTIME_DIR", (folder.path() / "r").c_str(), 1);
  ::setenv("BERTH_LOG_DIR", (folder.path() / "l").c_str(), 1);
  const auto supervisor = made(config_in(folder), {});
  CHECK(std::filesystem::exists(folder.path() / "r" / "embedded.sock"));
  CHECK(std::filesystem::is_directory(folder.path() / "l"));
  ::unsetenv("BERTH_RUNTIME_DIR");
  ::unsetenv("BERTH_LOG_DIR");
}

}  // namespace
}  // namespace berth::app::test
