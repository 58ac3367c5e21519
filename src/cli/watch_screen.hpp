#pragma once
// The screens of `status --watch` as lines of text: functions of what is known, of the size and of the shapes.

#include <string>
#include <string_view>
#include <vector>

#include "cli/glyphs.hpp"
#include "cli/terminal.hpp"
#include "cli/watch_model.hpp"

namespace berth::cli {

struct ScreenLook {
  TerminalSize size;
  bool colour = false;
  const Glyphs* glyphs = &unicode_glyphs();
};

// Exactly `size.rows` lines, none wider than the screen. Which servers are seen follows from the selection.
std::vector<std::string> watch_screen(const WatchModel& model, const ScreenLook& look);

// A text to be read, from its line `first` on; `keys` stands at the bottom.
std::vector<std::string> page_screen(std::string_view title, const std::vector<std::string>& text, std::size_t first,
                                     std::string_view keys, const ScreenLook& look);
// The last `first` that makes sense.
std::size_t last_page(const std::vector<std::string>& text, const ScreenLook& look);

// What the keys do.
std::vector<std::string> key_help(const Glyphs& glyphs);

// The last `columns` samples as bars between 0 and `most`; a blank where nothing is known.
std::string sparkline(const std::deque<std::optional<double>>& samples, std::size_t columns, double most,
                      const Glyphs& glyphs);

}  // namespace berth::cli
