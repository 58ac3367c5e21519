#include "chaos/options.hpp"

#include <charconv>
#include <random>
#include <stdexcept>

namespace chaos {
namespace {

std::uint64_t fresh_seed() {
  std::random_device random;
  return random() % 1'000'000'000U;  // short enough to be typed
}

template <class Number>
Number to_number(const std::string& option, const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::invalid_argument(option + ": not a number: " + text);
  }
  return value;
}

int at_least(int least, const std::string& option, const std::string& text) {
  const int value = to_number<int>(option, text);
  if (value < least) throw std::invalid_argument(option + ": at least " + std::to_string(least));
  return value;
}

}  // namespace

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  options.berth = BERTH_PROGRAM;
  options.hostile = HOSTILE_PROGRAM;
  options.thief = THIEF_PROGRAM;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 == argc) throw std::invalid_argument(option + " needs a value");
      return argv[++i];
    };
    if (option == "--help" || option == "-h") return std::nullopt;
    if (option == "--seed") {
      const std::string text = value();
      options.seeds.push_back(text == "random" ? fresh_seed() : to_number<std::uint64_t>(option, text));
    } else if (option == "--servers") {
      options.servers = at_least(10, option, value());
    } else if (option == "--seconds") {
      options.seconds = at_least(1, option, value());
    } else if (option == "--berth") {
      options.berth = value();
    } else if (option == "--hostile") {
      options.hostile = value();
    } else if (option == "--thief") {
      options.thief = value();
    } else if (option == "--verbose") {
      options.verbose = true;
    } else if (option == "--keep") {
      options.keep = true;
    } else {
      throw std::invalid_argument("unknown option " + option);
    }
  }
  if (options.seeds.empty()) options.seeds.push_back(fresh_seed());
  if (options.servers > 800) throw std::invalid_argument("--servers: at most 800");
  return options;
}

std::string help() {
  return "Usage: berth_chaos [OPTION...]\n\n"
         "Runs a project of many servers, some of them hostile, and makes its life hard: kills, stops, stolen ports,\n"
         "commands, garbage on the control socket, and the death of Berth itself. All the while it compares what\n"
         "`berth status --json` says with what /proc says. Exit code 1 when anything was wrong.\n\n"
         "  --seed N|random  where all randomness comes from; may be repeated, each is a run (default: a random one)\n"
         "  --servers N      how many servers (default 200)\n"
         "  --seconds N      how long the unrest lasts in each run (default 20)\n"
         "  --keep           keep the folder of the run, with all logs\n"
         "  --verbose        tell of every action\n"
         "  --berth PATH, --hostile PATH, --thief PATH\n"
         "                   the programs (default: those of this build)\n";
}

}  // namespace chaos
