// A process that writes the port ledger is killed at every step of it: the file is whole or absent, nobody else's lease
// is lost, and the next one goes on at once.

#include <algorithm>
#include <fstream>
#include <set>

#include "os/lease_locks.hpp"
#include "os/ledger_support.hpp"
#include "os/ledger_text.hpp"
#include "os/ledger_witness.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

constexpr Port wanted = 8765;

// What a scene looks like before the one who is killed writes, and what has to be true right after.
struct Scene {
  std::function<void(LedgerFolder&)> set;
  std::function<void(const LedgerFolder&)> right_after;
  std::vector<LedgerEntry> foreign;  // which are never lost
  bool shared = false;
};

std::function<bool()> writer(const LedgerFolder& folder, bool shared) {
  auto opened = PortLedger::open({.file = folder.file(), .project = "killed", .shared = shared, .log = {}});
  if (!opened) return {};
  auto ledger = std::make_shared<PortLedger>(std::move(*opened));
  return [ledger] {
    if (!ledger->lease(wanted)) return false;
    ledger->tell(wanted, instance_of(::getpid(), "web"));
    return ledger->write() == Written::yes;
  };
}

void check_next_one(LedgerFolder& folder, const Scene& scene) {
  auto next = folder.open("next", scene.shared);
  const auto leased = next.lease(wanted);
  INFO("the next one: " << (leased ? "" : leased.error().message));
  REQUIRE(leased);
  next.tell(wanted, instance_of(::getpid(), "web"));
  const auto written = next.write();
  INFO("trouble: " << next.trouble());
  REQUIRE(written == Written::yes);
  auto entries = folder.entries();
  std::erase_if(entries, [](const LedgerEntry& entry) {
    return entry.port == wanted && entry.pid == ::getpid() && entry.project == "next";
  });
  CHECK(entries == scene.foreign);
  const std::set<std::string> expected{"ports.json", "ports.lock"};
  for (const std::string& name : folder.names()) {
    INFO(name);
    CHECK((expected.count(name) == 1 || name.starts_with("ports.json.corrupt-")));
  }
}

void check_locks_are_free(const LedgerFolder& folder) {
  auto locks = LeaseLocks::open(folder.lock_file());
  REQUIRE(locks);
  CHECK(locks->others().empty());
  CHECK(locks->enter(0ms) == LeaseLocks::Lock::got);
}

// The same scene anew for each stop, until the writer gets through.
void play(const Scene& scene) {
  auto end = Traced::killed;
  int stops = 0;
  while (end == Traced::killed) {
    ++stops;
    INFO("killed at stop " << stops);
    LedgerFolder folder;
    scene.set(folder);
    end = killed_at(stops, [&] { return writer(folder, scene.shared); });
    if (end == Traced::not_possible) {
      WARN("no process can be traced here");
      return;
    }
    REQUIRE(end != Traced::failed);
    scene.right_after(folder);
    check_locks_are_free(folder);
    check_next_one(folder, scene);
  }
  CHECK(stops > 20);
}

// Absent, or whole and either as before or with one entry more.
void check_before_or_after(const LedgerFolder& folder, const std::vector<LedgerEntry>& before, bool may_be_absent) {
  if (!std::filesystem::exists(folder.file())) {
    CHECK(may_be_absent);
    return;
  }
  auto entries = folder.entries();
  const auto own = std::erase_if(entries, [](const LedgerEntry& entry) {
    return entry.port == wanted && entry.project == "killed" && life_of(entry) == core::Life::gone;
  });
  CHECK(own <= 1);
  CHECK(entries == before);
  CHECK(folder.kept().empty());
}

class Others {
 public:
  Others() : process_(sleeper()) {
    entries_ = {entry_for(8001, process_->pid()), bare_entry(8002, process_->pid(), 1'790'000'000'000),
                entry_for(9001, process_->pid())};
    entries_[0].others = R"({"note":{"deep":[1,2,3]}})";
  }
  [[nodiscard]] const std::vector<LedgerEntry>& entries() const { return entries_; }

 private:
  std::unique_ptr<Fork> process_;
  std::vector<LedgerEntry> entries_;
};

TEST_CASE("A first write that is killed at any step leaves no file or a whole one") {
  play({.set = [](LedgerFolder&) {},
        .right_after = [](const LedgerFolder& folder) { check_before_or_after(folder, {}, true); },
        .foreign = {}});
}

TEST_CASE("A write that is killed at any step loses nobody's entry") {
  const Others others;
  play({.set = [&](LedgerFolder& folder) { folder.write(others.entries()); },
        .right_after = [&](const LedgerFolder& folder) { check_before_or_after(folder, others.entries(), false); },
        .foreign = others.entries()});
}

TEST_CASE("A write in a shared file that is killed at any step blocks nobody") {
  const Others others;
  play({.set =
            [&](LedgerFolder& folder) {
              folder.write(others.entries());
              std::filesystem::remove(folder.announced());
            },
        .right_after = [&](const LedgerFolder& folder) { check_before_or_after(folder, others.entries(), false); },
        .foreign = others.entries(),
        .shared = true});
}

TEST_CASE("One that is killed while it takes away the lock of a dead one blocks nobody") {
  const Others others;
  const pid_t dead = dead_pid();
  play({.set =
            [&](LedgerFolder& folder) {
              folder.write(others.entries());
              std::ofstream(folder.announced()) << dead;
            },
        .right_after = [&](const LedgerFolder& folder) { check_before_or_after(folder, others.entries(), false); },
        .foreign = others.entries(),
        .shared = true});
}

// What can be saved is saved, and the damaged bytes are not lost either.
TEST_CASE("A write over a damaged file that is killed at any step loses neither bytes nor entries") {
  const Others others;
  const std::string whole = ledger_text({others.entries(), {}});
  const std::string damaged = whole.substr(0, whole.size() - 3) + ",{\"port\":";
  REQUIRE(read_ledger(damaged).ledger.entries == others.entries());
  play({.set = [&](LedgerFolder& folder) { folder.write(damaged); },
        .right_after =
            [&](const LedgerFolder& folder) {
              const auto kept = folder.kept();
              CHECK(kept.size() <= 1);
              for (const std::string& path : kept) CHECK(text_of(path) == damaged);
              if (folder.text() == damaged) return;
              CHECK(kept.size() == 1);
              auto entries = folder.entries();
              std::erase_if(entries, [](const LedgerEntry& entry) { return entry.port == wanted; });
              CHECK(entries == others.entries());
            },
        .foreign = others.entries()});
}

TEST_CASE("A write in place of a folder that is killed at any step keeps the folder") {
  play({.set =
            [](LedgerFolder& folder) {
              std::filesystem::create_directory(folder.file());
              std::ofstream(folder.file() + "/inside") << "precious";
            },
        .right_after =
            [](const LedgerFolder& folder) {
              const auto kept = folder.kept();
              const std::string where = kept.empty() ? folder.file() : kept.front();
              CHECK(text_of(where + "/inside") == "precious");
            },
        .foreign = {}});
}

}  // namespace
}  // namespace berth::os::test
