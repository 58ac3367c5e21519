// How a run ends, what that is called, and what comes after it.

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

Change policy(RestartPolicy restart) {
  return [restart](ServerConfig& config) { config.restart = restart; };
}

TEST_CASE("A crash before ready is retried after backoff.initial") {
  OneLife web;
  web.start();
  web.ends(1);
  CHECK(web.state() == State::backoff);
  CHECK(web.cause() == "crash");
  CHECK(web.message() == "ended with code 1 before it was ready");
  CHECK(web.retry_in() == 500ms);
  CHECK(web.port() == 50000);
  web.pass(499ms);
  CHECK(web.state() == State::backoff);
  web.pass(1ms);
  CHECK(web.state() == State::starting);
  CHECK(web.life().restarts() == 1);
  CHECK(web.port() == 50000);
}

TEST_CASE("The first crash after ready is restarted at once on the same port") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.is_killed(SIGSEGV);
  CHECK(web.state() == State::starting);
  CHECK(web.life().starts() == 2);
  CHECK(web.life().restarts() == 1);
  CHECK(web.life().consecutive_failures() == 1);
  CHECK(web.life().last_exit()->message == "was killed by SIGSEGV");
  CHECK(web.port() == 50000);
  CHECK(web.count<ReleasePort>() == 0);
}

TEST_CASE("A second crash within reset_after waits") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.ends(1);
  web.becomes_ready();
  web.pass(10s);
  web.ends(1);
  CHECK(web.state() == State::backoff);
  CHECK(web.retry_in() == 500ms);
}

TEST_CASE("Counters start anew after reset_after of being ready") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.ends(1);
  web.becomes_ready();
  web.pass(59'999ms);
  CHECK(web.life().consecutive_failures() == 1);
  web.pass(1ms);
  CHECK(web.life().consecutive_failures() == 0);
  CHECK_FALSE(web.life().deadline());
  web.ends(1);
  CHECK(web.state() == State::starting);
}

TEST_CASE("Code 0 before any listener is not_listening and says what may be wrong") {
  OneLife web;
  web.start();
  web.ends(0);
  CHECK(web.state() == State::backoff);
  CHECK(web.cause() == "not_listening");
  CHECK(web.message().find("a stdio server, or its HTTP flag is missing") != std::string::npos);
}

TEST_CASE("Code 0 after the words of listening is not_listening and tells the lie") {
  OneLife web;
  web.start();
  web.ends(Ended{.status = {.code = 0}, .holder = Holder::own_hold, .said_listening = "listening on port 50000"});
  CHECK(web.cause() == "not_listening");
  CHECK(web.message() == "said \"listening on port 50000\" and ended with code 0 without listening");
}

TEST_CASE("Code 0 after a listener is clean_exit") {
  OneLife web;
  web.start();
  web.listens();
  web.ends(0);
  CHECK(web.last_cause() == "clean_exit");
}

TEST_CASE("A leader that ends with code 0 while its tree listens did listen") {
  OneLife web;
  web.start();
  web.ends(Ended{.status = {.code = 0}, .holder = Holder::own_tree, .tree_left = true});
  CHECK(web.last_cause() == "clean_exit");
}

TEST_CASE("Out of memory is called so") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.ends(Ended{.status = {.signal = SIGKILL, .out_of_memory = true}});
  CHECK(web.last_cause() == "oom_killed");
  CHECK(web.life().last_exit()->message == "was ended by the kernel: out of memory");
}

TEST_CASE("A signal from outside is a crash with its name") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.ends(Ended{.status = {.signal = SIGABRT, .core_dumped = true}});
  CHECK(web.last_cause() == "crash");
  CHECK(web.life().last_exit()->message == "was killed by SIGABRT (core dumped)");
}

TEST_CASE("What a run leaves behind is told to go and killed after two seconds before anything else happens") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.ends(Ended{.status = {.code = 1}, .tree_left = true});
  CHECK(web.state() == State::stopping);
  CHECK(web.cause() == "crash");
  CHECK(web.count<SignalTree>() == 1);
  web.pass(1999ms);
  CHECK(web.count<KillTree>() == 0);
  web.pass(1ms);
  CHECK(web.count<KillTree>() == 1);
  web.pass(1s);
  CHECK(web.count<KillTree>() == 2);
  CHECK(web.life().starts() == 1);
  web.tree_is_gone();
  CHECK(web.state() == State::starting);
  CHECK(web.life().starts() == 2);
}

TEST_CASE("What a run leaves behind has no more grace than stop.timeout") {
  OneLife web([](ServerConfig& config) { config.stop.timeout = 300ms; });
  web.start();
  web.becomes_ready();
  web.ends(Ended{.status = {.code = 1}, .tree_left = true});
  web.pass(300ms);
  CHECK(web.count<KillTree>() == 1);
}

// ---- restart policies -----------------------------------------------------------------------------------------------

struct PolicyRow {
  RestartPolicy restart;
  bool ready;
  int code;
  State state;
  const char* cause;
};

TEST_CASE("What comes after an end: restart policy by moment by code") {
  const auto row = GENERATE(PolicyRow{RestartPolicy::always, false, 0, State::backoff, "not_listening"},
                            PolicyRow{RestartPolicy::always, false, 1, State::backoff, "crash"},
                            PolicyRow{RestartPolicy::always, true, 0, State::starting, "clean_exit"},
                            PolicyRow{RestartPolicy::always, true, 1, State::starting, "crash"},
                            PolicyRow{RestartPolicy::on_failure, false, 0, State::backoff, "not_listening"},
                            PolicyRow{RestartPolicy::on_failure, false, 1, State::backoff, "crash"},
                            PolicyRow{RestartPolicy::on_failure, true, 0, State::exited, "clean_exit"},
                            PolicyRow{RestartPolicy::on_failure, true, 1, State::starting, "crash"},
                            PolicyRow{RestartPolicy::never, false, 0, State::exited, "not_listening"},
                            PolicyRow{RestartPolicy::never, false, 1, State::exited, "crash"},
                            PolicyRow{RestartPolicy::never, true, 0, State::exited, "clean_exit"},
                            PolicyRow{RestartPolicy::never, true, 1, State::exited, "crash"});
  OneLife web(policy(row.restart));
  web.start();
  if (row.ready) web.becomes_ready();
  web.ends(row.code);
  CHECK(web.state() == row.state);
  CHECK(web.last_cause() == row.cause);
  CHECK(web.book().held().empty() == (row.state == State::exited));
  if (row.state == State::exited) {
    CHECK(web.cause() == row.cause);
    CHECK_FALSE(web.life().port());
    CHECK_FALSE(web.life().deadline());
  }
}

TEST_CASE("Code 0 before ready but after a listener is a failure for on-failure too") {
  OneLife web(policy(RestartPolicy::on_failure));
  web.start();
  web.listens();
  web.ends(0);
  CHECK(web.state() == State::backoff);
}

TEST_CASE("A conflict is retried under restart = never: it is no restart") {
  OneLife web(policy(RestartPolicy::never));
  web.start();
  web.ends(Ended{.status = {.code = 1}, .holder = Holder::stranger});
  CHECK(web.state() == State::starting);
  CHECK(web.port() == 50001);
}

// ---- backoff, crashloop, budget -------------------------------------------------------------------------------------

TEST_CASE("Delays double up to backoff.max and the state reads crashloop from the fifth failure on") {
  OneLife web;
  web.start();
  unsigned failures = 0;
  for (const Milliseconds delay : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 16'000ms, 30'000ms, 30'000ms}) {
    web.ends(1);
    ++failures;
    CHECK(web.life().consecutive_failures() == failures);
    CHECK(web.retry_in() == delay);
    CHECK(web.state() == (failures >= 5 ? State::crashloop : State::backoff));
    CHECK(web.port() == 50000);
    web.pass(delay);
    CHECK(web.state() == State::starting);
  }
}

TEST_CASE("A spent budget is failed and says what the last failure was") {
  OneLife web([](ServerConfig& config) { config.backoff.give_up_after = 3; });
  web.start();
  for (int i = 0; i < 3; ++i) {
    web.ends(7);
    web.pass(30s);
  }
  CHECK(web.state() == State::failed);
  CHECK(web.cause() == "budget_spent");
  CHECK(web.message() ==
        "gave up after 3 failures in a row (backoff.give_up_after); the last one: ended with code 7 before it was "
        "ready (the same 3 times in a row)");
  CHECK(web.book().held().empty());
  CHECK_FALSE(web.life().deadline());
}

TEST_CASE("A start clears the failures and does not wait for the end of the backoff") {
  OneLife web;
  web.start();
  for (int i = 0; i < 5; ++i) {
    web.ends(1);
    if (i < 4) web.pass(30s);
  }
  CHECK(web.state() == State::crashloop);
  web.start();
  CHECK(web.state() == State::starting);
  CHECK(web.life().consecutive_failures() == 0);
  CHECK(web.life().restarts() == 4);
}

// ---- unhealthy ------------------------------------------------------------------------------------------------------

TEST_CASE("A ready server that loses its listener is unhealthy and ended after health.failures looks") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.does_not_listen();
  CHECK(web.state() == State::unhealthy);
  CHECK(web.cause() == "unhealthy");
  CHECK(web.message() == "no longer listens on port 50000");
  web.pass(19'999ms);
  CHECK(web.state() == State::unhealthy);
  web.pass(1ms);
  CHECK(web.state() == State::stopping);
  web.is_killed(SIGTERM);
  CHECK(web.last_cause() == "unhealthy");
  CHECK(web.state() == State::starting);
  CHECK(web.life().restarts() == 1);
}

TEST_CASE("An unhealthy server that listens again is ready as before") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.pass(5s);
  web.does_not_listen();
  web.pass(10s);
  web.listens();
  CHECK(web.state() == State::ready);
  CHECK(web.cause().empty());
  CHECK(web.life().starts() == 1);
}

TEST_CASE("An unhealthy server that ends by itself is judged as one that was ready") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.does_not_listen();
  web.ends(1);
  CHECK(web.last_cause() == "crash");
  CHECK(web.life().last_exit()->message == "ended with code 1");
  CHECK(web.state() == State::starting);
}

TEST_CASE("An unhealthy server under restart = never is failed because Berth ended it") {
  OneLife web(policy(RestartPolicy::never));
  web.start();
  web.becomes_ready();
  web.does_not_listen();
  web.pass(20s);
  web.is_killed(SIGTERM);
  CHECK(web.state() == State::failed);
  CHECK(web.cause() == "unhealthy");
}

TEST_CASE("The same failure again is recognised and another one starts the count anew") {
  OneLife web;
  web.start();
  web.ends(1);
  CHECK(web.message() == "ended with code 1 before it was ready");
  web.pass(1s);
  web.ends(1);
  CHECK(web.message() == "ended with code 1 before it was ready (the same 2 times in a row)");
  web.pass(2s);
  web.ends(2);
  CHECK(web.message() == "ended with code 2 before it was ready");
  CHECK(web.life().same_failures() == 1);
  web.pass(4s);
  web.ends(2);
  web.start();
  web.ends(2);
  CHECK(web.life().same_failures() == 1);
}

}  // namespace
}  // namespace berth::core::test
