// No room for the port ledger, from any byte of it on: what stands there stays, it is told, and a later write works.

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "os/ledger_support.hpp"
#include "os/ledger_text.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

constexpr Port wanted = 8765;

// Every file of this process ends at this byte, as on a full disk.
void end_files_at(rlim_t bytes) {
  const rlimit limit{bytes, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

std::string said_of(PortLedger& ledger, Written written) {
  switch (written) {
    case Written::yes: return "written";
    case Written::nothing_new: return "nothing new";
    case Written::busy: return "busy";
    case Written::failed: return ledger.trouble().empty() ? "failed without a word" : ledger.trouble();
  }
  return {};
}

// With files that end there, then without that limit: what became of each write.
std::string write_with_room(const LedgerFolder& folder, rlim_t bytes, bool shared) {
  auto opened = PortLedger::open({.file = folder.file(), .project = "full", .shared = shared, .log = {}});
  if (!opened) return opened.error();
  ::signal(SIGXFSZ, SIG_IGN);
  std::string before = folder.text();
  end_files_at(bytes);
  if (!opened->lease(wanted)) return "not leased";
  const bool written_by_lease = shared && opened->trouble().empty();
  if (!written_by_lease && folder.text() != before) return "the old file is not as it was";
  before = folder.text();
  opened->tell(wanted, instance_of(::getpid(), "web"));
  const std::string first = said_of(*opened, opened->write());
  if (first != "written" && folder.text() != before) return "the old file is not as it was";
  for (const std::string& name : folder.names()) {
    if (name != "ports.json" && name != "ports.lock") return name + " is left";
  }
  end_files_at(RLIM_INFINITY);
  const std::string second = opened->due() ? said_of(*opened, opened->write()) : "written";
  return first + "; " + second + (opened->trouble().empty() ? "" : "; still " + opened->trouble());
}

// From no room at all to enough for the first write.
void give_more_and_more_room(bool shared) {
  const auto other = sleeper();
  const std::vector<LedgerEntry> others{entry_for(8001, other->pid())};
  std::string said;
  for (rlim_t bytes = 0; said != "written; written"; ++bytes) {
    INFO("with room for " << bytes << " bytes");
    LedgerFolder folder;
    folder.write(others);
    said = said_by_fork([&] { return write_with_room(folder, bytes, shared); });
    INFO(said);
    const bool named = has(said, "File too large") || has(said, "No space left on device");
    const bool told = named && has(said, folder.file()) && said.ends_with("; written");
    CHECK((told || said == "written; written"));
    auto entries = folder.entries();
    CHECK(std::erase_if(entries, [](const LedgerEntry& entry) { return entry.port == wanted; }) == 1);
    CHECK(entries == others);
    REQUIRE(bytes < 4096);
  }
}

TEST_CASE("A disk that is full at any byte of the ledger leaves the old one and is told") {
  give_more_and_more_room(false);
}

TEST_CASE("A disk that is full at any byte of a shared ledger leaves the old one and no lock") {
  give_more_and_more_room(true);
}

// A disk of some kilobytes over the folder, which nobody else sees.
std::string write_on_small_disk(const LedgerFolder& folder) {
  const bool mounted = ::unshare(CLONE_NEWNS) == 0 &&
                       ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                       ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=16k,mode=0700") == 0;
  if (!mounted) return "cannot mount";
  auto ledger = PortLedger::open({.file = folder.file(), .project = "full", .shared = false, .log = {}});
  if (!ledger || !ledger->lease(wanted)) return "not leased";
  const std::string first = said_of(*ledger, ledger->write());
  const std::string before = folder.text();

  const std::string filler = (folder.path() / "filler").string();
  std::ofstream(filler) << std::string(64 * 1024, 'x');
  ledger->beat();
  const std::string second = said_of(*ledger, ledger->write());
  if (folder.text() != before) return "the old file is not as it was";
  if (folder.names() != std::vector<std::string>{"filler", "ports.json", "ports.lock"}) return "something is left";

  std::filesystem::remove(filler);
  const std::string third = said_of(*ledger, ledger->write());
  return first + "; " + second + "; " + third;
}

TEST_CASE("A ledger on a full disk is written as soon as there is room") {
  const LedgerFolder folder;
  const std::string said = said_by_fork([&] { return write_on_small_disk(folder); });
  if (said == "cannot mount") {
    WARN("no disk can be mounted here");
    return;
  }
  CHECK(said == "written; cannot write the ledger `" + folder.file() + "`: No space left on device; written");
}

}  // namespace
}  // namespace berth::os::test
