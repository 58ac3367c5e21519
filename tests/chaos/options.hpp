#pragma once
// The command line of berth_chaos.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chaos {

struct Options {
  std::vector<std::uint64_t> seeds;  // one run each
  int servers = 200;
  int seconds = 20;
  std::string berth;
  std::string hostile;
  std::string thief;
  bool verbose = false;
  bool keep = false;
};

// Empty for --help. Throws std::invalid_argument.
std::optional<Options> parse(int argc, char** argv);

std::string help();

}  // namespace chaos
