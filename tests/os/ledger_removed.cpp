// Somebody cleans up where the port ledger stands: its lock file, its folder, one after the other.

#include <fstream>

#include "os/lease_locks.hpp"
#include "os/ledger_support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

namespace fs = std::filesystem;

constexpr Port wanted = 8765;

std::vector<Port> locked(const LedgerFolder& folder) {
  const auto locks = LeaseLocks::open(folder.lock_file());
  return locks ? locks->others() : std::vector<Port>{};
}

TEST_CASE("A lock file that was removed is made anew by the next write, with all own locks") {
  LedgerFolder folder;
  auto ledger = folder.open("test");
  REQUIRE(ledger.lease(wanted));
  REQUIRE(ledger.lease(8766));
  REQUIRE(ledger.write() == Written::yes);
  CHECK_FALSE(ledger.descriptor_changed());
  const int before = ledger.descriptor();
  CHECK(before >= 0);

  fs::remove(folder.lock_file());
  ledger.beat();
  CHECK(ledger.write() == Written::yes);
  CHECK(locked(folder) == std::vector<Port>{wanted, 8766});
  CHECK(ledger.descriptor_changed());
  CHECK_FALSE(ledger.descriptor_changed());
  auto other = folder.open("other");
  CHECK_FALSE(other.lease(wanted));
}

TEST_CASE("A lock file that was replaced is the one that counts") {
  LedgerFolder folder;
  auto ledger = folder.open("test");
  REQUIRE(ledger.lease(wanted));
  fs::remove(folder.lock_file());
  std::ofstream(folder.lock_file()) << "";
  ledger.beat();
  CHECK(ledger.write() == Written::yes);
  CHECK(locked(folder) == std::vector<Port>{wanted});
}

// Before either of them has written anything.
TEST_CASE("A port that was leased in the new lock file is refused to those with the old one") {
  LedgerFolder folder;
  auto ledger = folder.open("test");
  REQUIRE(ledger.lease(8766));
  fs::remove(folder.lock_file());
  auto newcomer = folder.open("newcomer");
  REQUIRE(newcomer.lease(wanted));
  CHECK_FALSE(ledger.lease(wanted));
  CHECK(locked(folder) == std::vector<Port>{wanted, 8766});
}

TEST_CASE("A port that somebody else got through a removed lock file is told of") {
  LedgerFolder folder;
  auto ledger = folder.open("test");
  REQUIRE(ledger.lease(wanted));
  fs::remove(folder.lock_file());
  auto newcomer = folder.open("newcomer");
  REQUIRE(newcomer.lease(wanted));
  CHECK(ledger.write() == Written::yes);
  CHECK(folder.logged("port 8765 has been leased to another supervisor since"));
}

TEST_CASE("A folder that was removed is told of, and all comes back with it") {
  LedgerFolder folder;
  auto ledger = folder.open("test", GENERATE(false, true));
  REQUIRE(ledger.lease(wanted));
  REQUIRE(ledger.lease(8766));
  ledger.tell(wanted, instance_of(::getpid(), "web"));
  REQUIRE(ledger.write() == Written::yes);

  fs::remove_all(folder.path());
  ledger.beat();
  CHECK(ledger.write() == Written::failed);
  CHECK(has(ledger.trouble(), folder.path().string()));
  CHECK(ledger.due());
  CHECK(ledger.active().size() == 2);

  fs::create_directory(folder.path());
  fs::permissions(folder.path(), fs::perms::owner_all);
  CHECK(ledger.write() == Written::yes);
  CHECK(ledger.trouble().empty());
  REQUIRE(folder.entries().size() == 2);
  CHECK(folder.entries()[0].server == "web");
  CHECK(locked(folder) == std::vector<Port>{wanted, 8766});
}

TEST_CASE("After a folder was removed each supervisor brings its own back") {
  LedgerFolder folder;
  Neighbour neighbour(folder);
  auto ledger = folder.open("test");
  REQUIRE(ledger.lease(wanted));
  fs::remove_all(folder.path());
  CHECK(ledger.write() == Written::failed);
  fs::create_directory(folder.path());
  fs::permissions(folder.path(), fs::perms::owner_all);
  CHECK(ledger.write() == Written::yes);
  CHECK(neighbour.beat() == Written::yes);
  REQUIRE(folder.entries().size() == 2);
  CHECK(folder.entry(neighbour.port()));
  CHECK(folder.entry(wanted));
}

TEST_CASE("A lease that could not be told to have ended is free for others all the same") {
  LedgerFolder folder;
  auto ledger = folder.open("test");
  REQUIRE(ledger.lease(wanted));
  REQUIRE(ledger.write() == Written::yes);
  const auto before = folder.entries();
  fs::rename(folder.path(), folder.path().string() + ".away");
  ledger.release(wanted);
  CHECK(ledger.write() == Written::failed);
  fs::rename(folder.path().string() + ".away", folder.path());
  CHECK(folder.entries() == before);
  CHECK(locked(folder).empty());
  CHECK(ledger.write() == Written::yes);
  CHECK(folder.entries().empty());
}

}  // namespace
}  // namespace berth::os::test
