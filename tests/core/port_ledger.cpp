// What the simulation of many Berths at one ledger (tests/sim/ledger_world.hpp) has found, each as small as it gets.

#include <berth/port_ledger.hpp>

#include <map>
#include <set>

#include "core/ledger_host.hpp"
#include "support/catch.hpp"

namespace berth::core {
namespace {

// What all share: one lock file after the other, and one file of entries.
struct Machine {
  std::map<int, std::map<Port, int>> locks;  // by lock file: who has which
  int lock_file = 1;
  std::map<int, std::uint64_t> processes;  // by pid: when they began
  LedgerReading file{{}, {}, false};
  bool full = false;
  std::set<Port> listening;

  [[nodiscard]] const LedgerEntry* on(Port port) const {
    for (const LedgerEntry& entry : file.ledger.entries) {
      if (entry.port == port) return &entry;
    }
    return nullptr;
  }
};

class Host : public LedgerHost {
 public:
  Host(Machine& machine, int pid) : machine_(machine), pid_(pid) {
    static int last = 0;
    id_ = ++last;
    start_ = machine_.processes.at(pid);
    lock_file_ = machine_.lock_file;
  }
  Lock lock_port(Port port) override {
    return machine_.locks[lock_file_].try_emplace(port, id_).first->second == id_ ? Lock::got : Lock::busy;
  }
  void unlock_port(Port port) override {
    if (machine_.locks[lock_file_][port] == id_) machine_.locks[lock_file_].erase(port);
  }
  bool others_lock(Port port) override {
    const auto at = machine_.locks[lock_file_].find(port);
    return at != machine_.locks[lock_file_].end() && at->second != id_;
  }
  std::vector<Port> ports_others_lock() override { return {}; }
  bool locks_were_lost() override {
    if (lock_file_ == machine_.lock_file) return false;
    std::erase_if(machine_.locks[lock_file_], [this](const auto& lock) { return lock.second == id_; });
    lock_file_ = machine_.lock_file;
    return true;
  }
  [[nodiscard]] int lock_descriptor() const override { return id_; }
  Lock enter(std::chrono::milliseconds, std::string&) override { return Lock::got; }
  void leave() override {}
  const LedgerRead& read() override { return last_ = machine_.file; }
  Expected<std::string, std::string> replace(const Ledger& ledger, bool) override {
    if (machine_.full) return Unexpected<std::string>("no space");
    machine_.file = {ledger, {}, true};
    return "";
  }
  Life life_of(const LedgerEntry& entry) override {
    const auto at = machine_.processes.find(entry.pid);
    if (entry.boot_id.empty()) return at != machine_.processes.end() ? Life::unknown : Life::absent;
    return at != machine_.processes.end() && at->second == entry.start_time ? Life::alive : Life::gone;
  }
  bool somebody_listens(Port port) override { return machine_.listening.contains(port); }
  std::vector<LedgerEntry> seen_on(const std::vector<Port>&) override { return {}; }
  [[nodiscard]] ProcessIdentity self() const override { return {pid_, start_, "boot", 1}; }
  ProcessIdentity identity_of(int pid) override {
    const auto at = machine_.processes.find(pid);
    return {pid, at != machine_.processes.end() ? at->second : 0, "boot", 1};
  }
  [[nodiscard]] std::string describe(int pid) const override { return "pid " + std::to_string(pid); }
  [[nodiscard]] std::int64_t wall_ms() const override { return 1'790'000'000'000; }
  [[nodiscard]] Instant now() const override { return Instant{std::chrono::hours(1)}; }

 private:
  Machine& machine_;
  LedgerRead last_;
  int pid_;
  int id_ = 0;
  std::uint64_t start_ = 0;
  int lock_file_ = 0;
};

PortLedger ledger_of(Machine& machine, int pid) {
  return {std::make_unique<Host>(machine, pid), {"ports.json", "p" + std::to_string(pid), false, {}}};
}

PortLedger::Instance instance(const std::string& id, int pid) {
  return {id, pid, 1, "web", "http://127.0.0.1/mcp", "ready"};
}

LedgerEntry five_fields(Port port, int pid) {
  LedgerEntry entry;
  entry.port = port;
  entry.instance_id = "foreign";
  entry.pid = pid;
  entry.created_at = entry.last_heartbeat = 1'790'000'000'000;
  return entry;
}

TEST_CASE("A run with the pid of the run before is told with its own start") {
  Machine machine{.processes = {{10, 100}, {20, 200}}};
  auto ledger = ledger_of(machine, 10);
  REQUIRE(ledger.lease(8765));
  ledger.tell(8765, instance("web.1", 20));
  machine.processes[20] = 300;
  ledger.tell(8765, instance("web.2", 20));
  ledger.write();
  CHECK(machine.on(8765)->start_time == 300);
  machine.processes.erase(20);
  ledger.tell(8765, instance("web.2", 20));  // the same run, after its end
  ledger.write();
  CHECK(machine.on(8765)->start_time == 300);
  ledger.tell(8765, instance("web.3", 21));  // another one, which nobody has seen
  ledger.write();
  CHECK(machine.on(8765)->start_time == 0);
}

TEST_CASE("A ghost that somebody writes over a ready server's entry is evicted, though the server listens there") {
  Machine machine{.processes = {{10, 100}, {20, 200}}};
  machine.listening = {8765};
  auto ledger = ledger_of(machine, 10);
  REQUIRE(ledger.lease(8765));
  ledger.tell(8765, instance("web.1", 20));
  ledger.write();
  LedgerEntry ghost = five_fields(8765, 99);  // nobody has this pid
  ghost.last_heartbeat -= 1'000'000;
  machine.file.ledger.entries = {ghost};
  CHECK(ledger.active().at(0).instance_id == "web.1");
  ledger.beat();
  ledger.write();
  CHECK(machine.on(8765)->instance_id == "web.1");
}

TEST_CASE("Who stands at a leased port with five fields since the file was lost stays there") {
  Machine machine{.processes = {{10, 100}, {20, 200}}};
  auto ledger = ledger_of(machine, 10);
  REQUIRE(ledger.lease(8765));
  ledger.write();
  machine.file.ledger.entries = {five_fields(8765, 20)};
  ledger.beat();
  ledger.write();
  CHECK(*machine.on(8765) == five_fields(8765, 20));
  CHECK(ledger.active().size() == 1);
  machine.file.ledger.entries.clear();
  CHECK(ledger.active().size() == 1);  // the own one again
}

TEST_CASE("A server of a supervisor that had this pid before is no own one") {
  Machine machine{.processes = {{10, 100}, {20, 200}}};
  {
    auto before = ledger_of(machine, 10);
    REQUIRE(before.lease(8765));
    before.tell(8765, instance("web.1", 20));
    before.write();
  }
  machine.locks.clear();
  machine.processes[10] = 300;
  auto ledger = ledger_of(machine, 10);
  CHECK_FALSE(ledger.lease(8765));
  ledger.tidy();
  CHECK(machine.on(8765) != nullptr);
}

TEST_CASE("What could not be taken away is taken away later, whoever has leased the port since") {
  Machine machine{.processes = {{10, 100}, {11, 110}, {20, 200}}};
  auto ledger = ledger_of(machine, 10);
  auto other = ledger_of(machine, 11);
  REQUIRE(ledger.lease(8765));
  ledger.tell(8765, instance("web.1", 20));
  ledger.write();
  machine.processes.erase(20);
  machine.full = true;
  ledger.release(8765);
  CHECK(ledger.write() == PortLedger::Written::failed);
  CHECK(ledger.due());
  REQUIRE(other.lease(8765));
  machine.full = false;
  ledger.write();
  CHECK(machine.on(8765) == nullptr);
}

TEST_CASE("Another ledger in the same process leaves what is leased") {
  Machine machine{.processes = {{10, 100}, {20, 200}}};
  auto ledger = ledger_of(machine, 10);
  REQUIRE(ledger.lease(8765));
  ledger.tell(8765, instance("web.1", 20));
  ledger.write();
  auto other = ledger_of(machine, 10);
  CHECK(other.tidy() == PortLedger::Written::nothing_new);
  CHECK(other.active().size() == 1);
  CHECK_FALSE(other.lease(8765));
  CHECK(machine.on(8765) != nullptr);
}

TEST_CASE("A lock that another one has got when the lock file was removed is asked for until it is free") {
  Machine machine{.processes = {{10, 100}, {11, 110}}};
  auto ledger = ledger_of(machine, 10);
  REQUIRE(ledger.lease(8765));  // and not written yet
  machine.lock_file = 2;
  auto other = ledger_of(machine, 11);
  REQUIRE(other.lease(8765));
  other.write();
  ledger.write();
  CHECK(machine.on(8765)->supervisor_pid == 11);
  ledger.release(8765);
  CHECK_FALSE(ledger.lease(8765));  // nor is it taken up again
  ledger.write();

  REQUIRE(ledger.lease(8766));
  machine.lock_file = 3;
  auto third = ledger_of(machine, 11);
  REQUIRE(third.lease(8766));
  ledger.write();
  CHECK(machine.on(8766) == nullptr);  // it is the third one's to write
  third.release(8766);
  third.write();
  ledger.beat();
  ledger.write();
  CHECK(machine.on(8766)->supervisor_pid == 10);
  CHECK(machine.locks[3].contains(8766));
}

TEST_CASE("A lease under a lock file that was removed before is a lease under the new one") {
  Machine machine{.processes = {{10, 100}, {11, 110}}};
  auto ledger = ledger_of(machine, 10);
  machine.lock_file = 2;
  auto other = ledger_of(machine, 11);
  REQUIRE(other.lease(8765));  // and not written yet
  CHECK_FALSE(ledger.lease(8765));
  CHECK(ledger.lease(8766));
  CHECK(machine.locks[2].contains(8766));
  CHECK(ledger.descriptor_changed());
}

}  // namespace
}  // namespace berth::core
