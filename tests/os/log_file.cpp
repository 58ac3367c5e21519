// A log that cannot be written drops what it must, counts it exactly, and comes back by itself.

#include "os/log_file.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("A log file is appended to, made with its folder, and private") {
  const Folder folder;
  const fs::path path = folder.path() / "logs" / "web.log";
  {
    LogFile log(path);
    log.append("one\n");
    log.append("two\n");
    CHECK(log.dropped_bytes() == 0);
    CHECK(log.trouble().empty());
  }
  LogFile(path).append("three\n");
  CHECK(content(path) == "one\ntwo\nthree\n");
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600);
}

TEST_CASE("A full device drops and counts every byte and says why") {
  LogFile log("/dev/full");
  log.append("hello\n");
  CHECK(log.dropped_bytes() == 6);
  CHECK(log.trouble() == "No space left on device");
  log.append("again\n");
  CHECK(log.dropped_bytes() == 12);
}

TEST_CASE("A disk that was full is written to again when there is room") {
  const Folder folder;
  if (::geteuid() != 0 || ::mount("none", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) return;
  {
    const fs::path path = folder.path() / "web.log";
    const fs::path filler = folder.path() / "filler";
    LogFile log(path);
    log.append("first\n");
    std::ofstream(filler) << std::string(200'000, 'x');
    const std::string block(8192, 'y');
    for (int i = 0; i < 10 && log.dropped_bytes() == 0; ++i) log.append(block);
    CHECK(log.dropped_bytes() > 0);
    CHECK(log.dropped_bytes() + fs::file_size(path) == 6 + 8192 * ((log.dropped_bytes() + fs::file_size(path)) / 8192));
    CHECK_FALSE(log.trouble().empty());
    fs::remove(filler);
    CHECK(eventually([&] {
      log.append("back\n");
      return log.trouble().empty();
    }));
    CHECK(content(path).ends_with("back\n"));
  }
  ::umount2(folder.path().c_str(), MNT_DETACH);
}

TEST_CASE("A folder that is in the way drops and counts, and the log starts when it is gone") {
  const Folder folder;
  const fs::path path = folder.path() / "web.log";
  fs::create_directory(path);
  LogFile log(path);
  log.append("lost\n");
  CHECK(log.dropped_bytes() == 5);
  CHECK_FALSE(log.trouble().empty());
  fs::remove(path);
  std::uint64_t dropped = log.dropped_bytes();
  CHECK(eventually([&] {
    log.append("line\n");
    return std::exchange(dropped, log.dropped_bytes()) == log.dropped_bytes();
  }));
  CHECK(content(path) == "line\n");
}

TEST_CASE("A folder that is removed under an open log is made again") {
  const Folder folder;
  const fs::path path = folder.path() / "logs" / "web.log";
  LogFile log(path);
  log.append("before\n");
  fs::remove_all(folder.path() / "logs");
  const auto end = std::chrono::steady_clock::now() + 3s;
  while (!fs::exists(path) && std::chrono::steady_clock::now() < end) {
    log.append("after\n");
    std::this_thread::sleep_for(20ms);
  }
  log.append("last\n");
  CHECK(content(path).ends_with("last\n"));
}

TEST_CASE("A symbolic link in the place of the log is not followed") {
  const Folder folder;
  const std::string target = folder.file("precious", "precious");
  fs::create_symlink(target, folder.path() / "web.log");
  LogFile log(folder.path() / "web.log");
  log.append("x");
  CHECK(log.dropped_bytes() == 1);
  CHECK(content(target) == "precious");
}

TEST_CASE("A log that rests has no descriptor and goes on as if it had not") {
  const Folder folder;
  const fs::path path = folder.path() / "web.log";
  const auto descriptors = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  LogFile log(path);
  const auto before = descriptors();
  for (int i = 0; i < 100; ++i) {
    log.append("line\n");
    CHECK(descriptors() == before + 1);
    log.rest();
    CHECK(descriptors() == before);
  }
  CHECK(log.dropped_bytes() == 0);
  CHECK(fs::file_size(path) == 500);
}

}  // namespace
}  // namespace berth::os::test
