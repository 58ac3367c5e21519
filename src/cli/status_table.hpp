#pragma once
// The table of `berth status`, from the status document.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstddef>
#include <string>

#include "cli/glyphs.hpp"
#include "cli/text_width.hpp"

namespace berth::cli {

struct TableLook {
  std::size_t width = 0;  // columns of the terminal; 0: no limit
  bool colour = false;
  const Glyphs* glyphs = nullptr;  // none: plain, for programs that read it
};

// Where it is too wide the columns that say least go first, and DETAIL is cut. Durations are humane ("2h03m").
std::string status_table(const boost::json::array& servers, const TableLook& look);

// A cell of it: "SIGKILL crash", "code 1 port_conflict", "-".
std::string last_exit_text(const boost::json::value& last_exit);

// A string fit for a line of ours; numbers as they are, "-" for what is not known.
std::string cell_text(const boost::json::value& value);

}  // namespace berth::cli
