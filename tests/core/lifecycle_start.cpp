// From the launch to ready, and the ways in which that takes too long.

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

TEST_CASE("A started server claims a port and is launched there with a hold") {
  OneLife web;
  web.start();
  CHECK(web.state() == State::starting);
  CHECK(web.port() == 50000);
  REQUIRE(web.all<Launch>().size() == 1);
  CHECK(web.all<Launch>()[0].port == 50000);
  CHECK(web.all<Launch>()[0].hold);
  CHECK(web.life().starts() == 1);
  CHECK(web.life().restarts() == 0);
}

TEST_CASE("A server waits until it is its turn") {
  OneLife web;
  web.gives_turns = false;
  web.start();
  CHECK(web.state() == State::waiting);
  CHECK(web.count<ClaimPort>() == 0);
  web.pass(1h);
  CHECK(web.state() == State::waiting);
  web.send(Proceed{});
  CHECK(web.state() == State::starting);
}

TEST_CASE("A server that waits says for what") {
  OneLife web;
  web.gives_turns = false;
  web.start();
  web.send(HeldBack{Cause::dependency, "waits for `database` to be ready"});
  CHECK(web.state() == State::waiting);
  CHECK(web.cause() == "dependency");
  CHECK(web.message() == "waits for `database` to be ready");
  web.gives_turns = true;
  web.send(Proceed{});
  CHECK(web.state() == State::starting);
  CHECK(web.cause().empty());
}

TEST_CASE("It is ready when its own tree has listened for ready.settle and the probe has passed") {
  OneLife web;
  web.start();
  web.pass(1s);
  web.listens();
  web.pass(499ms);
  CHECK(web.count<StartProbe>() == 0);
  web.pass(1ms);
  CHECK(web.count<StartProbe>() == 1);
  CHECK(web.state() == State::starting);
  web.probe_passes();
  CHECK(web.state() == State::ready);
  CHECK(web.cause().empty());
  CHECK(web.life().time_to_ready() == Milliseconds{1500});
}

TEST_CASE("A listener that is lost during ready.settle starts the wait anew") {
  OneLife web;
  web.start();
  web.listens();
  web.pass(400ms);
  web.does_not_listen();
  CHECK(web.cause() == "not_listening");
  web.pass(1s);
  web.listens();
  web.pass(499ms);
  CHECK(web.count<StartProbe>() == 0);
  web.pass(1ms);
  CHECK(web.count<StartProbe>() == 1);
}

TEST_CASE("Before the probe the host looks once more: what was seen a while ago proves nothing") {
  OneLife web;
  web.answers_looks = false;
  web.start();
  web.listens();
  web.pass(499ms);
  CHECK(web.count<LookForListeners>() == 0);
  web.answers_looks = true;
  web.pass(1ms);
  CHECK(web.count<LookForListeners>() == 1);
  CHECK(web.count<StartProbe>() == 1);
}

TEST_CASE("While the host has yet to answer a look there is no deadline in the past") {
  OneLife web;
  web.answers_looks = false;
  web.start();
  web.listens();
  web.pass(499ms);
  REQUIRE_NOTHROW(web.pass(1ms));
  REQUIRE(web.life().deadline());
  CHECK(*web.life().deadline() > web.now());
}

TEST_CASE("A listener that is lost while the probe runs cancels the probe") {
  OneLife web;
  web.start();
  web.listens();
  web.pass(500ms);
  web.does_not_listen();
  CHECK(web.count<CancelProbe>() == 1);
  web.probe_passes();  // it was on its way already
  CHECK(web.state() == State::starting);
}

TEST_CASE("A probe that fails is tried again after growing pauses of at most two seconds") {
  OneLife web;
  web.start();
  web.listens();
  web.pass(500ms);
  for (const Milliseconds pause : {250ms, 500ms, 1000ms, 2000ms, 2000ms, 2000ms}) {
    const auto probes = web.count<StartProbe>();
    web.probe_fails("connection refused");
    CHECK(web.cause() == "probe_failed");
    CHECK(web.message() == "connection refused");
    web.pass(pause - 1ms);
    CHECK(web.count<StartProbe>() == probes);
    web.pass(1ms);
    CHECK(web.count<StartProbe>() == probes + 1);
  }
  web.probe_passes();
  CHECK(web.state() == State::ready);
  CHECK(web.cause().empty());
}

TEST_CASE("A listener that comes back after a failed probe has to settle again without a hot loop") {
  OneLife web;
  web.start();
  web.listens();
  web.pass(500ms);
  web.probe_fails();
  web.does_not_listen();
  web.pass(2s);
  web.listens();
  REQUIRE_NOTHROW(web.pass(499ms));
  CHECK(web.count<StartProbe>() == 1);
  web.pass(1ms);
  CHECK(web.count<StartProbe>() == 2);
}

TEST_CASE("With the probe `listen` a settled listener is enough") {
  OneLife web([](ServerConfig& config) { config.ready.probe = Probe::listen; });
  web.start();
  web.listens();
  web.pass(500ms);
  CHECK(web.state() == State::ready);
  CHECK(web.count<StartProbe>() == 0);
}

TEST_CASE("With the probe `none` a life of ready.settle is enough") {
  OneLife web([](ServerConfig& config) { config.ready.probe = Probe::none; });
  web.start();
  web.pass(499ms);
  CHECK(web.state() == State::starting);
  web.pass(1ms);
  CHECK(web.state() == State::ready);
  web.does_not_listen();
  CHECK(web.state() == State::ready);
}

TEST_CASE("With the probe `none` a stranger on the berth is in the way all the same") {
  OneLife web([](ServerConfig& config) { config.ready.probe = Probe::none; });
  web.start();
  web.meets_a_stranger();
  web.pass(9999ms);
  CHECK(web.state() == State::starting);
  CHECK(web.cause() == "foreign_listener");
  web.does_not_listen();  // the stranger has gone
  CHECK(web.state() == State::ready);
}

TEST_CASE("A settle of zero needs no waiting") {
  OneLife web([](ServerConfig& config) {
    config.ready.settle = 0ms;
    config.ready.probe = Probe::listen;
  });
  web.start();
  web.listens();
  CHECK(web.state() == State::ready);
}

TEST_CASE("A note on what was seen stands in the message while it starts") {
  OneLife web;
  web.start();
  web.sees({.note = "listens on 192.0.2.1:50000 only"});
  CHECK(web.cause().empty());
  CHECK(web.message() == "listens on 192.0.2.1:50000 only");
}

// ---- ready.timeout --------------------------------------------------------------------------------------------------

TEST_CASE("A server that never listens is ended at ready.timeout and retried: not_listening") {
  OneLife web;
  web.start();
  web.pass(59'999ms);
  CHECK(web.state() == State::starting);
  web.pass(1ms);
  CHECK(web.state() == State::stopping);
  CHECK(web.cause() == "not_listening");
  CHECK(web.message() == "did not listen on port 50000 within 60000 ms (ready.timeout)");
  CHECK(web.all<SignalTree>()[0].signal == SIGTERM);
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::backoff);
  CHECK(web.last_cause() == "not_listening");
  CHECK(web.life().consecutive_failures() == 1);
  CHECK(web.port() == 50000);
}

TEST_CASE("The note is told when a server has listened at a wrong address until ready.timeout") {
  OneLife web;
  web.start();
  web.sees({.note = "listens on 192.0.2.1:50000 only"});
  web.pass(60s);
  CHECK(web.cause() == "not_listening");
  CHECK(web.message().find("listens on 192.0.2.1:50000 only") != std::string::npos);
}

TEST_CASE("A server that listens elsewhere is told while it lives and failed at ready.timeout: wrong_port") {
  OneLife web;
  web.start();
  web.listens_elsewhere(3000);
  CHECK(web.state() == State::starting);
  CHECK(web.cause() == "wrong_port");
  CHECK(web.message().find("listens on 3000, not on its berth 50000") == 0);
  CHECK(web.message().find(R"(args = ["--port", "{port}"])") != std::string::npos);
  web.pass(60s);
  CHECK(web.state() == State::stopping);
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::failed);
  CHECK(web.cause() == "wrong_port");
  CHECK(web.count<ReleasePort>() == 1);
  web.pass(24h);
  CHECK(web.life().starts() == 1);
}

TEST_CASE("A server with a second port is not at a wrong one") {
  OneLife web;
  web.start();
  web.sees({.own_here = true, .own_elsewhere = Port{9464}});
  CHECK(web.cause().empty());
  web.pass(500ms);
  web.probe_passes();
  CHECK(web.state() == State::ready);
}

TEST_CASE("A server whose probe fails until ready.timeout is retried: probe_failed") {
  OneLife web;
  web.start();
  web.listens();
  web.pass(500ms);
  while (web.state() == State::starting) {
    web.probe_fails("connection reset");
    web.pass(2s);
  }
  CHECK(web.cause() == "probe_failed");
  CHECK(web.message() == "connection reset; not ready within 60000 ms (ready.timeout)");
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::backoff);
}

TEST_CASE("A server that listens and leaves its first probe unanswered until ready.timeout is probe_failed") {
  OneLife web([](ServerConfig& config) { config.ready.timeout = 2s; });
  web.start();
  web.listens();
  web.pass(2s);
  CHECK(web.state() == State::stopping);
  CHECK(web.count<CancelProbe>() == 1);
  CHECK(web.cause() == "probe_failed");
}

TEST_CASE("A listener that comes and goes until ready.timeout is start_timeout") {
  OneLife web;
  web.start();
  for (int i = 0; i < 200 && web.state() == State::starting; ++i) {
    i % 2 == 0 ? web.listens() : web.does_not_listen();
    web.pass(300ms);
  }
  CHECK(web.cause() == "start_timeout");
  CHECK(web.message().starts_with("listened on port 50000 and stopped; not ready within "));
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::backoff);
}

TEST_CASE("A stranger on the berth at ready.timeout makes it a conflict") {
  OneLife web([](ServerConfig& config) { config.ready.timeout = 3s; });
  web.start();
  web.meets_a_stranger("node (pid 812)");
  web.pass(3s);
  CHECK(web.cause() == "port_conflict");
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::starting);
  CHECK(web.port() == 50001);
}

TEST_CASE("At ready.timeout restart = never leaves the server failed") {
  OneLife web([](ServerConfig& config) { config.restart = RestartPolicy::never; });
  web.start();
  web.pass(60s);
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::failed);
  CHECK(web.cause() == "not_listening");
  CHECK(web.book().held().empty());
}

// ---- launches that fail ---------------------------------------------------------------------------------------------

TEST_CASE("A permanent launch error is failed at once") {
  for (const Cause cause : {Cause::command_not_found, Cause::not_executable, Cause::bad_cwd}) {
    OneLife web;
    web.launch_error = NotLaunched{cause, "no such command: `web`; searched PATH=/bin"};
    web.start();
    CHECK(web.state() == State::failed);
    CHECK(web.life().reason() == cause);
    CHECK(web.message() == "no such command: `web`; searched PATH=/bin");
    CHECK(web.life().starts() == 0);
    CHECK(web.book().held().empty());
    CHECK(web.life().wanted_up());
  }
}

TEST_CASE("A passing launch error is retried on the same port") {
  OneLife web;
  web.launch_error = NotLaunched{Cause::spawn_failed, "could not start it: no memory"};
  web.start();
  CHECK(web.state() == State::backoff);
  CHECK(web.cause() == "spawn_failed");
  CHECK(web.retry_in() == 500ms);
  CHECK(web.port() == 50000);
  web.launch_error.reset();
  web.pass(500ms);
  CHECK(web.state() == State::starting);
  CHECK(web.port() == 50000);
}

TEST_CASE("A range without a free port is failed with the host's words") {
  OneLife web;
  web.refusal = PortRefused{Cause::port_range_exhausted, "no free port in the range 50000-50002"};
  web.start();
  CHECK(web.state() == State::failed);
  CHECK(web.cause() == "port_range_exhausted");
  CHECK(web.message() == "no free port in the range 50000-50002");
  CHECK(web.count<Launch>() == 0);
  CHECK(web.book().mistakes().empty());
}

TEST_CASE("A claim that failed for want of descriptors is retried") {
  OneLife web;
  web.refusal = PortRefused{Cause::spawn_failed, "cannot bind port 50000: Too many open files"};
  web.start();
  CHECK(web.state() == State::backoff);
  CHECK_FALSE(web.life().port());
  web.refusal.reset();
  web.pass(500ms);
  CHECK(web.state() == State::starting);
}

TEST_CASE("A failed dependency fails the one that waits for it until it is started again") {
  OneLife web;
  web.gives_turns = false;
  web.start();
  web.send(DependencyFailed{"`database`, which it depends on, is failed"});
  CHECK(web.state() == State::failed);
  CHECK(web.cause() == "dependency");
  web.start();
  CHECK(web.state() == State::waiting);
  CHECK(web.cause().empty());
}

TEST_CASE("A failed dependency does not touch what runs already") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.send(DependencyFailed{"`database`, which it depends on, is failed"});
  CHECK(web.state() == State::ready);
}

TEST_CASE("An answer makes nobody ready whose listener is gone when it comes") {
  OneLife web;
  web.start();
  web.listens();
  web.pass(500ms);
  web.answers_looks = false;
  web.probe_passes();
  CHECK(web.state() == State::starting);
  web.does_not_listen();
  CHECK(web.state() == State::starting);
  web.answers_looks = true;
  web.becomes_ready();
  CHECK(web.state() == State::ready);
}

}  // namespace
}  // namespace berth::core::test
