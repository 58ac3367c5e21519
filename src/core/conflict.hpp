#pragma once
// Was the port taken? One pure function from evidence to verdict, and the words by which servers say so.
//
// Neither an exit code nor a sentence proves anything: real servers end with 0 after printing that they listen, with 1
// without a word, or stay up on another port. What counts is who holds the port; words and codes only break ties.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::core {

// How a process ended. `signal` is 0 unless a signal ended it, and then `code` means nothing.
struct ExitStatus {
  int code = 0;
  int signal = 0;
  bool core_dumped = false;
  bool out_of_memory = false;

  [[nodiscard]] bool clean() const { return signal == 0 && code == 0; }
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

// Who has the berth at the moment of the verdict.
enum class Holder {
  nobody,    // it could be bound
  own_hold,  // only the socket by which Berth keeps the berth
  own_tree,  // a process of the server's own tree
  stranger,  // somebody else listens there
  unknown,   // it cannot be bound, and who is in the way cannot be seen
};

enum class Phase { before_ready, after_ready };

struct Evidence {
  Phase phase = Phase::before_ready;
  std::optional<ExitStatus> ended;  // empty: it lives
  Holder holder = Holder::nobody;
  bool said_taken = false;     // a line of its output says that the port was taken
  bool had_listened = false;   // its tree had listened on the berth in this run
  bool elsewhere = false;      // its tree listens, but not on the berth
  bool patience_over = false;  // it lives, and has had its time to try
};

enum class Verdict {
  wait,              // it lives and may yet do what it should
  foreign_listener,  // as `wait`, but a stranger listens on the berth
  wrong_port,        // as `wait`, but it listens elsewhere and nobody has the berth
  conflict,          // the port is taken: mark it dead, try the next
  conflict_by_word,  // it says so, and nobody is seen there: let the port rest, try the next
  blocked_by_hold,   // it says so, and only our own hold is there: drop the hold, try the same port again
  not_listening,     // ended with code 0 and never listened
  clean_exit,        // ended with code 0 after it had listened
  crash,
};

Verdict judge(const Evidence& evidence);

std::string_view to_string(Verdict verdict);

// Does one line of output say that this port could not be bound? A line that names only other ports does not: a
// server's telemetry may have lost its own port and go on.
bool says_port_taken(std::string_view line, std::uint16_t port);

// The port that a line of that kind names and that is not ours: "it ignores PORT and wanted 3000".
std::optional<std::uint16_t> other_port_said_taken(std::string_view line, std::uint16_t port);

// Does it say that the server listens now, over HTTP? Quoted when it was not true. "running on stdio" is the opposite.
bool says_it_listens(std::string_view line);

}  // namespace berth::core
