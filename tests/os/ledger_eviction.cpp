// Whose entry goes and whose stays, with real processes: only who is provably gone is evicted.

#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "os/ledger_support.hpp"
#include "os/ledger_witness.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

constexpr Port theirs = 8001;
constexpr std::int64_t long_ago = 1'600'000'000'000;

// One entry, and what a look makes of it.
bool stays(const LedgerEntry& entry) {
  LedgerFolder folder;
  folder.write(std::vector{entry});
  auto ledger = folder.open("test");
  const auto written = ledger.tidy(patience);
  const bool there = folder.entries() == std::vector{entry};
  CHECK(written == (there ? Written::nothing_new : Written::yes));
  CHECK((there || folder.entries().empty()));
  const auto active = ledger.active();
  CHECK(active.size() == (there ? 1 : 0));
  CHECK(folder.logged("is over") != there);
  return there;
}

TEST_CASE("Who has ended is evicted at once, however fresh the heartbeat") {
  const auto process = sleeper();
  const auto entry = entry_for(theirs, process->pid());
  CHECK(stays(entry));
  process->kill();
  CHECK_FALSE(stays(entry));
}

TEST_CASE("A heartbeat from the future saves nobody who has ended") {
  const auto process = sleeper();
  auto entry = entry_for(theirs, process->pid());
  entry.last_heartbeat += 3'600'000'000;
  process->kill();
  CHECK_FALSE(stays(entry));
}

TEST_CASE("Who lives stays, whatever the heartbeat says") {
  const auto process = sleeper();
  auto entry = entry_for(theirs, process->pid());
  entry.last_heartbeat =
      GENERATE(std::int64_t{0}, long_ago, now_ms() + 3'600'000'000, std::numeric_limits<std::int64_t>::max());
  CHECK(stays(entry));
}

TEST_CASE("A process that has got the pid of another one does not keep its entry") {
  const auto process = sleeper();
  auto entry = entry_for(theirs, process->pid());
  entry.start_time += static_cast<std::uint64_t>(GENERATE(-1000, 1000));
  CHECK_FALSE(stays(entry));
}

TEST_CASE("An entry from another boot is over, also when such a process lives") {
  const auto process = sleeper();
  auto entry = entry_for(theirs, process->pid());
  entry.boot_id = "00000000-0000-0000-0000-000000000000";
  CHECK_FALSE(stays(entry));
}

TEST_CASE("A zombie has ended") {
  Pipe pipe;
  Fork process([&] {
    char byte = 0;
    pipe.write.reset();
    std::ignore = ::read(pipe.read.get(), &byte, 1);
  });
  const auto entry = entry_for(theirs, process.pid());
  CHECK(stays(entry));
  pipe.write.reset();
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(process.pid()), &info, WEXITED | WNOWAIT) == 0);
  CHECK_FALSE(stays(entry));
}

TEST_CASE("A stopped process has not ended") {
  const auto process = sleeper();
  const auto entry = entry_for(theirs, process->pid());
  ::kill(process->pid(), SIGSTOP);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(process->pid()), &info, WSTOPPED | WNOWAIT) == 0);
  CHECK(stays(entry));
}

TEST_CASE("A supervisor keeps its entry while its server is gone") {
  LedgerFolder folder;
  Neighbour neighbour(folder);
  const pid_t gone = neighbour.server();
  neighbour.lose_server();
  auto ledger = folder.open("test");
  CHECK(ledger.tidy() == Written::nothing_new);
  REQUIRE(folder.entry(neighbour.port()));
  CHECK(folder.entry(neighbour.port())->pid == gone);
  CHECK_FALSE(ledger.lease(neighbour.port()));
  neighbour.end();
  CHECK(ledger.tidy() == Written::yes);
  CHECK(folder.entries().empty());
  CHECK(ledger.lease(neighbour.port()));
}

// It may live there under a pid that nobody has here. Time decides, see tests/core/lease_time.cpp.
TEST_CASE("Whoever lives in another pid namespace stays") {
  auto entry = entry_for(theirs, dead_pid());
  entry.start_time = 12345;
  entry.pid_namespace += 1;
  entry.last_heartbeat = long_ago;
  CHECK(stays(entry));
}

TEST_CASE("A bare entry whose pid lives stays, however old") {
  const auto process = sleeper();
  CHECK(stays(bare_entry(theirs, process->pid(), long_ago)));
}

TEST_CASE("A bare entry whose pid is not to be found stays while it is fresh") {
  CHECK(stays(bare_entry(theirs, dead_pid(), now_ms())));
}

TEST_CASE("A bare entry whose pid is not to be found goes when it is old and nobody listens") {
  const Fd socket = bound_socket("127.0.0.1", 0, {.listen = false});
  CHECK_FALSE(stays(bare_entry(port_of(socket), dead_pid(), now_ms() - 61'000)));
}

TEST_CASE("A bare entry stays while somebody listens on its port") {
  const Fd socket = bound_socket("127.0.0.1", 0);
  CHECK(stays(bare_entry(port_of(socket), dead_pid(), long_ago)));
}

TEST_CASE("A lease is refused while a bare entry stands") {
  LedgerFolder folder;
  const auto process = sleeper();
  folder.write(std::vector{bare_entry(theirs, process->pid(), long_ago)});
  auto ledger = folder.open("test");
  const auto leased = ledger.lease(theirs);
  REQUIRE_FALSE(leased);
  CHECK(has(leased.error().message, "port 8001 is leased to `bare.8001`, "));
}

TEST_CASE("A process of another user lives, though no signal reaches it") {
  if (::geteuid() != 0) {
    WARN("it takes another user: run as root");
    return;
  }
  const bool bare = GENERATE(false, true);
  const auto process = sleeper();  // of root
  LedgerFolder folder;
  const auto entry = bare ? bare_entry(theirs, process->pid(), long_ago) : entry_for(theirs, process->pid());
  folder.write(std::vector{entry});
  give_to_plain_user(folder);
  const std::string said = said_by_plain_user([&]() -> std::string {
    if (::kill(process->pid(), 0) == 0) return "signals reach it";
    auto ledger = folder.open("test");
    return ledger.tidy() == Written::nothing_new && ledger.active().size() == 1 ? "stays" : "evicted";
  });
  CHECK(said == "stays");
}

// Another clock for the time since boot: the start times of processes read differently there.
TEST_CASE("An observer in another time namespace evicts nobody", "[.][observer]") {
  const char* file = std::getenv("BERTH_TEST_LEDGER");
  if (file == nullptr) {
    WARN("the next case runs this one, elsewhere");
    return;
  }
  auto ledger = PortLedger::open({.file = file, .project = "observer", .shared = false, .log = {}});
  REQUIRE(ledger);
  CHECK(ledger->tidy(patience) == Written::nothing_new);
  CHECK(ledger->active().size() == 2);
  REQUIRE(ledger->lease(8765));
  CHECK(ledger->write(patience) == Written::yes);
}

// Its own entry is true for those outside as well: they see the lock, and the same start time.
TEST_CASE("Who looks from another time namespace sees everybody alive") {
  const auto process = sleeper();
  LedgerFolder folder;
  const std::vector<LedgerEntry> others{entry_for(8001, process->pid()), entry_for(8002, ::getpid())};
  folder.write(others);
  const std::string unshare = "/usr/bin/unshare --time --boottime 3600 --monotonic 3600 --fork ";
  if (!has(said_by_shell(unshare + "echo possible"), "possible")) {
    WARN("no time namespace can be made here");
    return;
  }
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string said = said_by_shell(unshare + self + " '[observer]'", [&](LaunchRequest& request) {
    request.environment.push_back("BERTH_TEST_LEDGER=" + folder.file());
  });
  INFO(said);
  CHECK(has(said, "All tests passed"));
  auto entries = folder.entries();
  CHECK(std::erase_if(entries, [](const LedgerEntry& entry) { return entry.project == "observer"; }) == 1);
  CHECK(entries == others);
}

TEST_CASE("An entry of one's own pid from an earlier life is over") {
  LedgerFolder folder;
  auto entry = entry_for(theirs, ::getpid());
  entry.start_time -= 1000;
  folder.write(std::vector{entry});
  auto ledger = folder.open("test");
  CHECK(ledger.lease(theirs));
  CHECK(ledger.write() == Written::yes);
  CHECK(folder.entries().size() == 1);
}

}  // namespace
}  // namespace berth::os::test
