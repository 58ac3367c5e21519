// A program that cannot be started is told with its cause, what was wrong and what to do.

#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>

#include "os/launch.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

using core::Cause;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

LaunchError error_of(LaunchRequest request) {
  Pipe out;
  request.output = request.error = out.write.get();
  const auto pid = launch(test_loop().get_executor(), request);
  REQUIRE_FALSE(pid);
  return pid.error();
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

TEST_CASE("A file without the right to be executed is not_executable") {
  const Folder folder;
  if (::geteuid() == 0) return;  // the kernel lets root pass the other test only
  const auto error = error_of(request_for(folder.file("plain", "#!/bin/sh\n", 0600), {}));
  CHECK(error.cause == Cause::not_executable);
  CHECK(has(error.message, "chmod +x"));
}

TEST_CASE("A folder cannot be executed") {
  const auto error = error_of(request_for("/tmp", {}));
  CHECK(error.cause == Cause::not_executable);
  CHECK(has(error.message, "`/tmp`"));
}

TEST_CASE("A text without a first line for the kernel is not_executable") {
  const Folder folder;
  const auto error = error_of(request_for(folder.file("script", "echo hello\n", 0700), {}));
  CHECK(error.cause == Cause::not_executable);
  CHECK(has(error.message, "#!/bin/sh"));
}

TEST_CASE("A script whose interpreter is missing is told as such and not as missing itself") {
  const Folder folder;
  const auto error = error_of(request_for(folder.file("script", "#!/no/such/interpreter\n", 0700), {}));
  CHECK(error.cause == Cause::not_executable);
  CHECK(has(error.message, "interpreter"));
  CHECK(has(error.message, "script"));
}

TEST_CASE("A folder that cannot be entered is bad_cwd") {
  auto request = request_for("/bin/true", {});
  SECTION("because it does not exist") {
    request.cwd = "/no/such/folder";
  }
  SECTION("because it is a file") {
    request.cwd = "/etc/passwd";
  }
  const auto error = error_of(request);
  CHECK(error.cause == Cause::bad_cwd);
  CHECK(has(error.message, "`" + request.cwd + "`"));
  CHECK(has(error.message, "`cwd`"));
}

TEST_CASE("Arguments that are too long for the kernel are told") {
  const auto error = error_of(request_for("/bin/true", {std::string(1U << 22U, 'x')}));
  CHECK(error.cause == Cause::not_executable);
  CHECK(has(error.message, "too long"));
}

TEST_CASE("A limit that cannot be set is a passing error with its step") {
  auto request = request_for("/bin/true", {});
  request.descriptors = rlimit{10, 5};
  const auto error = error_of(request);
  CHECK(error.cause == Cause::spawn_failed);
  CHECK(has(error.message, "set its limit of descriptors"));
}

TEST_CASE("A launch that failed leaves no zombie and no descriptor") {
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  REQUIRE_FALSE(has_children());
  error_of(request_for("/no/such/program", {}));  // the loop's own descriptors are there from now on
  const auto before = descriptors();
  for (int i = 0; i < 20; ++i) error_of(request_for("/no/such/program", {}));
  CHECK(descriptors() == before);
  CHECK_FALSE(has_children());
}

// ---- looking a command up -------------------------------------------------------------------------------------------

TEST_CASE("A command without a slash is the first executable file on PATH") {
  const Folder one;
  const Folder two;
  two.file("tool", "#!/bin/sh\n", 0700);
  std::filesystem::create_directory(one.path() / "tool");  // a folder of that name is no program
  const std::string path = one.path().string() + ":" + two.path().string();
  CHECK(resolve_command("tool", path, "/") == two.path().string() + "/tool");
}

TEST_CASE("A command that is nowhere on PATH is told with the PATH that was searched") {
  const auto found = resolve_command("no-such-tool", "/usr/bin:/bin", "/");
  REQUIRE_FALSE(found);
  CHECK(found.error().cause == Cause::command_not_found);
  CHECK(found.error().message == "no such command: `no-such-tool`; searched PATH=/usr/bin:/bin");
  CHECK(has(resolve_command("no-such-tool", "", "/").error().message, "(empty)"));
}

TEST_CASE("A command found without the right to execute it is not_executable") {
  const Folder folder;
  folder.file("tool", "#!/bin/sh\n", 0600);
  const auto found = resolve_command("tool", folder.path().string() + ":/bin", "/");
  REQUIRE_FALSE(found);
  CHECK(found.error().cause == Cause::not_executable);
  CHECK(has(found.error().message, folder.path().string() + "/tool"));
}

TEST_CASE("An executable further down PATH wins over one that cannot be executed") {
  const Folder one;
  const Folder two;
  one.file("tool", "", 0600);
  two.file("tool", "#!/bin/sh\n", 0700);
  CHECK(resolve_command("tool", one.path().string() + ":" + two.path().string(), "/") == two.path().string() + "/tool");
}

TEST_CASE("A command with a slash is a path from the server's folder") {
  const Folder folder;
  const std::string tool = folder.file("tool", "#!/bin/sh\n", 0700);
  CHECK(resolve_command(tool, "", "/") == tool);
  CHECK(resolve_command("./tool", "", folder.path()) == folder.path().string() + "/./tool");
  CHECK(resolve_command("./none", "", folder.path()).error().cause == Cause::command_not_found);
  CHECK(resolve_command("/tmp", "", "/").error().cause == Cause::not_executable);
}

TEST_CASE("Empty entries of PATH do not mean the current folder and relative ones are the server's") {
  const Folder folder;
  std::filesystem::create_directory(folder.path() / "bin");
  folder.file("here", "#!/bin/sh\n", 0700);
  folder.file("bin/there", "#!/bin/sh\n", 0700);
  CHECK_FALSE(resolve_command("here", ":/bin:", folder.path()));
  CHECK(resolve_command("there", "bin", folder.path()) == folder.path().string() + "/bin/there");
}

TEST_CASE("A missing folder is told before a missing command") {
  const auto found = resolve_command("no-such-tool", "/bin", "/no/such/folder");
  REQUIRE_FALSE(found);
  CHECK(found.error().cause == Cause::bad_cwd);
  CHECK(has(found.error().message, "`/no/such/folder`"));
}

}  // namespace
}  // namespace berth::os::test
