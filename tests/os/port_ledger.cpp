// The port ledger with real files, locks and processes: who gets a port, what others read, and who is evicted.

#include <berth/port_ledger.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "os/announced_lock.hpp"
#include "os/ledger_file.hpp"
#include "os/ledger_text.hpp"
#include "os/ledger_witness.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class Place {
 public:
  [[nodiscard]] std::string file() const { return (folder_.path() / "ports.json").string(); }
  PortLedger open(const std::string& project, bool shared = false) {
    auto ledger = PortLedger::open({file(), project, shared, [this](const std::string& line) { log.push_back(line); }});
    if (!ledger) FAIL(ledger.error());
    return std::move(*ledger);
  }
  [[nodiscard]] std::vector<LedgerEntry> entries() const {
    const auto reading = read_ledger(read(file()));
    CHECK_FALSE(reading.damage);
    return reading.ledger.entries;
  }
  void write(const std::string& text) const { std::ofstream(file()) << text; }
  [[nodiscard]] std::vector<std::string> kept() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      if (entry.path().filename().string().starts_with("ports.json.corrupt-")) names.push_back(entry.path().string());
    }
    return names;
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

  std::vector<std::string> log;

 private:
  Folder folder_;
};

PortLedger::Instance instance_of(pid_t pid, const std::string& server) {
  return {"test." + server + ".1", pid, 1'790'000'000'000, server, "http://127.0.0.1:1/mcp", "ready"};
}

TEST_CASE("A lease is written with all that others want to know") {
  Place place;
  auto ledger = place.open("alpha");
  REQUIRE(ledger.lease(8765));
  ledger.tell(8765, instance_of(::getpid(), "web"));
  CHECK(ledger.write() == PortLedger::Written::yes);
  const auto entries = place.entries();
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].port == 8765);
  CHECK(entries[0].instance_id == "test.web.1");
  CHECK(entries[0].pid == ::getpid());
  CHECK(entries[0].project == "alpha");
  CHECK(entries[0].supervisor_pid == ::getpid());
  CHECK(life_of(entries[0]) == core::Life::alive);
  CHECK_FALSE(ledger.due());

  ledger.release(8765);
  CHECK(ledger.write() == PortLedger::Written::yes);
  CHECK(place.entries().empty());
}

TEST_CASE("Nobody leases what another one has, and is told whose it is") {
  Place place;
  auto alpha = place.open("alpha");
  auto beta = place.open("beta");
  REQUIRE(alpha.lease(8765));
  CHECK_FALSE(beta.lease(8765));
  alpha.tell(8765, instance_of(::getpid(), "web"));
  alpha.write();
  const auto refused = beta.lease(8765);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "port 8765 is leased to `alpha.web`, " + describe_process(::getpid()));
  CHECK(refused.error().holder == describe_process(::getpid()));
  alpha.release(8765);
  CHECK_FALSE(beta.lease(8765));  // until that is written
  alpha.write();
  CHECK(beta.lease(8765));
}

// A new file may be given the number of one that was removed, has the same size as often as not, and, when all of that
// is over within a tick of the kernel's clock, the same times.
TEST_CASE("Whoever has read the ledger sees a change that follows at once") {
  Folder folder;
  const std::string path = (folder.path() / "ports.json").string();
  LedgerFile writer(path);
  LedgerFile reader(path);
  const auto never = [] { return false; };
  Ledger ledger;
  ledger.entries.push_back({.port = 8765, .instance_id = "a", .pid = ::getpid()});
  for (int i = 0; i < 200; ++i) {
    for (int writes = 0; writes < 2; ++writes) {
      ledger.entries[0].port = static_cast<Port>(10'000 + i * 2 + writes);
      REQUIRE(writer.replace(ledger, false, never));
    }
    const auto reading = reader.read();
    REQUIRE(reading);
    REQUIRE(reading->ledger.entries.at(0).port == ledger.entries[0].port);
  }
}

// A program of the older protocol writes the file where it stands.
TEST_CASE("Whoever has read the ledger sees a change in its place that follows at once") {
  Folder folder;
  const std::string path = (folder.path() / "ports.json").string();
  LedgerFile reader(path);
  for (int port = 10'000; port < 10'200; ++port) {
    const Ledger ledger{{{.port = static_cast<Port>(port), .instance_id = "a", .pid = ::getpid()}}, {}};
    std::ofstream(path) << ledger_text(ledger);
    const auto reading = reader.read();
    REQUIRE(reading);
    REQUIRE(reading->ledger == ledger);
  }
}

TEST_CASE("In a shared file a port that was released is leased anew, and not taken from one who came meanwhile") {
  Place place;
  auto ledger = place.open("alpha", true);
  REQUIRE(ledger.lease(8765));
  REQUIRE(ledger.lease(8766));
  ledger.release(8765);
  REQUIRE(ledger.lease(8767));  // which writes
  REQUIRE(place.entries().size() == 2);
  auto entries = place.entries();
  LedgerEntry peer{.port = 8765, .instance_id = "peer", .pid = ::getppid(), .created_at = 1, .last_heartbeat = 1};
  entries.insert(entries.begin(), peer);
  place.write(ledger_text({entries, {}}));
  CHECK_FALSE(ledger.lease(8765));
  CHECK_FALSE(ledger.has(8765));
  CHECK(place.entries().at(0) == peer);
}

TEST_CASE("Who could not write a lease in time learns that another one stands there") {
  Place place;
  auto ledger = place.open("alpha", true);
  const std::string announced = place.file() + ".lock";
  std::ofstream(announced) << ::getppid();  // lives, and does nothing
  REQUIRE(ledger.lease(8765));
  CHECK_FALSE(ledger.contested(8765));
  place.write(ledger_text({{{.port = 8765, .instance_id = "peer", .pid = ::getppid()}}, {}}));
  ::unlink(announced.c_str());
  CHECK(ledger.write() == PortLedger::Written::yes);
  CHECK(ledger.contested(8765));
  ledger.release(8765);
  CHECK(ledger.write() == PortLedger::Written::yes);
  CHECK(place.entries().at(0).instance_id == "peer");
}

// Or its maker, killed at the wrong moment, would keep all others from writing for as long as such a lock is left
// alone.
TEST_CASE("The lock that older programs know never stands there without the pid of its maker") {
  Folder folder;
  const std::string path = (folder.path() / "ports.json.lock").string();
  Fork maker([&path] {
    AnnouncedLock lock(path);
    std::string why;
    for (;;) {
      if (lock.take(why) == AnnouncedLock::Lock::got) lock.leave();
    }
  });
  int seen = 0;
  CHECK(eventually([&] {
    for (int i = 0; i < 1000; ++i) {
      const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      char digit = 0;
      if (!file) continue;
      ++seen;
      REQUIRE(::read(file.get(), &digit, 1) == 1);
    }
    return seen > 500;
  }));
}

}  // namespace
}  // namespace berth::os::test
