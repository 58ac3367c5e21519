#pragma once
// UTF-8 (RFC 3629), for texts that come from elsewhere: names of processes, paths, output.

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::core {

// The length of the sequence that begins `text`, which is not empty; 0 when it is none.
std::size_t utf8_length(std::string_view text);

// Nothing but the characters from space to tilde: valid, tame, and as wide as it is long.
bool is_plain(std::string_view text);

// With every byte that belongs to no sequence replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

// At most `longest` bytes of it, ended between two characters; `…` (not counted) stands for the rest.
std::string cut(std::string_view text, std::size_t longest);

// One of U+202A to U+202E and U+2066 to U+2069: the embeddings, overrides and isolates of Unicode's bidirectional
// algorithm, behind which a terminal shows our own words in another order.
bool turns_direction(std::string_view character);

// A word of another program, fit for a line of ours: control characters become `?` (those of C1, and those that turn
// the direction, too), and what is longer than `longest` bytes is cut.
std::string tame(std::string_view word, std::size_t longest = 128);

}  // namespace berth::core
