// The record of what has happened: bounded, in order, and each server's own.

#include "core/history.hpp"

#include <string>

#include "core/utf8.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

WallTime second(int n) {
  return WallTime(std::chrono::seconds(n));
}

HistoryEvent event(std::string message) {
  return {.at = second(1), .from = State::starting, .to = State::ready, .message = std::move(message)};
}

std::vector<std::string> messages(const std::vector<History::Line>& lines) {
  std::vector<std::string> all;
  for (const auto& line : lines) all.push_back(std::string(line.server) + ":" + line.event->message);
  return all;
}

TEST_CASE("Events of several servers are told in the order in which they came") {
  History history;
  history.record("web", event("1"));
  history.record("db", event("2"));
  history.record("web", event("3"));
  history.record("app", event("4"));
  CHECK(messages(history.after(0, 10)) == std::vector<std::string>{"web:1", "db:2", "web:3", "app:4"});
  CHECK(messages(history.after(0, 2)) == std::vector<std::string>{"web:1", "db:2"});
  CHECK(messages(history.after(2, 10)) == std::vector<std::string>{"web:3", "app:4"});
  CHECK(messages(history.after(0, 10, {"web"})) == std::vector<std::string>{"web:1", "web:3"});
  CHECK(history.after(4, 10).empty());
  CHECK(history.after(0, 10, {"nobody"}).empty());
  CHECK(history.latest() == 4);
}

TEST_CASE("A server that flaps pushes out its own past only, and it is counted") {
  History history;
  history.record("calm", event("first"));
  for (int i = 0; i < 10'000; ++i) history.record("wild", event(std::to_string(i)));
  REQUIRE(history.of("calm") != nullptr);
  CHECK(history.of("calm")->events().size() == 1);
  CHECK(history.of("calm")->dropped_events() == 0);
  const ServerHistory& wild = *history.of("wild");
  CHECK(wild.events().size() == ServerHistory::most_events);
  CHECK(wild.dropped_events() == 10'000 - ServerHistory::most_events);
  CHECK(wild.events().back().message == "9999");
  CHECK(wild.last_dropped() + 1 == wild.events().front().number);
  CHECK(history.latest() == 10'001);
  CHECK(history.count_after(0) == ServerHistory::most_events + 1);
}

TEST_CASE("Long messages are cut and many of them push out the oldest") {
  History history;
  for (int i = 0; i < 150; ++i) history.record("web", event(std::string(100'000, 'x')));
  const ServerHistory& web = *history.of("web");
  std::size_t bytes = 0;
  for (const HistoryEvent& one : web.events()) bytes += one.message.size();
  CHECK(bytes <= ServerHistory::most_bytes);
  CHECK(web.events().size() < 150);
  CHECK(web.events().size() > 50);
  CHECK(web.events().back().message.size() <= ServerHistory::longest_message + 3);
}

TEST_CASE("A message is cut between two characters") {
  History history;
  std::string text(ServerHistory::longest_message - 1, 'x');
  text += "€uro";
  history.record("web", event(text));
  const std::string& kept = history.of("web")->events().back().message;
  CHECK(kept == std::string(ServerHistory::longest_message - 1, 'x') + "…");
  CHECK(valid_utf8(kept) == kept);
}

TEST_CASE("Whoever read up to a number learns whether something after it was pushed out") {
  History history;
  history.record("calm", event("1"));
  history.record("wild", event("2"));
  CHECK_FALSE(history.lost_after(0));
  for (std::size_t i = 0; i < ServerHistory::most_events; ++i) history.record("wild", event("more"));
  CHECK(history.lost_after(0));
  CHECK(history.lost_after(1, {"wild"}));
  CHECK_FALSE(history.lost_after(0, {"calm"}));
  CHECK_FALSE(history.lost_after(2));
}

TEST_CASE("The ports of a server are told with the way in which it left them") {
  History history;
  CHECK(history.take_port("web", 50000, second(1)));
  CHECK_FALSE(history.take_port("web", 50000, second(2)));  // the same one, after a crash
  history.leave_port("web", second(3), PortEnd::lost, "address already in use", "node (pid 812)");
  history.leave_port("web", second(4), PortEnd::released);  // it has none: nothing happens
  CHECK(history.take_port("web", 50001, second(5)));
  const auto& ports = history.of("web")->ports();
  REQUIRE(ports.size() == 2);
  CHECK(ports[0].port == 50000);
  CHECK(ports[0].since == second(1));
  CHECK(ports[0].until == second(3));
  CHECK(ports[0].end == PortEnd::lost);
  CHECK(ports[0].holder == "node (pid 812)");
  CHECK(ports[1].end == PortEnd::held);
  CHECK_FALSE(ports[1].until);
}

TEST_CASE("Another port without a word about the one before means that it was taken meanwhile") {
  History history;
  history.take_port("web", 50000, second(1));
  history.take_port("web", 50001, second(2));
  CHECK(history.of("web")->ports()[0].end == PortEnd::refused);
}

TEST_CASE("Ports and exits are bounded too") {
  History history;
  for (int i = 0; i < 100; ++i) {
    history.take_port("web", static_cast<Port>(50000 + i), second(i));
    history.record_exit("web", {.at = second(i), .message = std::string(5'000, 'x')});
  }
  CHECK(history.of("web")->ports().size() == ServerHistory::most_ports);
  CHECK(history.of("web")->dropped_ports() == 100 - ServerHistory::most_ports);
  CHECK(history.of("web")->exits().size() == ServerHistory::most_exits);
  CHECK(history.of("web")->dropped_exits() == 100 - ServerHistory::most_exits);
  CHECK(history.of("web")->exits().back().message.size() < 2'000);
}

TEST_CASE("The verdict on an exit is that on the last one") {
  History history;
  history.judge_exit("web", Cause::crash, "nobody has ended yet");
  history.record_exit("web", {.at = second(1)});
  history.record_exit("web", {.at = second(2)});
  history.judge_exit("web", Cause::port_conflict, "port 50000 is held by node (pid 812)");
  const auto& exits = history.of("web")->exits();
  REQUIRE(exits.size() == 2);
  CHECK(exits[0].cause == Cause::crash);
  CHECK(exits[1].cause == Cause::port_conflict);
  CHECK(exits[1].message == "port 50000 is held by node (pid 812)");
}

TEST_CASE("Words of others are made harmless for a terminal") {
  CHECK(tame("a\x1b[31mb\x7f\n") == "a?[31mb??");
  CHECK(tame("\xC2\x9B"
             "31mé") == "?31mé");
  CHECK(tame(std::string(127, 'x') + "é") == std::string(127, 'x') + "…");
  CHECK(tame("\xff") == "\xEF\xBF\xBD");
  CHECK(tame("a\u202Eb\u2066c\u05E9") == "a?b?c\u05E9");
}

}  // namespace
}  // namespace berth::core::test
