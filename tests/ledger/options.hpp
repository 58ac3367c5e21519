#pragma once
// The command line of berth_ledger_stress.

#include <cstdint>
#include <optional>
#include <string>

namespace ledger {

struct Options {
  int processes = 50;
  int rounds = 20;
  int repeat = 1;
  int stop_seconds = 2;
  int ports = 0;  // 0: some more than processes
  std::uint64_t seed = 0;
  bool shared = false;
  bool keep = false;
  std::string folder = "/tmp";
};

// Empty for --help. Throws std::invalid_argument.
std::optional<Options> parse(int argc, char** argv);

std::string help();

}  // namespace ledger
