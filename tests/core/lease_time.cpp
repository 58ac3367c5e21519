// The port ledger on a host whose clocks the test sets: who is evicted when time jumps, stands still or goes on.

#include <berth/port_ledger.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "core/ledger_host.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

using namespace std::chrono_literals;

struct Machine {
  Ledger ledger;
  std::set<Port> locked;  // by others
  std::map<int, Life> lives;
  std::set<Port> listening;
  std::int64_t wall = 1'790'000'000'000;
  Instant now{};
};

class Host : public LedgerHost {
 public:
  explicit Host(Machine& machine) : machine_(machine) {}
  Lock lock_port(Port port) override { return machine_.locked.count(port) != 0 ? Lock::busy : Lock::got; }
  void unlock_port(Port) override {}
  bool others_lock(Port port) override { return machine_.locked.count(port) != 0; }
  std::vector<Port> ports_others_lock() override { return {machine_.locked.begin(), machine_.locked.end()}; }
  bool locks_were_lost() override { return false; }
  [[nodiscard]] int lock_descriptor() const override { return -1; }
  Lock enter(std::chrono::milliseconds, std::string&) override { return Lock::got; }
  void leave() override {}
  const LedgerRead& read() override { return last_ = LedgerReading{machine_.ledger, {}, true}; }
  Expected<std::string, std::string> replace(const Ledger& ledger, bool) override {
    machine_.ledger = ledger;
    return std::string();
  }
  Life life_of(const LedgerEntry& entry) override { return machine_.lives.at(entry.pid); }
  bool somebody_listens(Port port) override { return machine_.listening.count(port) != 0; }
  std::vector<LedgerEntry> seen_on(const std::vector<Port>&) override { return {}; }
  [[nodiscard]] ProcessIdentity self() const override { return {1, 1, "boot", 1}; }
  ProcessIdentity identity_of(int pid) override { return {pid, 1, "boot", 1}; }
  [[nodiscard]] std::string describe(int pid) const override { return "pid " + std::to_string(pid); }
  [[nodiscard]] std::int64_t wall_ms() const override { return machine_.wall; }
  [[nodiscard]] Instant now() const override { return machine_.now; }

 private:
  Machine& machine_;
  LedgerRead last_;
};

constexpr Port wanted = 8765;

PortLedger on(Machine& machine, const std::string& project = "test") {
  PortLedger::Options options;
  options.project = project;
  return PortLedger(std::make_unique<Host>(machine), options);
}

void add(Machine& machine, Port port, Life life) {
  LedgerEntry entry;
  entry.port = port;
  entry.instance_id = "other." + std::to_string(port);
  entry.pid = 1000 + port;
  entry.created_at = entry.last_heartbeat = machine.wall;
  machine.ledger.entries.push_back(entry);
  machine.lives[entry.pid] = life;
}

std::vector<Port> ports(const Machine& machine) {
  std::vector<Port> ports;
  for (const LedgerEntry& entry : machine.ledger.entries) ports.push_back(entry.port);
  return ports;
}

// All goes on together, one look every thirty seconds.
void pass(Machine& machine, PortLedger& ledger, std::chrono::seconds time) {
  for (auto passed = 0s; passed < time; passed += 30s) {
    machine.now += 30s;
    machine.wall += 30'000;
    ledger.tidy();
  }
}

TEST_CASE("A clock that is set forward evicts nobody who may live") {
  Machine machine;
  add(machine, 8001, Life::alive);
  add(machine, 8002, Life::unknown);
  auto ledger = on(machine);
  ledger.tidy();
  machine.wall += std::chrono::milliseconds(1h).count();
  ledger.tidy();
  CHECK(ports(machine) == std::vector<Port>{8001, 8002});
}

TEST_CASE("A clock that is set back evicts nobody who may live") {
  Machine machine;
  add(machine, 8001, Life::alive);
  add(machine, 8002, Life::unknown);
  add(machine, 8003, Life::absent);
  auto ledger = on(machine);
  ledger.tidy();
  machine.wall -= std::chrono::milliseconds(1h).count();
  ledger.tidy();
  CHECK(ports(machine) == std::vector<Port>{8001, 8002, 8003});
}

// The wall clock went on, the other one did not; nobody has written meanwhile.
TEST_CASE("A machine that was suspended evicts nobody who may live") {
  Machine machine;
  add(machine, 8001, Life::alive);
  add(machine, 8002, Life::unknown);
  auto ledger = on(machine);
  ledger.tidy();
  machine.wall += std::chrono::milliseconds(9h).count();
  machine.now += 5s;
  ledger.tidy();
  CHECK(ports(machine) == std::vector<Port>{8001, 8002});
}

TEST_CASE("A supervisor that was stopped for an hour evicts nobody who may live") {
  Machine machine;
  add(machine, 8001, Life::unknown);
  auto ledger = on(machine);
  ledger.tidy();
  machine.now += 1h;
  machine.wall += std::chrono::milliseconds(1h).count();
  ledger.tidy();
  CHECK(ports(machine) == std::vector<Port>{8001});
}

TEST_CASE("One that cannot be seen is evicted when it was silent for a minute") {
  Machine machine;
  add(machine, 8001, Life::unknown);
  auto ledger = on(machine);
  ledger.tidy();
  pass(machine, ledger, 30s);
  CHECK(ports(machine) == std::vector<Port>{8001});
  pass(machine, ledger, 30s);
  CHECK(ports(machine).empty());
}

TEST_CASE("One that cannot be seen stays for as long as it says so") {
  Machine machine;
  add(machine, 8001, Life::unknown);
  auto ledger = on(machine);
  for (int beat = 0; beat < 20; ++beat) {
    machine.ledger.entries.front().last_heartbeat = machine.wall;
    pass(machine, ledger, 30s);
  }
  CHECK(ports(machine) == std::vector<Port>{8001});
}

TEST_CASE("One that was silent stays while somebody listens on its port") {
  Machine machine;
  add(machine, 8001, Life::absent);
  add(machine, 8002, Life::unknown);
  machine.listening = {8001, 8002};
  auto ledger = on(machine);
  ledger.tidy();
  pass(machine, ledger, 10min);
  CHECK(ports(machine) == std::vector<Port>{8001, 8002});
  machine.listening.clear();
  ledger.tidy();
  CHECK(ports(machine).empty());
}

TEST_CASE("A lock of the kernel keeps an entry however long it was silent") {
  Machine machine;
  add(machine, 8001, Life::gone);
  machine.locked = {8001};
  auto ledger = on(machine);
  ledger.tidy();
  pass(machine, ledger, 10min);
  CHECK(ports(machine) == std::vector<Port>{8001});
}

// The new server listens before the lease is written: it must not be taken for the old one.
TEST_CASE("A lease that was found over does not come back when its port is used by the next one") {
  Machine machine;
  add(machine, wanted, Life::absent);
  machine.wall += std::chrono::milliseconds(10min).count();
  auto ledger = on(machine);
  REQUIRE(ledger.lease(wanted));
  ledger.tell(wanted, {"test.web.1", 7, machine.wall, "web", "", "ready"});
  machine.listening = {wanted};
  REQUIRE(ledger.write() == PortLedger::Written::yes);
  REQUIRE(machine.ledger.entries.size() == 1);
  CHECK(machine.ledger.entries.front().instance_id == "test.web.1");
}

}  // namespace
}  // namespace berth::core::test
