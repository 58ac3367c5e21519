#pragma once
// UTF-8 (RFC 3629), for texts that come from elsewhere: names of processes, paths, output.

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::core {

// The length of the sequence that begins `text`, which is not empty; 0 when it is none.
std::size_t utf8_length(std::string_view text);

// With every byte that belongs to no sequence replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

// A word of another program, fit for a line of ours: control characters become `?`, and what is longer than 128 bytes
// is cut.
std::string tame(std::string_view word);

}  // namespace berth::core
