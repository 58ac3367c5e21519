#pragma once
// What the tests of the config share.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "config/load.hpp"

namespace berth::config::test {

inline std::filesystem::path source_folder() {
  return BERTH_SOURCE_DIR;
}

inline std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Set to 1, tests of files that are made from the source write them instead of comparing.
inline bool regenerating() {
  const auto value = process_environment()("BERTH_REGENERATE");
  return value && *value == "1";
}

inline Lookup environment(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

// The environment that the corpus is written for.
inline LoadOptions corpus_options() {
  LoadOptions options;
  options.environment = environment({{"SET", "value"},
                                     {"EMPTY", ""},
                                     {"WORD", "word"},
                                     {"SECONDS", "7s"},
                                     {"PORT_NUMBER", "8123"},
                                     {"BRACES", "{port} and {{name}} and ${SET}"},
                                     {"API_TOKEN", "token-from-outside"},
                                     {"LICENSE", "license-from-outside"}});
  return options;
}

// All diagnostics, a line each.
inline std::string lines(const LoadResult& result) {
  std::string text;
  for (const Diagnostic& diagnostic : result.diagnostics) text += to_string(diagnostic) + "\n";
  return text;
}

}  // namespace berth::config::test
