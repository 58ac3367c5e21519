// See options.cpp for what this program does.

#include <sys/prctl.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <stdexcept>

#include "chaos/run.hpp"

int main(int argc, char** argv) {
  try {
    const auto options = chaos::parse(argc, argv);
    if (!options) {
      std::cout << chaos::help();
      return 0;
    }
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, [](int) { chaos::interrupt(); });
    // What a killed Berth leaves comes to us, and is reaped, whatever the machine's init does.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    bool clean = true;
    for (const auto seed : options->seeds) {
      std::cout << "seed " << seed << std::endl;
      clean = chaos::run(*options, seed) && clean;
      if (chaos::interrupted()) return 1;
    }
    return clean ? 0 : 1;
  } catch (const std::invalid_argument& error) {
    std::cerr << "berth_chaos: " << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "berth_chaos: " << error.what() << "\n";
    return 1;
  }
}
