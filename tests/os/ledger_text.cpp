// The ledger's file as text: what is whole, what is damaged, and what can be saved of it.

#include "os/ledger_text.hpp"

#include "support/catch.hpp"

namespace berth::os::test {
namespace {

constexpr const char* two = R"({"instances":[
  {"port":8766,"instanceId":"b","pid":12,"createdAt":1790000000000,"lastHeartbeat":1790000030000,"server":"web","x":[1]},
  {"port":8765,"instanceId":"a","pid":11,"createdAt":1790000000000,"lastHeartbeat":1790000030000}],"note":"mine"})";

std::string damage(std::string_view text) {
  return read_ledger(text).damage.value_or("");
}

TEST_CASE("A ledger is read by port, and what others have added is kept") {
  const auto reading = read_ledger(two);
  CHECK_FALSE(reading.damage);
  REQUIRE(reading.ledger.entries.size() == 2);
  CHECK(reading.ledger.entries[0].port == 8765);
  CHECK(reading.ledger.entries[0].instance_id == "a");
  CHECK(reading.ledger.entries[1].pid == 12);
  CHECK(reading.ledger.entries[1].last_heartbeat == 1'790'000'030'000);
  CHECK(reading.ledger.entries[1].server == "web");
  CHECK(reading.ledger.entries[1].others == R"({"x":[1]})");
  CHECK(reading.ledger.others == R"({"note":"mine"})");
  const auto again = read_ledger(ledger_text(reading.ledger));
  CHECK_FALSE(again.damage);
  CHECK(ledger_text(again.ledger) == ledger_text(reading.ledger));
  CHECK(again.ledger.entries[1].others == reading.ledger.entries[1].others);
}

TEST_CASE("A ledger without entries is whole") {
  CHECK_FALSE(read_ledger(R"({"instances":[]})").damage);
  CHECK(ledger_text({}) == "{\"instances\":[]}\n");
}

TEST_CASE("Damage is told in words") {
  CHECK(damage("") == "it is empty");
  CHECK(damage("{\"instances\":[").starts_with("it is not JSON: "));
  CHECK(damage("[]") == "it is no JSON object");
  CHECK(damage("{}") == "it has no list `instances`");
  CHECK(damage(R"({"instances":{}})") == "it has no list `instances`");
  CHECK(damage(R"({"instances":[7]})") == "entry 1 is no object");
  CHECK(damage(R"({"instances":[{"port":0,"instanceId":"a","pid":1,"createdAt":1,"lastHeartbeat":1}]})") ==
        "entry 1 has no `port` from 1 to 65535");
  CHECK(damage(R"({"instances":[{"port":1,"instanceId":"a","pid":-1,"createdAt":1,"lastHeartbeat":1}]})") ==
        "entry 1 has no `pid`");
  CHECK(damage(R"({"instances":[{"port":1,"instanceId":5,"pid":1,"createdAt":1,"lastHeartbeat":1}]})") ==
        "entry 1 has no `instanceId`");
  CHECK(damage(R"({"instances":[{"port":1,"instanceId":"a","pid":1,"createdAt":"x","lastHeartbeat":1}]})") ==
        "entry 1 has no `createdAt` or no `lastHeartbeat` in Unix milliseconds");
  CHECK(damage(std::string(largest_ledger + 1, ' ')) == "it has 16777217 bytes");
  CHECK(damage(std::string(1000, '[')).starts_with("it is not JSON: "));
}

TEST_CASE("What is whole in a text that was cut is saved") {
  const std::string whole(two);
  const auto reading = read_ledger(whole.substr(0, whole.find(",\"lastHeartbeat\"", whole.find("8765"))));
  CHECK(reading.damage);
  REQUIRE(reading.ledger.entries.size() == 1);
  CHECK(reading.ledger.entries[0].port == 8766);
  CHECK(reading.ledger.entries[0].others == R"({"x":[1]})");
}

TEST_CASE("What is whole in a damaged list is saved") {
  const auto reading =
      read_ledger(R"({"instances":[7,{"port":9,"instanceId":"a","pid":1.1e1,"createdAt":1,"lastHeartbeat":2.0},{}]})");
  CHECK(reading.damage == "entry 1 is no object");
  REQUIRE(reading.ledger.entries.size() == 1);
  CHECK(reading.ledger.entries[0].pid == 11);
  CHECK(reading.ledger.entries[0].last_heartbeat == 2);
}

TEST_CASE("Of two entries for a port the one with the newer heartbeat stays") {
  const auto reading = read_ledger(R"({"instances":[
    {"port":9,"instanceId":"old","pid":1,"createdAt":1,"lastHeartbeat":2},
    {"port":9,"instanceId":"new","pid":2,"createdAt":1,"lastHeartbeat":3}]})");
  CHECK(reading.damage);
  REQUIRE(reading.ledger.entries.size() == 1);
  CHECK(reading.ledger.entries[0].instance_id == "new");
}

}  // namespace
}  // namespace berth::os::test
