# Everything comes from the distribution's packages: scripts/setup installs them.
option(BERTH_STATIC "Link all libraries but the C library into the program" ${BERTH_OPTIMISED})
set(Boost_USE_STATIC_LIBS ${BERTH_STATIC})
find_package(Boost 1.81 REQUIRED COMPONENTS filesystem json)
find_package(tl-expected REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Threads REQUIRED)

# What everything else links. The distribution has toml++, spdlog and fmt as shared libraries or as headers only; each
# shared one costs the program about as long to find its symbols as it takes to ask for a status.
add_library(berth_toml INTERFACE)
add_library(berth_spdlog INTERFACE)
add_library(berth_fmt INTERFACE)
if(BERTH_STATIC)
  target_compile_definitions(berth_toml INTERFACE TOML_HEADER_ONLY=1)
  target_compile_definitions(berth_fmt INTERFACE FMT_HEADER_ONLY=1)
  target_compile_definitions(berth_spdlog INTERFACE SPDLOG_FMT_EXTERNAL=1 FMT_HEADER_ONLY=1)
  target_link_libraries(berth_spdlog INTERFACE Threads::Threads)
else()
  target_link_libraries(berth_toml INTERFACE tomlplusplus::tomlplusplus)
  target_link_libraries(berth_fmt INTERFACE fmt::fmt)
  target_link_libraries(berth_spdlog INTERFACE spdlog::spdlog)
endif()

# Catch2 2.13 (Debian 12) and 3 (Debian 13, Ubuntu 24.04) are both served; tests/support/catch.hpp hides the difference.
if(BERTH_TESTS)
  find_package(Catch2 REQUIRED)
endif()
