#pragma once
// How wide a text is on a terminal, and making it narrower. Texts are UTF-8; bytes that are not count one column each.

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::cli {

// Columns that it takes: two for wide characters, none for combining ones and for escape sequences (CSI).
std::size_t columns_of(std::string_view text);

// At most `columns` of it; `mark` (one column for each of its characters) stands for what is left out. Escape sequences
// stay whole and all of them stay, so that colours end.
std::string cut_to(std::string_view text, std::size_t columns, std::string_view mark = "…");

// Filled up with blanks to `columns`; what is wider stays as it is.
std::string padded(std::string_view text, std::size_t columns, bool right = false);

// "61s", "3m20s", "2h03m", "5d04h"; below ten seconds "1.5s".
std::string humane_duration(double seconds);

// "812K", "68M", "1.4G", of 1024 each; at most five columns.
std::string humane_bytes(double bytes);

}  // namespace berth::cli
