// See options.cpp for what this program does.

#include <exception>
#include <iostream>
#include <stdexcept>

#include "ledger/run.hpp"

int main(int argc, char** argv) {
  try {
    const auto options = ledger::parse(argc, argv);
    if (!options) {
      std::cout << ledger::help();
      return 0;
    }
    int broken = 0;
    for (int i = 0; i < options->repeat; ++i) {
      if (!ledger::run(*options, i + 1, options->seed + static_cast<std::uint64_t>(i))) ++broken;
    }
    std::cout << options->repeat << " repetitions, " << broken << " of them with findings" << std::endl;
    return broken == 0 ? 0 : 1;
  } catch (const std::invalid_argument& error) {
    std::cerr << "berth_ledger_stress: " << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "berth_ledger_stress: " << error.what() << "\n";
    return 1;
  }
}
