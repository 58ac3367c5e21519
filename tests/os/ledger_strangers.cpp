// What other programs write in the port ledger is theirs: it is the same after any number of writes.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <map>

#include "os/ledger_support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

namespace json = boost::json;

constexpr Port wanted = 8765;

json::object parsed(const LedgerFolder& folder) {
  return json::parse(folder.text()).as_object();
}

json::object entry_on(const LedgerFolder& folder, Port port) {
  const json::object whole = parsed(folder);
  for (const json::value& entry : whole.at("instances").as_array()) {
    if (entry.at("port") == port) return entry.as_object();
  }
  return {};
}

// Members by name, whatever their order, and 1e2 as 100: the same value has the same text.
std::string canonical(const json::value& value) {
  if (value.is_double() && std::abs(value.as_double()) < 1e15 && std::trunc(value.as_double()) == value.as_double()) {
    return std::to_string(static_cast<std::int64_t>(value.as_double()));
  }
  if (value.is_array()) {
    std::string text = "[";
    for (const json::value& element : value.as_array()) text += canonical(element) + ",";
    return text + "]";
  }
  if (!value.is_object()) return json::serialize(value);
  std::map<std::string, std::string> members;
  for (const auto& [name, member] : value.as_object()) members[std::string(name)] = canonical(member);
  std::string text = "{";
  for (const auto& [name, member] : members) text += name + ":" + member + ",";
  return text + "}";
}

// Another program's entry of a living process, with these fields added.
json::object foreign(pid_t pid, const std::string& fields) {
  json::object entry = json::parse(fields).as_object();
  entry["port"] = 8001;
  entry["instanceId"] = "stranger";
  entry["pid"] = pid;
  entry["createdAt"] = 1'790'000'000'000;
  entry["lastHeartbeat"] = now_ms();
  return entry;
}

void write_many_times(LedgerFolder& folder) {
  auto ledger = folder.open("test");
  REQUIRE(ledger.lease(wanted));
  for (int time = 0; time < 10; ++time) {
    ledger.beat();
    REQUIRE(ledger.write() == Written::yes);
  }
  CHECK(folder.kept().empty());
}

TEST_CASE("The entry of another program is the same value after any number of writes") {
  const std::string fields = GENERATE(
      R"({})", R"({"note":"mine","list":[1,[2,{"three":null}],true],"":{}})",
      R"({"server":null,"project":null,"url":null,"state":null,"bootId":null})",
      R"({"server":"","project":"","url":"","state":"","bootId":""})",
      R"({"supervisorPid":0,"startTime":0,"pidNamespace":0})",
      R"({"supervisorPid":null,"startTime":null,"pidNamespace":null})",
      R"({"server":{"name":"web"},"project":7,"state":["ready"],"supervisorPid":"12","startTime":-1,"bootId":false})",
      R"({"supervisorPid":99999999999,"startTime":18446744073709551615,"pidNamespace":1.5})",
      R"({"server":"web","project":"p","url":"u","state":"s","supervisorPid":3,"pidNamespace":4026531836})",
      "{\"text\":\"\\u0000\\u001f\\\"\\\\\\/ \xc3\xa4 \xf0\x9f\x9a\xa2 \\u00e4\"}",
      R"({"numbers":[0,-0.0,0.1,-1,1e2,1.5e300,9007199254740993,-9223372036854775808,18446744073709551615]})");
  INFO(fields);
  LedgerFolder folder;
  const auto process = sleeper();
  const json::object before = foreign(process->pid(), fields);
  folder.write(json::serialize(json::object{{"instances", json::array{before}}}));
  write_many_times(folder);
  CHECK(canonical(entry_on(folder, 8001)) == canonical(before));
}

TEST_CASE("Numbers of another program do not drift") {
  LedgerFolder folder;
  const auto process = sleeper();
  const std::string numbers =
      "[0.30000000000000004,3.141592653589793,2.718281828459045,1.7976931348623157e308,5e-324,2.2250738585072014e-308,"
      "0.1234567890123456,123456789.12345679,1e23,8.41e21,9.5e-17,1790000030000.123]";
  folder.write(R"({"instances":[],"numbers":)" + numbers + "}");
  write_many_times(folder);
  const std::string text = folder.text();
  const auto start = text.find("[", text.find("\"numbers\""));
  std::string after = text.substr(start, text.find("]", start) + 1 - start);
  const auto values = [](std::string list) {
    std::vector<double> found;
    for (std::size_t at = 1; at < list.size();) {
      const auto end = std::min(list.find(',', at), list.size() - 1);
      found.push_back(std::strtod(list.substr(at, end - at).c_str(), nullptr));
      at = end + 1;
    }
    return found;
  };
  CHECK(values(after) == values(numbers));
}

TEST_CASE("What others have added at the top stays") {
  LedgerFolder folder;
  folder.write(R"({"version":3,"instances":[],"meta":{"instances":[7],"deep":{"er":null}},"":"x"})");
  const json::object before = parsed(folder);
  write_many_times(folder);
  json::object after = parsed(folder);
  CHECK(after.at("instances").as_array().size() == 1);
  after["instances"] = json::array();
  CHECK(canonical(after) == canonical(before));
}

TEST_CASE("What others have added to an own entry stays until the lease ends") {
  LedgerFolder folder;
  auto ledger = folder.open("test");
  REQUIRE(ledger.lease(wanted));
  ledger.tell(wanted, instance_of(::getpid(), "web"));
  REQUIRE(ledger.write() == Written::yes);

  json::object whole = parsed(folder);
  auto& entry = whole.at("instances").as_array().at(0).as_object();
  entry["health"] = json::object{{"ok", true}, {"since", 5}};
  entry["server"] = "renamed by a stranger";
  folder.write(json::serialize(whole));
  for (int time = 0; time < 3; ++time) {
    ledger.beat();
    REQUIRE(ledger.write() == Written::yes);
  }
  CHECK(entry_on(folder, wanted).at("health") == json::value(json::object{{"ok", true}, {"since", 5}}));
  CHECK(entry_on(folder, wanted).at("server") == "web");

  ledger.release(wanted);
  REQUIRE(ledger.write() == Written::yes);
  REQUIRE(ledger.lease(wanted));
  REQUIRE(ledger.write() == Written::yes);
  CHECK_FALSE(entry_on(folder, wanted).contains("health"));
}

TEST_CASE("An own entry that another program has dropped comes back with the next heartbeat") {
  LedgerFolder folder;
  auto ledger = folder.open("test");
  REQUIRE(ledger.lease(wanted));
  REQUIRE(ledger.write() == Written::yes);
  folder.write(R"({"instances":[]})");
  ledger.beat();
  CHECK(ledger.write() == Written::yes);
  CHECK(folder.entries().size() == 1);
}

TEST_CASE("The mode that others have given the file stays") {
  namespace fs = std::filesystem;
  LedgerFolder folder;
  folder.write(R"({"instances":[]})");
  const auto mode = GENERATE(fs::perms(0600), fs::perms(0644), fs::perms(0640));
  fs::permissions(folder.file(), mode);
  write_many_times(folder);
  CHECK(fs::status(folder.file()).permissions() == mode);
}

}  // namespace
}  // namespace berth::os::test
