// What the process was asked for, by its arguments and its environment.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harbour {

struct Options {
  std::string tools = "clock";
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;              // 0: the system chooses
  std::chrono::milliseconds delay{0};  // between the start and the first attempt to listen
  bool help = false;
  bool version = false;
};

struct ParsedOptions {
  Options options;
  std::string error;  // empty when all is well
};

// The environment as a function: a name to its value, unless it is unset.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

// An argument wins over the environment; an empty variable counts as unset.
ParsedOptions parse_options(const std::vector<std::string>& arguments, const Environment& environment);

std::string_view usage();

}  // namespace harbour
