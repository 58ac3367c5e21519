#pragma once
// `berth status --watch`.

#include <string>
#include <vector>

namespace berth::cli {

class Context;

// The whole screen, until `q` (0) or a signal (128 + its number). Throws Stop (4) when no supervisor answers at first.
int watch_on_screen(const Context& context, const std::vector<std::string>& names);

// For a pipe: the table, or the document on a line, now and after every change, until a signal or until nobody reads.
int watch_as_text(const Context& context, const std::vector<std::string>& names, bool as_json);

}  // namespace berth::cli
