# Everything comes from the distribution's packages: scripts/setup installs them.
find_package(Boost 1.81 REQUIRED COMPONENTS filesystem json)
find_package(tomlplusplus REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Threads REQUIRED)

# Catch2 2.13 (Debian 12) and 3 (Debian 13, Ubuntu 24.04) are both served; tests/support/catch.hpp hides the difference.
if(BERTH_TESTS)
  find_package(Catch2 REQUIRED)
endif()
