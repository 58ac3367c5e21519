#include "os/replace_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

FileContent whole(const fs::path& path) {
  const auto content = read_whole(path.string(), 1 << 20);
  REQUIRE(content);
  return *content;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

mode_t mode_of(const fs::path& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777U;
}

}  // namespace

TEST_CASE("a file is replaced with its mode kept and a copy beside it") {
  const Folder folder;
  const std::string path = folder.file("a.json", "old", 0640);
  const auto done = replace_file(whole(path), "new");
  REQUIRE(done);
  CHECK(text_of(path) == "new");
  CHECK(mode_of(path) == 0640);
  CHECK(done->backup.starts_with(path + ".bak-"));
  CHECK(text_of(done->backup) == "old");
  CHECK(mode_of(done->backup) == 0640);
  // A second one at the same moment has a copy of its own.
  const auto again = replace_file(whole(path), "newer");
  REQUIRE(again);
  CHECK(again->backup != done->backup);
  CHECK(names_in(folder.path()).size() == 3);
}

TEST_CASE("a file that is not there is made, for its owner only, with its folders") {
  const Folder folder;
  const fs::path path = folder.path() / "x" / "y" / "a.json";
  const auto done = replace_file(whole(path), "new");
  REQUIRE(done);
  CHECK(done->backup.empty());
  CHECK(text_of(path) == "new");
  CHECK(mode_of(path) == 0600);
}

TEST_CASE("a symlink stays one, and what it leads to is replaced") {
  const Folder folder;
  const std::string target = folder.file("real.json", "old");
  fs::create_directory(folder.path() / "links");
  fs::create_symlink("../second", folder.path() / "links" / "first");
  fs::create_symlink("real.json", folder.path() / "second");
  const auto done = replace_file(whole(folder.path() / "links" / "first"), "new");
  REQUIRE(done);
  CHECK(fs::is_symlink(folder.path() / "links" / "first"));
  CHECK(text_of(target) == "new");
  fs::create_symlink("loop", folder.path() / "loop");
  CHECK_FALSE(read_whole((folder.path() / "loop").string(), 10));
}

TEST_CASE("what is read-only, changed meanwhile or no file is left alone") {
  const Folder folder;
  const std::string path = folder.file("a.json", "old", 0444);
  const auto refused = replace_file(whole(path), "new");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().find("read-only") != std::string::npos);
  const FileContent before = whole(folder.file("b.json", "old"));
  folder.file("b.json", "changed by its program");
  const auto late = replace_file(before, "new");
  REQUIRE_FALSE(late);
  CHECK(late.error().find("changed meanwhile") != std::string::npos);
  CHECK(text_of(folder.path() / "b.json") == "changed by its program");
  CHECK_FALSE(read_whole(folder.path().string(), 10));
  CHECK_FALSE(read_whole(folder.file("c.json", "0123456789a"), 10));
  CHECK(names_in(folder.path()).size() == 3);
}

TEST_CASE("killed at any step, the file holds the old text or the new one, whole") {
  const std::string old_text(300'000, 'o');
  const std::string new_text(400'000, 'n');
  for (const ReplaceStep step : {ReplaceStep::backup_written, ReplaceStep::text_written, ReplaceStep::replaced}) {
    const Folder folder;
    const std::string path = folder.file("a.json", old_text);
    const FileContent before = whole(path);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      static_cast<void>(replace_file(before, new_text, [&](ReplaceStep now) {
        if (now == step) ::raise(SIGKILL);
      }));
      ::_exit(1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(text_of(path) == (step == ReplaceStep::replaced ? new_text : old_text));
    // The next one is not held up by what the killed one has left.
    CHECK(replace_file(whole(path), "next"));
    CHECK(text_of(path) == "next");
  }
}

}  // namespace berth::os::test
