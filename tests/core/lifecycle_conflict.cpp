// Who has the berth? Strangers, words, the own hold, and the next port.

#include "core/one_life.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

Ended lost_to(const std::string& name, int code = 1) {
  return {.status = {.code = code}, .holder = Holder::stranger, .holder_name = name};
}

TEST_CASE("A stranger on the berth is told at once and is no conflict for ten seconds") {
  OneLife web;
  web.start();
  web.meets_a_stranger("node (pid 812)");
  CHECK(web.state() == State::starting);
  CHECK(web.cause() == "foreign_listener");
  CHECK(web.message() == "port 50000 is held by node (pid 812)");
  web.pass(9999ms);
  CHECK(web.state() == State::starting);
  CHECK(web.life().port_conflicts() == 0);
  web.pass(1ms);
  CHECK(web.state() == State::stopping);
  CHECK(web.cause() == "port_conflict");
  web.is_killed(SIGTERM);
  CHECK(web.life().port_conflicts() == 1);
  REQUIRE(web.count<CondemnPort>() == 1);
  CHECK(web.all<CondemnPort>()[0].port == 50000);
  CHECK(web.all<CondemnPort>()[0].reason == "address already in use");
  CHECK(web.all<CondemnPort>()[0].holder == "node (pid 812)");
  CHECK(web.port() == 50001);
  CHECK(web.state() == State::starting);
}

TEST_CASE("A stranger that goes in time does no harm and a later one has ten seconds of its own") {
  OneLife web;
  web.start();
  web.meets_a_stranger();
  web.pass(9s);
  web.does_not_listen();
  CHECK(web.cause().empty());
  web.pass(5s);
  web.meets_a_stranger();
  web.pass(9s);
  CHECK(web.state() == State::starting);
  web.does_not_listen();
  web.becomes_ready();
  CHECK(web.state() == State::ready);
}

TEST_CASE("A child that says that its port is taken while a stranger is there need not wait") {
  OneLife web;
  web.start();
  web.meets_a_stranger();
  web.send(SaidTaken{"EADDRINUSE"});
  CHECK(web.state() == State::stopping);
  CHECK(web.cause() == "port_conflict");
}

TEST_CASE("A child that has moved to another port because of a stranger is in a conflict at once") {
  OneLife web;
  web.start();
  web.sees({.stranger_here = true, .stranger = "node (pid 812)", .own_elsewhere = Port{50001}});
  CHECK(web.state() == State::stopping);
  CHECK(web.cause() == "port_conflict");
  CHECK(web.message() == "port 50000 is held by node (pid 812); the server had moved to 50001");
}

TEST_CASE("A stranger without a name is another process") {
  OneLife web;
  web.start();
  web.meets_a_stranger("");
  CHECK(web.message() == "port 50000 is held by another process");
}

TEST_CASE("Whatever the exit code an end with a stranger on the berth is a conflict") {
  for (const int code : {0, 1, 2, 98}) {
    OneLife web;
    web.start();
    web.ends(lost_to("node (pid 812)", code));
    CHECK(web.state() == State::starting);
    CHECK(web.port() == 50001);
    CHECK(web.last_cause() == "port_conflict");
    CHECK(web.life().last_exit()->status.code == code);
    CHECK(web.life().last_exit()->message == "port 50000 is held by node (pid 812)");
  }
}

TEST_CASE("Exit code 2 alone is a crash and condemns no port") {
  OneLife web;
  web.start();
  web.ends(2);
  CHECK(web.state() == State::backoff);
  CHECK(web.last_cause() == "crash");
  CHECK(web.count<CondemnPort>() == 0);
  CHECK(web.port() == 50000);
}

TEST_CASE("A conflict is neither a failure nor a restart") {
  OneLife web;
  web.start();
  web.ends(lost_to("node (pid 812)"));
  CHECK(web.life().starts() == 2);
  CHECK(web.life().restarts() == 0);
  CHECK(web.life().consecutive_failures() == 0);
  CHECK(web.life().port_conflicts() == 1);
}

TEST_CASE("A conflict after ready is a crash: the berth was its own") {
  OneLife web;
  web.start();
  web.becomes_ready();
  web.ends(lost_to("node (pid 812)"));
  CHECK(web.last_cause() == "crash");
  CHECK(web.life().port_conflicts() == 0);
}

TEST_CASE("Ports lost in a row are not to be revived for the same server") {
  OneLife web;
  web.start();
  web.ends(lost_to("a (pid 2)"));
  web.ends(lost_to("b (pid 3)"));
  const auto claims = web.all<ClaimPort>();
  REQUIRE(claims.size() == 3);
  CHECK(claims[0].avoid.empty());
  CHECK(claims[2].avoid == std::vector<Port>{50000, 50001});
  CHECK_FALSE(claims[2].prefer);
}

TEST_CASE("After ready the ports lost before are forgotten") {
  OneLife web;
  web.start();
  web.ends(lost_to("a (pid 2)"));
  web.becomes_ready();
  web.ends(1);
  CHECK(web.all<ClaimPort>().back().avoid.empty());
  CHECK(web.all<ClaimPort>().back().prefer == Port{50001});
}

TEST_CASE("More conflicts in a row than conflict.attempts are failed with the last holder named") {
  OneLife web([](ServerConfig& config) { config.conflict.attempts = 3; });
  web.start();
  for (int i = 0; i < 3; ++i) web.ends(lost_to("thief (pid 77)"));
  CHECK(web.state() == State::starting);
  web.ends(lost_to("thief (pid 77)"));
  CHECK(web.state() == State::failed);
  CHECK(web.cause() == "port_conflict");
  CHECK(web.message().find("50003 by thief (pid 77)") != std::string::npos);
  CHECK(web.message().find("conflict.attempts") != std::string::npos);
  CHECK(web.count<CondemnPort>() == 4);
  CHECK(web.count<ReleasePort>() == 0);
  CHECK(web.book().held().empty());
}

TEST_CASE("conflict.attempts = 0 goes on until the host has no port left") {
  OneLife web([](ServerConfig& config) { config.conflict.attempts = 0; });
  web.start();
  for (int i = 0; i < 500; ++i) web.ends(lost_to("thief (pid 77)"));
  CHECK(web.state() == State::starting);
  CHECK(web.life().port_conflicts() == 500);
  web.refusal = PortRefused{Cause::port_range_exhausted, "no free port"};
  web.ends(lost_to("thief (pid 77)"));
  CHECK(web.state() == State::failed);
  CHECK(web.cause() == "port_range_exhausted");
}

TEST_CASE("A conflict told by the output alone lets the port rest") {
  OneLife web;
  web.start();
  web.ends(Ended{.status = {.code = 1}, .holder = Holder::nobody, .said_taken = true});
  REQUIRE(web.count<RestPort>() == 1);
  CHECK(web.all<RestPort>()[0].port == 50000);
  CHECK(web.count<CondemnPort>() == 0);
  CHECK(web.life().port_conflicts() == 1);
  CHECK(web.port() == 50001);
}

TEST_CASE("A holder that cannot be seen is a holder") {
  OneLife web;
  web.start();
  web.ends(Ended{.status = {.code = 1}, .holder = Holder::unknown});
  CHECK(web.count<CondemnPort>() == 1);
  CHECK(web.last_cause() == "port_conflict");
}

// ---- the own hold ---------------------------------------------------------------------------------------------------

TEST_CASE("A child that cannot bind beside the hold gets the same port without it and keeps it so") {
  OneLife web;
  web.start();
  web.ends(Ended{.status = {.code = 1}, .holder = Holder::own_hold, .said_taken = true});
  CHECK(web.state() == State::starting);
  REQUIRE(web.count<Launch>() == 2);
  CHECK(web.all<Launch>()[1].port == 50000);
  CHECK_FALSE(web.all<Launch>()[1].hold);
  CHECK(web.life().port_conflicts() == 0);
  CHECK(web.life().consecutive_failures() == 0);
  web.becomes_ready();
  web.ends(1);
  CHECK_FALSE(web.all<Launch>().back().hold);
}

TEST_CASE("A living child that says so beside the hold has two seconds to go on") {
  OneLife web;
  web.start();
  web.send(SaidTaken{"EADDRINUSE"});
  web.pass(1999ms);
  CHECK(web.state() == State::starting);
  SECTION("and is ended after that") {
    web.pass(1ms);
    CHECK(web.state() == State::stopping);
    CHECK(web.cause() == "port_conflict");
    web.is_killed(SIGTERM);
    CHECK_FALSE(web.all<Launch>().back().hold);
    CHECK(web.port() == 50000);
  }
  SECTION("and is left alone when it listens in time") {
    web.listens();
    web.pass(500ms);
    web.probe_passes();
    CHECK(web.state() == State::ready);
  }
  SECTION("and a second word gives it no more") {
    web.send(SaidTaken{"EADDRINUSE"});
    web.pass(1ms);
    CHECK(web.state() == State::stopping);
  }
}

TEST_CASE("Two ends without a word make the next try go without the hold and the one after with it again") {
  OneLife web;
  web.start();
  std::vector<bool> holds;
  for (int i = 0; i < 6; ++i) {
    holds.push_back(web.all<Launch>().back().hold);
    web.ends(1);
    web.pass(30s);
  }
  CHECK(holds == std::vector<bool>{true, true, false, true, false, true});
}

TEST_CASE("A server that became ready without the hold is remembered as one that needs that") {
  OneLife web;
  web.start();
  for (int i = 0; i < 2; ++i) {
    web.ends(0);
    web.pass(30s);
  }
  REQUIRE_FALSE(web.all<Launch>().back().hold);
  web.becomes_ready();
  web.is_killed(SIGKILL);
  web.pass(30s);
  CHECK_FALSE(web.all<Launch>().back().hold);
}

TEST_CASE("A child that names another port it wanted does not end without a word") {
  OneLife web;
  web.start();
  for (int i = 0; i < 4; ++i) {
    web.ends(Ended{.status = {.code = 1}, .holder = Holder::own_hold, .other_port_taken = Port{3000}});
    CHECK(web.last_cause() == "crash");
    CHECK(web.life().last_exit()->message.find("it wanted port 3000, which is taken, not its berth 50000") !=
          std::string::npos);
    web.pass(30s);
    CHECK(web.all<Launch>().back().hold);
  }
}

TEST_CASE("With ports.hold = false no launch has a hold") {
  OneLife web({}, false);
  web.start();
  CHECK_FALSE(web.all<Launch>().back().hold);
  web.ends(1);
  web.pass(30s);
  CHECK_FALSE(web.all<Launch>().back().hold);
}

// ---- fixed ports ----------------------------------------------------------------------------------------------------

TEST_CASE("A fixed port that somebody holds is failed and never moves") {
  OneLife web([](ServerConfig& config) { config.fixed_port = Port{50000}; });
  web.start();
  web.ends(lost_to("node (pid 812)"));
  CHECK(web.state() == State::failed);
  CHECK(web.cause() == "fixed_port_held");
  CHECK(web.message() == "fixed port 50000 is held by node (pid 812); end that process or choose another `port`");
  CHECK(web.last_cause() == "port_conflict");
  CHECK(web.count<CondemnPort>() == 0);
  CHECK(web.count<ReleasePort>() == 1);
}

TEST_CASE("A fixed port that is refused by the host is failed with its words") {
  OneLife web([](ServerConfig& config) { config.fixed_port = Port{50000}; });
  web.refusal = PortRefused{Cause::fixed_port_held, "fixed port 50000 is held by node (pid 812)"};
  web.start();
  CHECK(web.state() == State::failed);
  CHECK(web.cause() == "fixed_port_held");
}

TEST_CASE("A fixed port that is taken by word alone is tried again later") {
  OneLife web([](ServerConfig& config) { config.fixed_port = Port{50000}; });
  web.start();
  web.ends(Ended{.status = {.code = 1}, .holder = Holder::nobody, .said_taken = true});
  CHECK(web.state() == State::backoff);
  CHECK(web.cause() == "port_conflict");
  CHECK(web.port() == 50000);
  CHECK(web.count<RestPort>() == 0);
  web.pass(500ms);
  CHECK(web.state() == State::starting);
  CHECK(web.port() == 50000);
}

TEST_CASE("One that says that its port is taken and stays is given another when nobody is seen there") {
  OneLife web({}, false);
  web.start();
  web.does_not_listen();
  web.send(SaidTaken{"EADDRINUSE"});
  web.pass(Lifecycle::patience_with_stranger - 1ms);
  CHECK(web.state() == State::starting);
  web.pass(1ms);
  CHECK(web.state() == State::stopping);
  web.is_killed(SIGTERM);
  CHECK(web.count<RestPort>() == 1);
  CHECK(web.state() == State::starting);
  CHECK(web.port() == 50001);
}

TEST_CASE("One that says that its port is taken and stays is given another when its time is over before our patience") {
  OneLife web([](ServerConfig& config) { config.ready.timeout = 1s; }, false);
  web.start();
  web.does_not_listen();
  web.send(SaidTaken{"EADDRINUSE"});
  web.pass(1s);
  CHECK(web.state() == State::stopping);
  CHECK(web.cause() == "port_conflict");
  web.is_killed(SIGTERM);
  CHECK(web.port() == 50001);
}

TEST_CASE("One that has said that its port is taken and listens elsewhere makes no busy loop") {
  OneLife web({}, false);
  web.start();
  web.send(SaidTaken{"EADDRINUSE"});
  web.listens_elsewhere(50001);
  web.pass(59s);  // which throws when a deadline stays in the past
  CHECK(web.state() == State::starting);
  CHECK(web.cause() == "wrong_port");
}

}  // namespace
}  // namespace berth::core::test
