#pragma once
// What the processes of a run do. None of these returns: the process ends.

#include <cstdint>

#include "ledger/board.hpp"

namespace ledger {

// Leases and releases until `rounds` are done in its slot, and beside peers until all is over, on the very path of the
// program.
[[noreturn]] void be_supervisor(const Place& place, Board& board, Board::Slot& slot, int rounds, std::uint64_t seed);
// The same until all is over, as a program does it that follows the older protocol. May die with a port of its own.
[[noreturn]] void be_peer(const Place& place, Board& board, Board::Slot& slot, std::uint64_t seed);
// Reads the file without a lock, over and over.
[[noreturn]] void be_reader(const Place& place, Board& board);

// Exit code of a peer that has left a port behind.
inline constexpr int died_on_purpose = 7;

}  // namespace ledger
