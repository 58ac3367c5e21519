#include "ledger/parts.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "chaos/dice.hpp"
#include "ledger/old_protocol.hpp"
#include "os/leased_binder.hpp"
#include "os/ledger_text.hpp"

namespace ledger {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto longest_wait = 180s;  // many times what a slow machine and all stops together take

class Stopwatch {
 public:
  explicit Stopwatch(std::atomic<int>& slowest) : slowest_(slowest) {}
  ~Stopwatch() {
    const int took = static_cast<int>((Clock::now() - began_) / 1ms);
    int before = slowest_;
    while (took > before && !slowest_.compare_exchange_weak(before, took)) {
    }
  }

 private:
  std::atomic<int>& slowest_;
  Clock::time_point began_ = Clock::now();
};

// What a reader without a lock has. A program of the older protocol writes the file where it stands, so there it is
// read again until it is whole.
berth::core::LedgerReading look(const Place& place) {
  const auto until = Clock::now() + longest_wait;
  for (;;) {
    const auto text = read_whole(place.file());
    auto reading = berth::os::read_ledger(text.value_or(""));
    reading.exists = text.has_value();
    const bool whole = reading.exists && !reading.damage;
    if (whole || !place.shared || Clock::now() > until) return reading;
    std::this_thread::sleep_for(1ms);
  }
}

bool stands(const berth::core::LedgerReading& reading, int port, int pid) {
  const auto& entries = reading.ledger.entries;
  return std::any_of(entries.begin(), entries.end(),
                     [&](const berth::LedgerEntry& entry) { return entry.port == port && entry.pid == pid; });
}

void check_own(const Place& place, int port) {
  const auto reading = look(place);
  if (!reading.exists) place.accuse("the ledger is missing");
  if (reading.damage) place.accuse("the ledger is damaged: " + *reading.damage);
  if (!stands(reading, port, ::getpid())) place.accuse("the lease of port " + std::to_string(port) + " is lost");
}

class Holds {
 public:
  Holds(const Place& place, Board& board) : place_(place), board_(board) {}
  void begin(int port) { at(port) = (static_cast<std::uint64_t>(::getpid()) << 32U) | ++board_.serial; }
  void end(int port) { at(port) = 0; }

 private:
  std::atomic<std::uint64_t>& at(int port) { return board_.held[port - place_.first_port]; }
  const Place& place_;
  Board& board_;
};

// The ledger alone, without the sockets that would keep two from one port as well.
class LeasesOnly : public berth::core::PortBinder {
 public:
  explicit LeasesOnly(berth::PortLedger& ledger) : ledger_(ledger) {}
  void look_anew() override {}
  std::optional<Trouble> bind(berth::Port port) override {
    const auto lease = ledger_.lease(port);
    if (lease) return std::nullopt;
    return Trouble{true, false, lease.error().holder, lease.error().message};
  }
  void unbind(berth::Port /*port*/) override {}
  void leave(berth::Port port) override { ledger_.release(port); }
  std::string holder(berth::Port port) override { return ledger_.holder(port); }

 private:
  berth::PortLedger& ledger_;
};

class Supervisor {
 public:
  Supervisor(const Place& place, Board& board, berth::PortLedger ledger, std::uint64_t seed)
      : place_(place), board_(board), witness_(place), holds_(place, board), dice_(seed), ledger_(std::move(ledger)) {}

  void round() {
    std::vector<int> ports;
    const int wanted = dice_.chance(20) ? 2 : 1;
    for (int i = 0; i < wanted; ++i) {
      const int port = take();
      if (port != 0) ports.push_back(port);
      if (port == 0 && ports.empty()) --i;  // one is needed
    }
    for (int looks = dice_.between(1, 3); looks > 0; --looks) {
      for (const int port : ports) check_own(place_, port);
      if (dice_.chance(30)) {
        ledger_.beat();
        write();
      }
      std::this_thread::sleep_for(std::chrono::microseconds(dice_.between(0, 3000)));
    }
    for (const int port : ports) check_own(place_, port);
    for (const int port : ports) give_back(port);
    check_nothing_is_left(ports);
  }
  [[nodiscard]] int descriptor() const { return ledger_.descriptor(); }

 private:
  int take() {
    const Stopwatch watch(board_.slowest_ms);
    const auto port = desk_.claim({}, Clock::now());
    if (!port) {
      ++board_.refused;
      write();
      std::this_thread::sleep_for(std::chrono::milliseconds(dice_.between(1, 10)));
      return 0;
    }
    if (!place_.shared) witness_.take(*port);
    const auto name = "stress." + std::to_string(::getpid()) + "." + std::to_string(++board_.serial);
    ledger_.tell(*port, {name, ::getpid(), unix_ms(), "stress", "http://127.0.0.1/mcp", "ready"});
    write();
    if (ledger_.contested(*port)) {
      ++board_.contested;
      desk_.release(*port);
      write();
      return 0;
    }
    if (place_.shared) witness_.take(*port);  // among all a lease counts when it is written
    holds_.begin(*port);
    return *port;
  }

  void give_back(int port) {
    const Stopwatch watch(board_.slowest_ms);
    holds_.end(port);
    witness_.drop(port);
    desk_.release(static_cast<berth::Port>(port));
    write();
  }

  // The kernel names the locks of a descriptor in /proc.
  void check_nothing_is_left(const std::vector<int>& ports) {
    const auto reading = look(place_);
    for (const int port : ports) {
      if (stands(reading, port, ::getpid()))
        place_.accuse("port " + std::to_string(port) + " stands after its release");
    }
    const auto info = read_whole("/proc/self/fdinfo/" + std::to_string(ledger_.descriptor())).value_or("?");
    if (info == "?" || info.find("OFDLCK") != std::string::npos)
      place_.accuse("locks are left after a release: " + info);
  }

  void write() {
    const auto until = Clock::now() + longest_wait;
    auto written = ledger_.write(200ms);
    for (; written == berth::PortLedger::Written::busy && Clock::now() < until; written = ledger_.write(200ms)) {
      ++board_.busy;
    }
    if (written == berth::PortLedger::Written::busy) place_.accuse("nobody lets this process write");
    if (written == berth::PortLedger::Written::failed) place_.accuse("cannot write: " + ledger_.trouble());
  }

  const Place& place_;
  Board& board_;
  Witness witness_;
  Holds holds_;
  chaos::Dice dice_;
  berth::PortLedger ledger_;
  berth::os::LeasedBinder with_sockets_{ledger_};
  LeasesOnly alone_{ledger_};
  berth::core::PortDesk desk_{
      {static_cast<berth::Port>(place_.first_port), static_cast<berth::Port>(place_.first_port + place_.ports - 1)},
      {},
      place_.sockets ? static_cast<berth::core::PortBinder&>(with_sockets_) : alone_,
      [](const std::string&) {}};
};

}  // namespace

void be_supervisor(const Place& place, Board& board, Board::Slot& slot, int rounds, std::uint64_t seed) {
  auto ledger = berth::PortLedger::open(
      {.file = place.file(), .project = "stress", .shared = place.shared, .log = [&](const std::string& line) {
         // A claim that could not be written in time, while a peer was quicker, is told and given back.
         const bool expected = line.find(" are over: ") != std::string::npos ||
                               line.find(" is over: ") != std::string::npos ||
                               (place.shared && line.find(" has registered it too") != std::string::npos);
         if (!expected) place.accuse(line);
       }});
  if (!ledger) {
    place.accuse("cannot open the ledger: " + ledger.error());
    ::_exit(1);
  }
  Supervisor supervisor(place, board, std::move(*ledger), seed);
  slot.lock_file = supervisor.descriptor();
  // Beside peers until all have done theirs: a lock that a killed supervisor has left is taken away by supervisors.
  const auto goes_on = [&] { return slot.rounds < rounds || (place.shared && !board.over); };
  for (; goes_on(); ++slot.rounds) supervisor.round();
  ::_exit(0);
}

void be_peer(const Place& place, Board& board, Board::Slot& slot, std::uint64_t seed) {
  const OldProtocol protocol(place.file());
  Witness witness(place);
  Holds holds(place, board);
  chaos::Dice dice(seed);
  using Done = OldProtocol::Done;
  const auto done = [&](const auto& step) {
    const auto until = Clock::now() + longest_wait;
    Done result = step();
    for (; result == Done::gave_up && Clock::now() < until; result = step()) ++board.gave_up;
    if (result == Done::gave_up) place.accuse("nobody lets this peer write");
    if (result == Done::unreadable) place.accuse("a peer cannot understand the ledger");
  };
  while (!board.over) {
    int port = 0;
    done([&] { return protocol.allocate(place.first_port, place.first_port + place.ports - 1, port); });
    if (port == 0) continue;
    witness.take(port);
    holds.begin(port);
    for (int looks = dice.between(1, 3); looks > 0; --looks) {
      check_own(place, port);
      std::this_thread::sleep_for(std::chrono::milliseconds(dice.between(0, 20)));
    }
    check_own(place, port);
    ++slot.rounds;
    if (dice.chance(5)) ::_exit(died_on_purpose);
    holds.end(port);
    witness.drop(port);
    done([&] { return protocol.release(port); });
  }
  ::_exit(0);
}

void be_reader(const Place& place, Board& board) {
  std::vector<std::uint64_t> before(static_cast<std::size_t>(place.ports));
  bool seen = false;
  while (!board.over) {
    for (int i = 0; i < place.ports; ++i) before[static_cast<std::size_t>(i)] = board.held[i];
    const bool missing_is_wrong = seen;
    if (!seen && !read_whole(place.file())) {
      std::this_thread::sleep_for(1ms);
      continue;
    }
    seen = true;
    const auto reading = look(place);
    if (!reading.exists && missing_is_wrong) place.accuse("a reader finds no ledger");
    if (reading.damage) place.accuse("a reader finds damage: " + *reading.damage);
    for (int i = 0; i < place.ports; ++i) {
      const auto hold = before[static_cast<std::size_t>(i)];
      const int port = place.first_port + i;
      if (hold == 0 || board.held[i] != hold || stands(reading, port, holder_of(hold))) continue;
      // Evicted for its death, unless it lives on.
      if (process_lives(holder_of(hold)) && board.held[i] == hold) {
        place.accuse("a reader misses port " + std::to_string(port) + " of pid " + std::to_string(holder_of(hold)));
      }
    }
    ++board.looks;
    std::this_thread::sleep_for(500us);
  }
  ::_exit(0);
}

}  // namespace ledger
