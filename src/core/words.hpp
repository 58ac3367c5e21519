#pragma once
// Sentences that more than one part of Berth says.

#include <cstdint>
#include <string>

#include "core/conflict.hpp"

namespace berth::core {

// "ended with code 1", "was killed by SIGSEGV (core dumped)", "was ended by the kernel: out of memory".
std::string describe(const ExitStatus& status);

// "SIGTERM" for 15; "signal 40" for one without a name.
std::string signal_name(int signal);

// The holder of a port, or "another process" when it is not known.
inline std::string holder_or_stranger(const std::string& holder) {
  return holder.empty() ? "another process" : holder;
}

// "512 MiB", "1.5 GiB": of bytes.
std::string size_text(std::uint64_t bytes);

}  // namespace berth::core
