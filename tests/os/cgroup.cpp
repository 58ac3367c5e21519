// A control group for each run, where this machine lets us have one.

#include "os/cgroup.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "os/process_tree.hpp"
#include "os/read_file.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

std::string new_name() {
  static int count = 0;
  return "berth-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

// Nothing depends on control groups, and so a machine without them is no failure.
bool usable(const CgroupPlace& place) {
  if (!place.usable()) WARN("no control group can be made here: nothing tested");
  return place.usable();
}

TEST_CASE("A child that enters a group takes along all that it starts, and one word ends them") {
  const auto place = CgroupPlace::find();
  if (!usable(place)) return;
  auto group = place.make(new_name());
  REQUIRE(group);
  const Fd entrance = group.entrance();
  auto request = request_for("/bin/sh", {"-c", "setsid env -i sleep 1000 & (setsid sleep 1000 &) ; wait"});
  request.cgroup = entrance.get();
  const Child child(request);
  REQUIRE(eventually([&] { return group.members().size() == 3; }));
  const auto members = group.members();
  CHECK(std::find(members.begin(), members.end(), child.pid()) != members.end());
  REQUIRE(group.kill());
  for (const pid_t pid : members) CHECK(eventually([&] { return !lives(pid); }));
}

TEST_CASE("A group is removed with its object and an empty one is tidied away") {
  const auto place = CgroupPlace::find();
  if (!usable(place)) return;
  const std::string name = new_name();
  { CHECK(place.make(name)); }
  auto again = place.make(name);
  REQUIRE(again);
  CHECK_FALSE(place.make(name));
  place.tidy(name);
  CHECK(place.make(name));
}

TEST_CASE("No group is no group and says nothing") {
  const Cgroup none;
  CHECK_FALSE(none);
  CHECK(none.members().empty());
  CHECK_FALSE(none.kill());
  CHECK_FALSE(none.entrance());
  CHECK_FALSE(CgroupPlace().make("x"));
}

TEST_CASE("No controller is enabled above processes that cannot be moved away") {
  const Folder group;
  group.file("cgroup.type", "domain\n");
  group.file("cgroup.controllers", "memory pids\n");
  group.file("cgroup.subtree_control", "");
  group.file("cgroup.procs", "1\n");
  auto place = CgroupPlace::at(group.path().string());
  CHECK_FALSE(place.provides("pids"));
  CHECK(read_file((group.path() / "cgroup.subtree_control").string(), 64) == "");
}

// As where the kernel does not let a child be born in a group: a plain folder is none.
TEST_CASE("A child that cannot be born in its group enters it before it lets go of it") {
  prepare_to_launch();
  const Pipe below;  // takes the numbers that are left below; what is opened after it is closed early in the child
  const Folder group;
  group.file("cgroup.procs", "");
  const Fd entrance(::open(group.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto request = request_for("/bin/sh", {"-c", "exec sleep 1000"});
  request.cgroup = entrance.get();
  request.cgroup_must = true;
  const Child child(request);
  CHECK(read_file((group.path() / "cgroup.procs").string(), 64) == "0");
}

}  // namespace
}  // namespace berth::os::test
