# How every target of Berth is compiled.

add_library(berth_flags INTERFACE)
target_compile_options(berth_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wno-missing-field-initializers)  # designated initializers leave out what has a default, on purpose
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms when optimised: on "text" + std::string (GCC bug 105651) and on what a std::variant does not hold.
  target_compile_options(berth_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Boost.Beast and Boost.Process carry these in macros that expand in our files.
  target_compile_options(berth_flags INTERFACE -Wno-gnu-zero-variadic-macro-arguments)
endif()
option(BERTH_WARNINGS_AS_ERRORS "Fail on any warning" OFF)
if(BERTH_WARNINGS_AS_ERRORS)
  target_compile_options(berth_flags INTERFACE -Werror)
endif()

if(BERTH_STATIC)
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-static-libstdc++ -static-libgcc -Wl,--gc-sections)
endif()

if(BERTH_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

if(BERTH_TSAN)
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)  # Asio has fences beside its locks; it does not rely on them here
  endif()
  add_link_options(-fsanitize=thread)
endif()

# Asio, Beast and Process are compiled once, in berth_boost, and only declared elsewhere: measured on two cores, a
# file that uses them takes a third of the header-only time, and Process v2 in 1.81 does not link header-only at all. A
# change of one file is a program again in 3 to 8 seconds then; precompiled headers were tried on top and gave a tenth
# less, which does not pay for their upkeep.
add_library(berth_boost STATIC ${CMAKE_SOURCE_DIR}/src/boost_impl.cpp)
target_compile_definitions(berth_boost PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
  BOOST_BEAST_SEPARATE_COMPILATION BOOST_PROCESS_V2_SEPARATE_COMPILATION)
target_link_libraries(berth_boost PUBLIC Boost::headers Boost::filesystem Boost::json Threads::Threads)

# berth_fast(SOURCES …): files that every byte of output passes through.
function(berth_fast)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-O2>")
endfunction()

# berth_floor(NAME SOURCES … LINKS …): one floor of the house as an object library. A floor sees its own folder and
# those of the floors that it links, as `core/…`, `config/…`, `os/…`, `app/…`.
function(berth_floor name)
  cmake_parse_arguments(FLOOR "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} OBJECT ${FLOOR_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${name} PUBLIC ${FLOOR_LINKS} PRIVATE berth_flags)
endfunction()

if(BERTH_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "BERTH_FUZZ needs clang, which brings libFuzzer")
  endif()
  # Everything that a target links tells the fuzzer which branches an input took; only the targets have its main().
  add_compile_options(-O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
