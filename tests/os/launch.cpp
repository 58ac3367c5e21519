// What a child of Berth is like from its first instruction on.

#include "os/launch.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <set>

#include "os/read_file.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

namespace fs = std::filesystem;

std::string status_line(pid_t pid, const std::string& name) {
  const std::string text = "\n" + read_file("/proc/" + std::to_string(pid) + "/status").value_or("");
  const auto at = text.find("\n" + name + ":");
  if (at == std::string::npos) return "";
  const auto begin = text.find_first_not_of(" \t", at + name.size() + 2);
  return text.substr(begin, text.find('\n', begin) - begin);
}

TEST_CASE("A child leads a session and a group of its own") {
  const Child child("/bin/sleep", {"1000"});
  const auto stat = stat_process(child.pid());
  REQUIRE(stat);
  CHECK(stat->session == child.pid());
  CHECK(stat->group == child.pid());
  CHECK(stat->parent == ::getpid());
}

TEST_CASE("A child has no descriptors but three, whatever this process has open without close-on-exec") {
  const Fd leaky(::dup(2));
  const Fd high(::dup2(2, 200));
  const Child child("/bin/sleep", {"1000"});
  // Its loader opens and closes a library on the way; what it had inherited would stay.
  CHECK(eventually([&] {
    std::set<std::string> open;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(child.pid()) + "/fd")) {
      open.insert(entry.path().filename().string());
    }
    return open == std::set<std::string>{"0", "1", "2"};
  }));
}

TEST_CASE("A child reads /dev/null and writes where it was told to") {
  Pipe out;
  Pipe err;
  LaunchRequest request = request_for("/bin/sh", {"-c", "cat; echo to out; echo to err >&2"});
  request.output = out.write.get();
  request.error = err.write.get();
  Child child(std::move(request));
  out.write.reset();
  err.write.reset();
  CHECK(read_all(out.read) == "to out\n");
  CHECK(read_all(err.read) == "to err\n");
  const Child sleeper("/bin/sleep", {"1000"});
  CHECK(fs::read_symlink("/proc/" + std::to_string(sleeper.pid()) + "/fd/0") == "/dev/null");
}

TEST_CASE("A child has every signal at its default and none blocked") {
  struct sigaction before {};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  sigset_t some;
  sigset_t mask_before;
  sigemptyset(&some);
  sigaddset(&some, SIGTERM);
  sigaddset(&some, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &some, &mask_before);

  const Child child("/bin/sleep", {"1000"});
  CHECK(status_line(child.pid(), "SigBlk") == "0000000000000000");
  CHECK(status_line(child.pid(), "SigIgn") == "0000000000000000");
  CHECK(status_line(child.pid(), "SigCgt") == "0000000000000000");

  sigset_t now;
  ::sigprocmask(SIG_SETMASK, &mask_before, &now);
  CHECK(sigismember(&now, SIGTERM) == 1);  // this process has kept its own
  CHECK(sigismember(&now, SIGINT) == 0);
  ::sigaction(SIGPIPE, &before, &ignore);
  CHECK(ignore.sa_handler == SIG_IGN);
}

TEST_CASE("A child runs in its folder") {
  const Folder folder;
  CHECK(said_by_shell("pwd -P", [&](LaunchRequest& request) { request.cwd = folder.path(); }) ==
        folder.path().string() + "\n");
}

TEST_CASE("A child has the environment that it was given and nothing of ours") {
  ::setenv("BERTH_OS_TEST_SECRET", "x", 1);
  Child child("/usr/bin/env", {}, {"NAME=a value with spaces", "EMPTY=", "UTF8=h\u00e4fen"});
  CHECK(child.output() == "PATH=/usr/local/bin:/usr/bin:/bin\nNAME=a value with spaces\nEMPTY=\nUTF8=h\u00e4fen\n");
  ::unsetenv("BERTH_OS_TEST_SECRET");
}

TEST_CASE("Arguments arrive as they were: no shell reads them") {
  Child child("/usr/bin/printf", {"[%s]", "a b", "", "$HOME", "*", "'\"", "{port}"});
  CHECK(child.output() == "[a b][][$HOME][*]['\"][{port}]");
}

TEST_CASE("A child has the descriptor limit that it was given") {
  CHECK(said_by_shell("ulimit -Sn; ulimit -Hn", [](LaunchRequest& request) {
          request.descriptors = rlimit{64, 128};
        }) == "64\n128\n");
}

TEST_CASE("A brand is passed on to everything that descends from the child") {
  const Brand brand = brand_of_run(new_supervisor_brand(), 7);
  if (brand == 0) return;  // a hard limit leaves no room for it here
  LaunchRequest request = request_for("/bin/sh", {"-c", "setsid env -i /bin/sleep 1000 & echo $!; wait"});
  request.brand = brand;
  Pipe out;
  request.output = out.write.get();
  const Child child(std::move(request));
  out.write.reset();
  char pid_text[32]{};
  REQUIRE(::read(out.read.get(), pid_text, sizeof(pid_text) - 1) > 0);
  const auto grandchild = static_cast<pid_t>(std::atoi(pid_text));
  CHECK(brand_of(child.pid()) == brand);
  CHECK(brand_of(grandchild) == brand);
  CHECK(brand_of(::getpid()) != brand);
  ::kill(grandchild, SIGKILL);
}

TEST_CASE("Brands of one supervisor are kin and those of two are not") {
  const Brand one = brand_of_run(new_supervisor_brand(), 1);
  const Brand two = brand_of_run(new_supervisor_brand(), 1);
  if (one == 0) return;
  CHECK(same_supervisor(one, brand_of_run(one, 2)));
  CHECK_FALSE(same_supervisor(one, two));
  CHECK_FALSE(same_supervisor(0, 0));
  CHECK(brand_of_run(0, 5) == 0);
}

TEST_CASE("A child dies with the process that launched it") {
  Pipe pid_pipe;
  Fork parent([&] {
    auto request = request_for("/bin/sleep", {"1000"});
    request.output = request.error = 2;
    const auto pid = launch(test_loop().get_executor(), request);
    const pid_t child = pid ? *pid : 0;
    static_cast<void>(::write(pid_pipe.write.get(), &child, sizeof(child)));
    ::pause();
  });
  pid_t child = 0;
  REQUIRE(::read(pid_pipe.read.get(), &child, sizeof(child)) == sizeof(child));
  REQUIRE(child > 1);
  CHECK(lives(child));
  parent.kill();
  CHECK(eventually([&] { return !lives(child); }));
}

TEST_CASE("A hundred launches leave no descriptor behind") {
  const auto descriptors = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  Child("/bin/true", {}).wait();
  const auto before = descriptors();
  for (int i = 0; i < 100; ++i) Child("/bin/true", {}).wait();
  CHECK(descriptors() == before);
}

}  // namespace
}  // namespace berth::os::test
