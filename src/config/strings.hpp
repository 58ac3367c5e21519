#pragma once
// The pass over the strings of the document that fills `${VAR}` in, before anybody asks what they mean.

#include <vector>

#include "config/document.hpp"
#include "config/report.hpp"
#include "config/variables.hpp"

namespace berth::config {

// What an unset variable is.
enum class Unset { error, warning, ignored };

struct StringPass {
  const Lookup& lookup;
  Unset unset = Unset::error;
  Report& report;
  std::vector<Expansion::Use> used;  // grows

  // All strings in and below `node`. With `templated` they are going to be filled with {port} and friends.
  void expand_below(Node& node, bool templated);
};

}  // namespace berth::config
