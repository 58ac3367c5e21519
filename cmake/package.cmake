# What `cmake --install` puts where, in two components: `runtime` is the program and what belongs to it, `development`
# is the library for programs that embed Berth. And the Debian packages of the two (scripts/package makes them).
# A rule of install() elsewhere that names no component belongs to `runtime` (CMAKE_INSTALL_DEFAULT_COMPONENT_NAME).
include(CMakePackageConfigHelpers)

# ---- runtime; the program, its manual and its completions: src/cli
install(FILES configs/berth.toml configs/berth.schema.json configs/grafana-dashboard.json
  DESTINATION ${CMAKE_INSTALL_DATADIR}/berth)
install(FILES README.md docs/failures.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
file(GLOB licence LICENSE LICENSE.* LICENCE LICENCE.* COPYING)
if(licence)
  install(FILES ${licence} DESTINATION ${CMAKE_INSTALL_DOCDIR})
endif()

# ---- development
set(berth_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/berth)
install(TARGETS libberth EXPORT berthTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY include/berth DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN *.hpp)
install(EXPORT berthTargets NAMESPACE berth:: DESTINATION ${berth_cmake_dir} COMPONENT development)

configure_package_config_file(cmake/berthConfig.cmake.in generated/berthConfig.cmake
  INSTALL_DESTINATION ${berth_cmake_dir} NO_SET_AND_CHECK_MACRO)
# Until 1.0, another minor version is another interface.
write_basic_package_version_file(generated/berthConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/generated/berthConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/generated/berthConfigVersion.cmake
  DESTINATION ${berth_cmake_dir} COMPONENT development)

# The way back from berth.pc to the prefix, so that the prefix is where it was installed.
file(RELATIVE_PATH berth_pc_to_prefix /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
configure_file(cmake/berth.pc.in generated/berth.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/generated/berth.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

# ---- the Debian packages
set(BERTH_MAINTAINER "Berth developers <berth@localhost>" CACHE STRING "Who answers for the Debian packages")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "${BERTH_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has its own
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_SOURCE_DIR}/cmake/debian.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/debian_files.cmake)
set(CPACK_BERTH_SOURCE ${CMAKE_CURRENT_SOURCE_DIR})
set(CPACK_BERTH_LICENCE "${licence}")

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME berth)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "supervisor and harbour master for MCP servers
Berth runs HTTP servers of the Model Context Protocol from one TOML file: it
gives each a port, tells whether it is ready, starts it again when it crashes,
and moves it to another port when its own is taken.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libberth-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "supervisor for MCP servers - static library and headers
Berth runs HTTP servers of the Model Context Protocol, and looks after their
ports.
.
This package has what a C++20 program needs that does so itself: headers,
static library, and the files for CMake and pkg-config.")
# In the packages of which these are, the library has its own libraries; cmake/debian.cmake looks for them.
set(CPACK_BERTH_DEVELOPMENT_NEEDS "${Boost_DIR};${boost_filesystem_DIR};${boost_json_DIR};${spdlog_DIR};${fmt_DIR}"
  "${tomlplusplus_DIR};${tl-expected_DIR}")
include(CPack)
