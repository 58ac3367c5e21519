#pragma once
// `${VAR}`, `${VAR:-default}` and `$$` in the strings of a config.

#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"

namespace berth::config {

struct Expansion {
  struct Use {
    std::string name;
    std::string value;
  };
  struct Problem {
    bool unset = false;  // else: not written as it should be
    std::string message;
    std::string hint;
  };

  std::string plain;    // what the string says
  std::string escaped;  // the same for `fill`, which then leaves alone what came out of a variable
  std::vector<Use> used;
  std::vector<Problem> problems;  // what they are about stays in the text as it was written
};

// A default counts, as in a shell, for a variable that is unset or empty; it may hold balanced braces and further
// variables. A `$` before anything but `{` and `$` is a plain `$`.
Expansion expand(std::string_view text, const Lookup& lookup);

}  // namespace berth::config
