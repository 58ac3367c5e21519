// A child under limits, and as another user: what the kernel says of it, and what is said when that cannot be.

#include "os/limits.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "os/cgroup.hpp"
#include "os/read_file.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

using core::Cause;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool is_root() {
  if (::geteuid() == 0) return true;
  WARN("only root can give a child another user: nothing tested");
  return false;
}

Account nobody() {
  const auto account = find_account("nobody", "");
  REQUIRE(account);
  return *account;
}

// What a launch as a user without privileges says: here, or in a fork of root.
LaunchError error_as_plain_user(const LaunchRequest& request) {
  Pipe answer;
  const Fork child([&] {
    if (::geteuid() == 0) {
      const uid_t plain = 123'456;
      static_cast<void>(::setgroups(0, nullptr));
      if (::setresgid(plain, plain, plain) != 0 || ::setresuid(plain, plain, plain) != 0) return;
    }
    const auto pid = launch(test_loop().get_executor(), request);
    const std::string text = pid ? "launched" : std::string(to_string(pid.error().cause)) + "\n" + pid.error().message;
    static_cast<void>(::write(answer.write.get(), text.data(), text.size()));
  });
  answer.write.reset();
  const std::string text = read_all(answer.read);
  INFO(text);
  const auto line = text.find('\n');
  REQUIRE(line != std::string::npos);
  LaunchError error;
  for (std::size_t i = 0; i < core::cause_names.size(); ++i) {
    if (core::cause_names[i] == text.substr(0, line)) error.cause = static_cast<Cause>(i);
  }
  error.message = text.substr(line + 1);
  return error;
}

LaunchRequest silent(const std::string& executable, std::vector<std::string> args) {
  auto request = request_for(executable, std::move(args));
  request.output = request.error = 2;
  return request;
}

// The line that begins so, its blanks made one.
std::string line_of(const std::string& text, const std::string& beginning) {
  const auto at = text.find(beginning);
  if (at == std::string::npos) return "";
  std::string words;
  for (const char c : text.substr(at, text.find('\n', at) - at)) {
    if (c != ' ' || !words.ends_with(' ')) words += c;
  }
  return words;
}

}  // namespace

TEST_CASE("A child has the limits that it was given, soft and hard, and this process keeps its own") {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const auto give = [](LaunchRequest& request) {
    request.descriptors = rlimit{64, 128};
    request.limits.open_files = 100;
    request.limits.data = 256U << 20U;
    request.limits.processes = 5000;
    request.limits.nice = 19;
    request.limits.no_new_privs = true;
  };
  const auto said = said_by_shell("cat /proc/self/limits; nice; grep NoNewPrivs /proc/self/status", give);
  CHECK(has(line_of(said, "Max open files"), "100 100 "));
  CHECK(has(line_of(said, "Max data size"), "268435456 268435456 "));
  CHECK(has(line_of(said, "Max processes"), "5000 5000 "));
  CHECK(has(said, "\n19\n"));
  CHECK(has(said, "NoNewPrivs:\t1"));
  rlimit after{};
  ::getrlimit(RLIMIT_NOFILE, &after);
  CHECK(after.rlim_cur == before.rlim_cur);
  CHECK(::getpriority(PRIO_PROCESS, 0) != 19);
  CHECK(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
}

TEST_CASE("A child without limits has those of this process") {
  CHECK(has(said_by_shell("grep NoNewPrivs /proc/self/status"), "NoNewPrivs:\t0"));
  const auto own = read_file("/proc/self/limits").value_or("");
  const auto said = said_by_shell("cat /proc/self/limits");
  for (const char* name : {"Max open files", "Max data size", "Max processes"}) {
    CHECK(line_of(said, name) == line_of(own, name));
  }
}

TEST_CASE("A child runs as another user with that user's groups, and this process stays who it is") {
  if (!is_root()) return;
  const int dumpable = ::prctl(PR_GET_DUMPABLE);
  const auto account = nobody();
  const auto said = said_by_shell("grep -E '^(Uid|Gid|Groups|CapEff)' /proc/self/status; echo anew > /dev/stdout",
                                  [&](LaunchRequest& request) { request.limits.account = account; });
  const auto uid = std::to_string(account.uid);
  const auto gid = std::to_string(account.gid);
  CHECK(has(said, "Uid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid + "\n"));
  CHECK(has(said, "Gid:\t" + gid + "\t" + gid + "\t" + gid + "\t" + gid + "\n"));
  CHECK(has(said, "Groups:\t" + gid));
  CHECK(has(said, "CapEff:\t0000000000000000"));
  CHECK(has(said, "anew"));
  CHECK(::getuid() == 0);
  CHECK(::getgid() == 0);
  // The child changed its user in our memory, which the kernel marks as one not to be looked into.
  CHECK(::prctl(PR_GET_DUMPABLE) == dumpable);
}

TEST_CASE("A child of another user leads its session and dies with the process that launched it") {
  if (!is_root()) return;
  Pipe pid_pipe;
  Fork parent([&] {
    auto request = silent("/bin/sleep", {"1000"});
    request.limits.account = nobody();
    const auto pid = launch(test_loop().get_executor(), request);
    const pid_t child = pid ? *pid : 0;
    static_cast<void>(::write(pid_pipe.write.get(), &child, sizeof(child)));
    ::pause();
  });
  pid_t child = 0;
  REQUIRE(::read(pid_pipe.read.get(), &child, sizeof(child)) == sizeof(child));
  REQUIRE(child > 1);
  const auto stat = stat_process(child);
  REQUIRE(stat);
  CHECK(stat->session == child);
  parent.kill();
  CHECK(eventually([&] { return !lives(child); }));
}

TEST_CASE("Another user must reach its folder and its program itself") {
  if (!is_root()) return;
  const Folder folder;  // of root alone
  auto request = silent("/bin/true", {});
  request.cwd = folder.path();
  request.limits.account = nobody();
  auto pid = launch(test_loop().get_executor(), request);
  REQUIRE_FALSE(pid);
  CHECK(pid.error().cause == Cause::bad_cwd);
  CHECK(has(pid.error().message, "cannot be entered by `nobody` (limits.user): Permission denied"));

  request.cwd = "/";
  request.executable = folder.file("program", "#!/bin/sh\n", 0755);
  pid = launch(test_loop().get_executor(), request);
  REQUIRE_FALSE(pid);
  CHECK(pid.error().cause == Cause::not_executable);
  CHECK(has(pid.error().message, "cannot be executed by `nobody` (limits.user)"));
}

TEST_CASE("What this process may not give says which key it was, and what to do") {
  struct Row {
    void (*change)(Limits&);
    const char* what;
    const char* cure;
  };
  const Row rows[] = {
      {[](Limits& limits) { limits.nice = -5; }, "set limits.nice = -5: Permission denied", "CAP_SYS_NICE"},
      {[](Limits& limits) { limits.account = nobody(); }, "run it as `nobody` (limits.user)", "run Berth as root"},
      {[](Limits& limits) { limits.account = *find_account("", "root"); }, "(limits.group)", "run Berth as root"},
      {[](Limits& limits) {
         rlimit now{};
         ::getrlimit(RLIMIT_NOFILE, &now);
         limits.open_files = now.rlim_max + 1;
       },
       "set limits.open_files = ", "ulimit -Hn"},
  };
  for (const Row& row : rows) {
    auto request = silent("/bin/true", {});
    row.change(request.limits);
    const auto error = error_as_plain_user(request);
    INFO(error.message);
    CHECK(error.cause == Cause::resource_limit);
    CHECK(has(error.message, row.what));
    CHECK(has(error.message, row.cure));
  }
}

TEST_CASE("One's own user and group need no privilege") {
  const Account own{.name = "me", .home = "/", .uid = ::getuid(), .gid = ::getgid(), .groups = {::getgid()}};
  CHECK(is_own(own) == (::geteuid() != 0));
  auto other = own;
  other.uid += 1;
  CHECK_FALSE(is_own(other));
}

TEST_CASE("Users and groups are found by name and number") {
  const auto root = find_account("root", "");
  REQUIRE(root);
  CHECK(root->uid == 0);
  CHECK_FALSE(root->home.empty());
  CHECK(std::find(root->groups.begin(), root->groups.end(), root->gid) != root->groups.end());
  REQUIRE(find_account("0", ""));
  CHECK(find_account("0", "")->name == "root");
  const auto group = find_account("", "0");
  REQUIRE(group);
  CHECK(group->uid == ::geteuid());
  CHECK(group->gid == 0);
  CHECK(group->groups == std::vector<gid_t>{0});
  const auto both = find_account("nobody", "root");
  REQUIRE(both);
  CHECK(both->uid == nobody().uid);
  CHECK(both->gid == 0);
  for (const auto& unknown : {find_account("no such user", ""), find_account("", "no such group")}) {
    REQUIRE_FALSE(unknown);
    CHECK(has(unknown.error(), "no such "));
  }
}

TEST_CASE("A place provides the controllers that it has, and a group has the limits that it was given") {
  const Folder folder;  // in the shape of a control group
  folder.file("cgroup.controllers", "cpu memory pids\n");
  folder.file("cgroup.subtree_control", "memory\n");
  auto place = CgroupPlace::at(folder.path());
  CHECK(place.provides("memory"));
  CHECK(read_file(folder.path() / "cgroup.subtree_control") == "memory\n");
  CHECK(place.provides("pids"));
  CHECK(read_file(folder.path() / "cgroup.subtree_control")->starts_with("+pids"));
  CHECK_FALSE(place.provides("io"));
  CHECK_FALSE(CgroupPlace().provides("memory"));

  const auto group = place.make("run");
  REQUIRE(group);
  CHECK_FALSE(group.limit_memory(1));  // it has no such file: no such controller
  CHECK_FALSE(group.limit_processes(1));
  CHECK(group.counts().memory_killed == 0);
  for (const char* name : {"memory.max", "memory.swap.max", "memory.oom.group", "pids.max"}) {
    folder.file("run/" + std::string(name), "");
  }
  folder.file("run/memory.events", "low 0\nhigh 0\nmax 41\noom 3\noom_kill 2\noom_group_kill 1\n");
  folder.file("run/pids.events", "max 17\n");
  CHECK(group.limit_memory(512U << 20U));
  CHECK(group.limit_processes(64));
  const auto in = [&](const char* name) { return read_file(folder.path() / "run" / name).value_or(""); };
  CHECK(in("memory.max") == "536870912");
  CHECK(in("memory.swap.max") == "0");
  CHECK(in("memory.oom.group") == "1");
  CHECK(in("pids.max") == "64");
  CHECK(group.counts().memory_reached == 3);
  CHECK(group.counts().memory_killed == 2);
  CHECK(group.counts().forks_refused == 17);
  CHECK(Cgroup().counts().forks_refused == 0);
}

TEST_CASE("A child that cannot enter the group that holds its limits is not started") {
  const Fd nothing_to_enter(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  auto request = silent("/bin/true", {});
  request.cgroup = nothing_to_enter.get();
  Child(request).wait();
  request.cgroup_must = true;
  const auto pid = launch(test_loop().get_executor(), request);
  REQUIRE_FALSE(pid);
  CHECK(pid.error().cause == Cause::resource_limit);
  CHECK(has(pid.error().message, "control group"));
}

TEST_CASE("The kernel holds a group to its limits, all that its members start included") {
  auto place = CgroupPlace::find();
  if (!place.usable() || !place.provides("pids") || !place.provides("memory")) {
    WARN("no control group with the controllers memory and pids here: nothing tested");
    return;
  }
  const auto few = place.make("berth-test-pids-" + std::to_string(::getpid()));
  REQUIRE(few.limit_processes(3));
  const Fd few_entrance = few.entrance();
  auto forks = silent("/bin/sh", {"-c", "sleep 1000 & sleep 1000 & sleep 1000 & sleep 1000 & wait"});
  forks.cgroup = few_entrance.get();
  forks.cgroup_must = true;
  const Child forking(forks);
  CHECK(eventually([&] { return few.counts().forks_refused > 0; }));
  few.kill();

  const auto small = place.make("berth-test-memory-" + std::to_string(::getpid()));
  REQUIRE(small.limit_memory(16U << 20U));
  const Fd small_entrance = small.entrance();
  auto greed = silent("/bin/sh", {"-c", "tail /dev/zero; sleep 1000"});
  greed.cgroup = small_entrance.get();
  greed.cgroup_must = true;
  const Child greedy(greed);
  CHECK(eventually([&] { return !lives(greedy.pid()); }));  // the shell too: all of it ends at once
  CHECK(small.counts().memory_killed > 0);
  CHECK(small.counts().memory_reached > 0);
}

}  // namespace berth::os::test
