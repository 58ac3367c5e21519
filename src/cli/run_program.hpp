#pragma once
// Another program, run to its end for what it prints.

#include <berth/expected.hpp>
#include <string>
#include <vector>

namespace berth::cli {

struct ProgramResult {
  int code = 0;  // 128 + N when signal N ended it
  std::string out;
  std::string err;
};

// `words[0]` is looked for on PATH. It reads nothing. The error says why it could not be run.
Expected<ProgramResult, std::string> run_program(const std::vector<std::string>& words);

}  // namespace berth::cli
