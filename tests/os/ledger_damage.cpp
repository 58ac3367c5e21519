// A ledger that somebody has damaged, in every way: it is kept under another name, told of, and rebuilt from what is
// alive.

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "os/ledger_support.hpp"
#include "os/ledger_text.hpp"
#include "os/ledger_witness.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

namespace fs = std::filesystem;

constexpr Port wanted = 8765;

void lease_and_write(PortLedger& ledger) {
  REQUIRE(ledger.lease(wanted));
  ledger.tell(wanted, instance_of(::getpid(), "web"));
  const auto written = ledger.write(patience);
  INFO(ledger.trouble());
  REQUIRE(written == Written::yes);
}

void check_rebuilt(const LedgerFolder& folder, const Neighbour& neighbour) {
  REQUIRE(folder.entries().size() == 2);
  const auto own = folder.entry(wanted);
  REQUIRE(own);
  CHECK(own->pid == ::getpid());
  const auto other = folder.entry(neighbour.port());
  REQUIRE(other);
  CHECK(other->instance_id == "next.door.1");
  CHECK(other->pid == neighbour.server());
  CHECK(other->server == "door");
  CHECK(other->project == "next");
  CHECK(life_of(*other) == core::Life::alive);
}

// Its next heartbeat puts everything back, also what nobody else could know.
void check_owner_restores(LedgerFolder& folder, Neighbour& neighbour) {
  CHECK(neighbour.beat() == Written::yes);
  const auto entry = folder.entry(neighbour.port());
  REQUIRE(entry);
  CHECK(entry->url == "http://127.0.0.1:1/mcp");
  CHECK(entry->state == "ready");
  CHECK(entry->supervisor_pid == neighbour.supervisor());
  CHECK(entry->created_at == 1'790'000'000'000);
  CHECK(folder.entries().size() == 2);
}

struct Damage {
  std::string bytes;
  std::string why;
};

TEST_CASE("A damaged ledger is kept as it was, told of, and rebuilt from what is alive") {
  const auto damage = GENERATE(
      Damage{"", "it is empty"}, Damage{"{}", "it has no list `instances`"}, Damage{"[]", "it is no JSON object"},
      Damage{"null", "it is no JSON object"}, Damage{R"({"instances":"none"})", "it has no list `instances`"},
      Damage{R"({"instances":[{"port":"8765"}]})", "entry 1 has no"},
      Damage{R"({"instances":[[],{},null]})", "entry 1 is no object"},
      Damage{R"({"instances":[{"port":70000,"instanceId":"a","pid":1,"createdAt":1,"lastHeartbeat":1}]})",
             "has no `port` from 1 to 65535"},
      Damage{std::string("\0\1\xff\xfe{\"instances\"", 16), "it is not JSON"},
      Damage{std::string(4096, '\0'), "it is not JSON"},
      Damage{"{\"instances\":" + std::string(100'000, '['), "it is not JSON"});
  LedgerFolder folder;
  Neighbour neighbour(folder);
  folder.write(damage.bytes);
  auto ledger = folder.open("test");
  lease_and_write(ledger);
  REQUIRE(folder.kept().size() == 1);
  CHECK(text_of(folder.kept().front()) == damage.bytes);
  INFO(folder.log.size());
  CHECK(folder.logged(damage.why));
  CHECK(folder.logged(folder.kept().front()));
  check_rebuilt(folder, neighbour);
  check_owner_restores(folder, neighbour);
  CHECK(folder.kept().size() == 1);
}

TEST_CASE("A ledger that is too large is kept unread") {
  LedgerFolder folder;
  Neighbour neighbour(folder);
  fs::resize_file(folder.file(), largest_ledger + 1);
  auto ledger = folder.open("test");
  lease_and_write(ledger);
  REQUIRE(folder.kept().size() == 1);
  CHECK(fs::file_size(folder.kept().front()) == largest_ledger + 1);
  CHECK(folder.logged("it has 16777217 bytes"));
  check_rebuilt(folder, neighbour);
}

TEST_CASE("A port that stands there twice is damage, and the newer entry stays") {
  LedgerFolder folder;
  const auto other = sleeper();
  const auto old = entry_for(8001, other->pid(), "old");
  auto newer = entry_for(8001, other->pid(), "newer");
  newer.last_heartbeat += 1000;
  folder.write(std::vector{old, newer});
  auto ledger = folder.open("test");
  lease_and_write(ledger);
  CHECK(folder.entry(8001) == newer);
  CHECK(folder.kept().size() == 1);
  CHECK(folder.logged("names a port that stands there already"));
}

TEST_CASE("Of a ledger that was cut at any byte the whole entries survive") {
  const auto other = sleeper();
  const std::vector<LedgerEntry> others{entry_for(8001, other->pid()), entry_for(8002, other->pid()),
                                        bare_entry(8003, other->pid(), now_ms())};
  const std::string whole = ledger_text({others, R"({"note":"mine"})"});
  std::vector<std::size_t> ends;  // of each entry
  for (const LedgerEntry& entry : others) {
    const std::string text = ledger_text({{entry}, {}});
    const std::string object = text.substr(14, text.rfind(']') - 14);
    ends.push_back(whole.find(object) + object.size());
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO("cut at byte " << size << " of " << whole.size());
    LedgerFolder folder;
    folder.write(whole.substr(0, size));
    auto ledger = folder.open("test");
    lease_and_write(ledger);
    std::vector<LedgerEntry> expected;
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (ends[i] <= size) expected.push_back(others[i]);
    }
    auto entries = folder.entries();
    REQUIRE(std::erase_if(entries, [](const LedgerEntry& entry) { return entry.port == wanted; }) == 1);
    CHECK(entries == expected);
    CHECK(folder.kept().size() == (size + 1 == whole.size() ? 0 : 1));  // the last byte ends the line, no more
  }
}

// What is no file at all. It is kept with what is in it.
TEST_CASE("A folder in place of the ledger is put aside with all that is in it") {
  LedgerFolder folder;
  Neighbour neighbour(folder);
  const bool empty = GENERATE(true, false);
  fs::remove(folder.file());
  fs::create_directory(folder.file());
  if (!empty) std::ofstream(folder.file() + "/inside") << "precious";
  auto ledger = folder.open("test");
  lease_and_write(ledger);
  REQUIRE(folder.kept().size() == 1);
  CHECK(fs::is_directory(folder.kept().front()));
  CHECK(text_of(folder.kept().front() + "/inside") == (empty ? "" : "precious"));
  CHECK(folder.logged("it is no file"));
  check_rebuilt(folder, neighbour);
  check_owner_restores(folder, neighbour);
}

TEST_CASE("A symbolic link in place of the ledger is put aside and its target is never touched") {
  LedgerFolder folder;
  Neighbour neighbour(folder);
  const std::string target = (folder.path() / "target").string();
  const std::string text = GENERATE("precious", R"({"instances":[]})");
  std::ofstream(target) << text;
  fs::remove(folder.file());
  fs::create_symlink(target, folder.file());
  auto ledger = folder.open("test");
  lease_and_write(ledger);
  CHECK(text_of(target) == text);
  CHECK_FALSE(fs::is_symlink(folder.file()));
  REQUIRE(folder.kept().size() == 1);
  CHECK(fs::read_symlink(folder.kept().front()) == target);
  CHECK(folder.logged("it is a symbolic link"));
  check_rebuilt(folder, neighbour);
  check_owner_restores(folder, neighbour);
}

TEST_CASE("A FIFO in place of the ledger blocks nobody") {
  LedgerFolder folder;
  Neighbour neighbour(folder);
  fs::remove(folder.file());
  REQUIRE(::mkfifo(folder.file().c_str(), 0600) == 0);
  auto ledger = folder.open("test");
  lease_and_write(ledger);
  REQUIRE(folder.kept().size() == 1);
  CHECK(fs::is_fifo(folder.kept().front()));
  CHECK(folder.logged("it is no file"));
  check_rebuilt(folder, neighbour);
  check_owner_restores(folder, neighbour);
}

TEST_CASE("A ledger that its owner may not read is put aside") {
  LedgerFolder folder;
  folder.write("unreadable");
  ::chmod(folder.file().c_str(), 0);
  give_to_plain_user(folder);
  const std::string said = said_by_plain_user([&] {
    auto ledger = folder.open("test");
    if (!ledger.lease(wanted)) return std::string("not leased");
    if (ledger.write() != Written::yes) return ledger.trouble();
    return folder.log.empty() ? "silent" : folder.log.front();
  });
  REQUIRE(folder.kept().size() == 1);
  ::chmod(folder.kept().front().c_str(), 0600);
  CHECK(text_of(folder.kept().front()) == "unreadable");
  CHECK(said ==
        "the ledger of ports was damaged (it cannot be read); kept as " + folder.kept().front() + ", and rebuilt");
  CHECK(folder.entry(wanted));
}

// Nobody has to lease or to write for that: a look with `tidy` is enough.
TEST_CASE("A look repairs a damaged ledger") {
  LedgerFolder folder;
  Neighbour neighbour(folder);
  folder.write("{");
  const auto active = active_instances(folder.file());
  REQUIRE(active);
  REQUIRE(active->size() == 1);
  CHECK(active->front().instance_id == "next.door.1");
  CHECK(folder.kept().size() == 1);
}

TEST_CASE("A ledger that was removed is rebuilt by who writes next") {
  LedgerFolder folder;
  Neighbour neighbour(folder);
  fs::remove(folder.file());
  auto ledger = folder.open("test");
  lease_and_write(ledger);
  CHECK(folder.kept().empty());
  check_rebuilt(folder, neighbour);
  check_owner_restores(folder, neighbour);
}

TEST_CASE("Of a ledger that is damaged for ever the sixteen newest are kept") {
  LedgerFolder folder;
  auto ledger = folder.open("test");
  REQUIRE(ledger.lease(wanted));
  for (int time = 1; time <= 20; ++time) {
    folder.write("damage " + std::to_string(time));
    ledger.beat();
    REQUIRE(ledger.write() == Written::yes);
  }
  std::vector<std::string> texts;
  for (const std::string& path : folder.kept()) texts.push_back(text_of(path));
  std::vector<std::string> newest;
  for (int time = 5; time <= 20; ++time) newest.push_back("damage " + std::to_string(time));
  std::sort(texts.begin(), texts.end());
  std::sort(newest.begin(), newest.end());
  CHECK(texts == newest);
  CHECK(folder.entries().size() == 1);
}

}  // namespace
}  // namespace berth::os::test
