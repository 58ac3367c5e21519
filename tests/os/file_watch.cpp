// Changes of a file are noticed, however it is written; those of its neighbours are not.

#include "os/file_watch.hpp"

#include <filesystem>
#include <fstream>

#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

void put(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

struct Watcher {
  explicit Watcher(const std::vector<fs::path>& files) {
    std::vector<std::string> names;
    for (const fs::path& file : files) names.push_back(file.string());
    watch.watch(names);
    REQUIRE(sees(1));  // the first time: nobody knows what was before
  }
  // That it was called so often in all.
  bool sees(int times) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (calls < times && std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_one_for(100ms);
    }
    return calls == times;
  }
  void run_for(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    io.restart();
    io.run_until(end);
  }

  boost::asio::io_context io{1};
  int calls = 0;
  FileWatch watch{io.get_executor(), 20ms, [this] { ++calls; }};
};

TEST_CASE("A file that is written, replaced, removed and back is told each time") {
  const Folder folder;
  const fs::path file = fs::path(folder.path()) / "a.toml";
  put(file, "1");
  Watcher watcher({file});
  put(file, "22");
  CHECK(watcher.sees(2));
  put(file.string() + ".new", "333");
  fs::rename(file.string() + ".new", file);
  CHECK(watcher.sees(3));
  fs::remove(file);
  CHECK(watcher.sees(4));
  put(file, "4444");
  CHECK(watcher.sees(5));
}

TEST_CASE("What happens to its neighbours is nobody's business") {
  const Folder folder;
  const fs::path file = fs::path(folder.path()) / "a.toml";
  put(file, "1");
  Watcher watcher({file});
  for (int i = 0; i < 20; ++i) put(fs::path(folder.path()) / ("other" + std::to_string(i)), "x");
  watcher.run_for(200ms);
  CHECK(watcher.calls == 1);
  put(file, "22");
  CHECK(watcher.sees(2));
}

TEST_CASE("A file behind links is followed to where it is, also when a link is turned") {
  const Folder folder;
  const fs::path top = folder.path();
  for (const char* name : {"one", "two"}) {
    fs::create_directory(top / name);
    put(top / name / "a.toml", name);
  }
  fs::create_symlink("one", top / "current");
  fs::create_symlink("current/a.toml", top / "a.toml");
  Watcher watcher({top / "a.toml"});
  put(top / "one" / "a.toml", "one, changed");
  CHECK(watcher.sees(2));
  fs::create_symlink("two", top / "next");
  fs::rename(top / "next", top / "current");
  CHECK(watcher.sees(3));
  put(top / "two" / "a.toml", "two, changed");
  CHECK(watcher.sees(4));
}

TEST_CASE("A folder that is not there yet is looked for until it is") {
  const Folder folder;
  const fs::path place = fs::path(folder.path()) / "later";
  Watcher watcher({place / "a.toml"});
  fs::create_directory(place);
  put(place / "a.toml", "1");
  CHECK(watcher.sees(2));
  fs::remove_all(place);
  CHECK(watcher.sees(3));
}

}  // namespace
}  // namespace berth::os::test
