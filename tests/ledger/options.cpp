#include "ledger/options.hpp"

#include <charconv>
#include <random>
#include <stdexcept>

#include "ledger/board.hpp"

namespace ledger {
namespace {

std::uint64_t to_number(const std::string& option, const std::string& text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    throw std::invalid_argument(option + ": not a number from " + std::to_string(least) + " to " +
                                std::to_string(most) + ": " + text);
  }
  return value;
}

}  // namespace

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  std::random_device random;
  options.seed = random() % 1'000'000'000U;  // short enough to be typed
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 == argc) throw std::invalid_argument(option + " needs a value");
      return argv[++i];
    };
    const auto number = [&](int least, int most) {
      return static_cast<int>(
          to_number(option, value(), static_cast<std::uint64_t>(least), static_cast<std::uint64_t>(most)));
    };
    if (option == "--help" || option == "-h") return std::nullopt;
    if (option == "--processes") {
      options.processes = number(1, most_processes);
    } else if (option == "--rounds") {
      options.rounds = number(1, 1'000'000);
    } else if (option == "--repeat") {
      options.repeat = number(1, 1'000'000);
    } else if (option == "--stop-seconds") {
      options.stop_seconds = number(0, 60);
    } else if (option == "--ports") {
      options.ports = number(1, most_ports);
    } else if (option == "--seed") {
      const std::string text = value();
      if (text != "random") options.seed = to_number(option, text, 0, UINT64_MAX);
    } else if (option == "--folder") {
      options.folder = value();
    } else if (option == "--shared") {
      options.shared = true;
    } else if (option == "--keep") {
      options.keep = true;
    } else {
      throw std::invalid_argument("unknown option " + option);
    }
  }
  if (options.ports == 0) options.ports = options.processes + options.processes / 2 + 2;
  return options;
}

std::string help() {
  return "Usage: berth_ledger_stress [OPTION...]\n\n"
         "Many processes lease and release ports of one ledger, while some of them are killed, stopped and resumed.\n"
         "Checks by other means that no port is given twice, that no lease is lost, and that nothing is left at the\n"
         "end. In every second repetition no port is bound: the ledger alone has to keep them apart. Exit code 1 when "
         "anything was wrong.\n\n"
         "  --processes N     how many at a time (default 50)\n"
         "  --rounds N        so often each leases and releases (default 20)\n"
         "  --repeat N        so many ledgers, one after the other (default 1)\n"
         "  --stop-seconds N  none is stopped for longer (default 2); 0: none is stopped\n"
         "  --ports N         how many ports there are (default: some more than processes)\n"
         "  --shared          with programs that follow the older protocol besides\n"
         "  --seed N|random   where all randomness of the unrest comes from (default: a random one)\n"
         "  --folder PATH     where the ledgers are made (default /tmp)\n"
         "  --keep            keep them\n";
}

}  // namespace ledger
