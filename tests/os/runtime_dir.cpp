// The private folder: made, tightened, or refused by name.

#include "os/runtime_dir.hpp"

#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>
#include <optional>

#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

namespace fs = std::filesystem;

unsigned mode_of(const fs::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Sets or, with no value, removes a variable; puts back what was there.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST_CASE("A runtime dir that does not exist is made for its owner alone, with those above it") {
  const Folder folder;
  const mode_t before = ::umask(0);
  const auto made = prepare_runtime_dir(folder.path() / "a" / "b");
  ::umask(before);
  REQUIRE(made);
  CHECK(*made == (folder.path() / "a" / "b").string());
  CHECK(mode_of(*made) == 0700);
}

TEST_CASE("What others may read is tightened and what they may write is refused") {
  struct Row {
    unsigned mode;
    bool trusted;
  };
  const auto row = GENERATE(Row{0700, true}, Row{0750, true}, Row{0755, true}, Row{0711, true}, Row{0720, false},
                            Row{0702, false}, Row{0770, false}, Row{0777, false}, Row{01777, false});
  const Folder folder;
  const fs::path dir = folder.path() / "run";
  fs::create_directory(dir);
  REQUIRE(::chmod(dir.c_str(), row.mode) == 0);
  const auto result = prepare_runtime_dir(dir);
  INFO(std::oct << row.mode);
  CHECK(result.has_value() == row.trusted);
  CHECK(mode_of(dir) == (row.trusted ? 0700 : row.mode));
  if (!result) {
    CHECK(has(result.error(), "`" + dir.string() + "`"));
    CHECK(has(result.error(), "--runtime-dir"));
  }
}

TEST_CASE("A symbolic link is refused by name, also with a slash at its end") {
  const Folder folder;
  fs::create_directory(folder.path() / "real");
  fs::create_symlink(folder.path() / "real", folder.path() / "link");
  const std::string path = (folder.path() / "link").string() + GENERATE("", "/");
  const auto result = prepare_runtime_dir(path);
  REQUIRE_FALSE(result);
  CHECK(has(result.error(), "symbolic link"));
  CHECK(has(result.error(), "--runtime-dir"));
}

TEST_CASE("A link that leads nowhere and a file are refused by name") {
  const Folder folder;
  fs::create_symlink(folder.path() / "nowhere", folder.path() / "dangling");
  folder.file("file", "");
  for (const char* name : {"dangling", "file"}) {
    const auto result = prepare_runtime_dir(folder.path() / name);
    REQUIRE_FALSE(result);
    CHECK(has(result.error(), std::string("/") + name + "`"));
  }
  CHECK_FALSE(fs::exists(folder.path() / "nowhere"));
}

TEST_CASE("A folder that belongs to somebody else is refused with his number") {
  if (::geteuid() != 0) return;  // only root can give one away
  const Folder folder;
  const fs::path dir = folder.path() / "run";
  fs::create_directory(dir);
  REQUIRE(::chown(dir.c_str(), 12345, 12345) == 0);
  const auto result = prepare_runtime_dir(dir);
  REQUIRE_FALSE(result);
  CHECK(has(result.error(), "belongs to user 12345"));
}

TEST_CASE("A folder that cannot be made says why") {
  const auto result = prepare_runtime_dir("/proc/no/such/place");
  REQUIRE_FALSE(result);
  CHECK(has(result.error(), "/proc/no"));
}

TEST_CASE("A relative runtime dir is answered as an absolute one") {
  const Folder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  const auto result = prepare_runtime_dir("run");
  fs::current_path(before);
  REQUIRE(result);
  CHECK(*result == (folder.path() / "run").string());
}

TEST_CASE("A prepared folder may be prepared again") {
  const Folder folder;
  CHECK(prepare_runtime_dir(folder.path() / "run"));
  CHECK(prepare_runtime_dir(folder.path() / "run"));
}

TEST_CASE("The first that applies: BERTH_RUNTIME_DIR, XDG_RUNTIME_DIR, /tmp") {
  const Variable own("BERTH_RUNTIME_DIR", "/own");
  const Variable xdg("XDG_RUNTIME_DIR", "/run/user/7");
  CHECK(default_runtime_dir() == "/own");
  const Variable no_own("BERTH_RUNTIME_DIR", nullptr);
  CHECK(default_runtime_dir() == "/run/user/7/berth");
  const Variable no_xdg("XDG_RUNTIME_DIR", "");
  CHECK(default_runtime_dir() == "/tmp/berth-" + std::to_string(::getuid()));
}

TEST_CASE("Logs go to BERTH_LOG_DIR, XDG_STATE_HOME or below the home folder") {
  const Variable own("BERTH_LOG_DIR", "/own");
  const Variable xdg("XDG_STATE_HOME", "/state");
  const Variable home("HOME", "/home/me");
  CHECK(default_log_dir("tools") == "/own");
  const Variable no_own("BERTH_LOG_DIR", nullptr);
  CHECK(default_log_dir("tools") == "/state/berth/tools/logs");
  const Variable no_xdg("XDG_STATE_HOME", nullptr);
  CHECK(default_log_dir("tools") == "/home/me/.local/state/berth/tools/logs");
}

TEST_CASE("A socket path of 107 bytes is the longest") {
  const std::string folder(107 - std::string("/p.sock").size(), 'x');
  CHECK(socket_path(folder, "p") == folder + "/p.sock");
  const auto result = socket_path(folder + "x", "p");
  REQUIRE_FALSE(result);
  CHECK(has(result.error(), "`" + folder + "x/p.sock`"));
  CHECK(has(result.error(), "108 bytes"));
  CHECK(has(result.error(), "--runtime-dir"));
  CHECK(sizeof(sockaddr_un::sun_path) == 108);
}

TEST_CASE("Folders above are made and errors name the folder") {
  const Folder folder;
  CHECK(make_folders(folder.path() / "a/b/c"));
  CHECK(fs::is_directory(folder.path() / "a/b/c"));
  folder.file("file", "");
  const auto result = make_folders(folder.path() / "file/below");
  REQUIRE_FALSE(result);
  CHECK(has(result.error(), "file/below"));
}

}  // namespace
}  // namespace berth::os::test
