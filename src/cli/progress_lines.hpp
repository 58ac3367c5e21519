#pragma once
// What a wait looks like meanwhile: lines of text, a function of what is known.

#include <boost/json/array.hpp>
#include <map>
#include <string>
#include <vector>

#include "cli/glyphs.hpp"
#include "cli/terminal.hpp"

namespace berth::cli {

enum class Goal { ready, stopped };

struct ProgressView {
  Goal goal = Goal::ready;
  boost::json::array servers;                     // those that are waited for
  std::map<std::string, std::string> last_words;  // what one that starts has printed last
  double elapsed = 0;                             // seconds
  std::size_t frame = 0;                          // of the spinner
  bool over = false;                              // the wait has ended, and all is well
};

// A line that sums up, and one for each server as far as the terminal has room: those that are not there yet first to
// stay. None is wider than the terminal.
std::vector<std::string> progress_lines(const ProgressView& view, TerminalSize size, bool colour, const Glyphs& glyphs);

// The same in one line for a log: "12s: 1 of 3 ready; web starting (not ready yet…), db waiting (…)".
std::string progress_sentence(const ProgressView& view);

// Whether a server is where it should be.
bool reached(const boost::json::value& server, Goal goal);

}  // namespace berth::cli
