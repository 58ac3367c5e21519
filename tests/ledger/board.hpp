#pragma once
// What the processes of a run know of each other: memory that they share, and files that say the same in the kernel's
// words.

#include <atomic>
#include <cstdint>
#include <string>

namespace ledger {

inline constexpr int most_processes = 500;
inline constexpr int most_ports = 1000;

// A process may die or be stopped at any line: all of it is single numbers.
struct Board {
  struct Slot {
    std::atomic<int> rounds{0};      // done; whoever is put in the place of a killed one goes on from here
    std::atomic<int> lock_file{-1};  // its descriptor
  };
  Slot slots[2 * most_processes];                 // of supervisors, then of peers
  std::atomic<std::uint64_t> held[most_ports]{};  // written, and not yet to be released: by whom, see hold_of; 0: not
  std::atomic<std::uint32_t> serial{0};
  std::atomic<bool> over{false};

  std::atomic<int> refused{0};     // claims that found no port
  std::atomic<int> contested{0};   // claims that came too late
  std::atomic<int> busy{0};        // writes that had to be tried again
  std::atomic<int> gave_up{0};     // waits of the older protocol
  std::atomic<int> looks{0};       // of readers
  std::atomic<int> slowest_ms{0};  // claim with its write, or release with its
};

// Between processes; never unmapped.
Board& new_board();

inline int holder_of(std::uint64_t hold) {
  return static_cast<int>(hold >> 32U);
}

// Where a run takes place.
struct Place {
  std::string folder;
  int first_port = 0;
  int ports = 0;
  bool shared = false;
  bool sockets = true;
  [[nodiscard]] std::string file() const { return folder + "/ledger/ports.json"; }
  [[nodiscard]] std::string witness(int port) const { return folder + "/witness/" + std::to_string(port); }
  [[nodiscard]] std::string findings() const { return folder + "/findings"; }

  // From any process: one line of what broke a law.
  void accuse(const std::string& what) const;
};

bool process_lives(int pid);  // zombies do not

// That each port has one holder, by locks that the ledger knows nothing of.
class Witness {
 public:
  explicit Witness(const Place& place);
  // Accuses when another one has it that lives.
  void take(int port);
  void drop(int port);

 private:
  void write_name(int file) const;

  const Place& place_;
  int files_[most_ports];
};

}  // namespace ledger
