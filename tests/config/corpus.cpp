// Every NAME.toml in wrong/ and good/ is read and compared with its NAME.expect: all that is said about the file,
// word by word, and for a good one the config. BERTH_REGENERATE=1 writes the .expect files: read the difference.

#include <algorithm>
#include <sstream>
#include <vector>

#include "config/describe.hpp"
#include "config/support.hpp"
#include "support/catch.hpp"

namespace berth::config::test {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> configs_in(const char* folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(source_folder() / "tests/config" / folder)) {
    if (entry.path().extension() == ".toml") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

std::string without(std::string text, const std::string& part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at)) text.erase(at, part.size());
  return text;
}

// As if the reader stood in the file's folder.
std::string outcome(const fs::path& path) {
  const LoadResult result = load(path.string(), corpus_options());
  std::string text = lines(result);
  if (result.config) text += describe(*result.config);
  return without(text, path.parent_path().string() + "/");
}

// The words of the TOML library are its own: they are compared up to where they begin.
std::string without_library_words(const std::string& text) {
  std::string result;
  std::istringstream lines_of(text);
  for (std::string line; std::getline(lines_of, line);) {
    constexpr std::string_view mark = "not valid TOML: ";
    const auto at = line.find(mark);
    result += at == std::string::npos ? line : line.substr(0, at + mark.size());
    result += '\n';
  }
  return result;
}

void compare(const fs::path& path) {
  fs::path expectation = path;
  expectation.replace_extension(".expect");
  const std::string found = outcome(path);
  if (regenerating()) return write(expectation, found);
  INFO(path.string());
  CHECK(without_library_words(found) == without_library_words(read(expectation)));
}

bool loads(const fs::path& path) {
  return load(path.string(), corpus_options()).config.has_value();
}

}  // namespace

TEST_CASE("what is wrong with a file is said in full, each thing at its place") {
  const auto paths = configs_in("wrong");
  CHECK(paths.size() >= 80);
  for (const fs::path& path : paths) {
    compare(path);
    INFO(path.string());
    CHECK_FALSE(loads(path));
  }
}

TEST_CASE("a good file means what it says") {
  for (const fs::path& path : configs_in("good")) {
    compare(path);
    INFO(path.string());
    CHECK(loads(path));
  }
}

}  // namespace berth::config::test
