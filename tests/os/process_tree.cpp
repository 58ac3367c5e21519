// Which processes belong to a server, whatever they do to get away.

#include "os/process_tree.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "os/reaper.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

bool contains(const std::vector<pid_t>& pids, pid_t pid) {
  return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

bool contains_orphan(const Orphans& orphans, pid_t pid) {
  return std::any_of(orphans.begin(), orphans.end(), [&](const Orphan& orphan) { return orphan.stat.pid == pid; });
}

// The pids that a script prints, one a line, `count` of them.
std::vector<pid_t> printed_pids(const Fd& from, std::size_t count) {
  std::vector<pid_t> pids;
  std::string line;
  char byte = 0;
  while (pids.size() < count && ::read(from.get(), &byte, 1) == 1) {
    if (byte != '\n') {
      line += byte;
      continue;
    }
    pids.push_back(static_cast<pid_t>(std::stoi(line)));
    line.clear();
  }
  return pids;
}

// A server of `sh`, with its sign; everything that bears the marker is killed at the end.
class Tree {
 public:
  Tree(const std::string& script, std::size_t pids, bool branded = true) {
    Reaper::adopt_orphans();
    sign_.marker = new_marker();
    LaunchRequest request = request_for("/bin/sh", {"-c", script});
    request.environment.push_back(sign_.marker);
    if (branded) request.brand = sign_.brand = brand_of_run(new_supervisor_brand(), 1);
    Pipe out;
    request.output = out.write.get();
    child_ = std::make_unique<Child>(std::move(request));
    out.write.reset();
    sign_.leader = child_->pid();
    printed_ = printed_pids(out.read, pids);
  }
  ~Tree() {
    for (const pid_t pid : printed_) ::kill(pid, SIGKILL);
    child_.reset();
    for (const pid_t pid : printed_) ::waitpid(pid, nullptr, 0);  // those that were adopted
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  [[nodiscard]] const TreeSign& sign() const { return sign_; }
  [[nodiscard]] pid_t leader() const { return sign_.leader; }
  [[nodiscard]] pid_t printed(std::size_t i) const { return printed_.at(i); }
  [[nodiscard]] std::vector<pid_t> members() const {
    return ProcessTree::members(sign_, true, ProcessTree::orphans({leader()}));
  }
  void kill_leader() { ::kill(leader(), SIGKILL); }
  void reap_leader() {
    kill_leader();
    child_->wait();
  }

 private:
  TreeSign sign_;
  std::unique_ptr<Child> child_;
  std::vector<pid_t> printed_;
};

TEST_CASE("A name that a process gives itself does nothing to a terminal or a log") {
  const Pipe pipe;
  const Fork liar([&] {
    ::prctl(PR_SET_NAME, "\x1b[31mE)\nx\x07");
    [[maybe_unused]] const auto written = ::write(pipe.write.get(), "x", 1);
    for (;;) ::pause();
  });
  char byte = 0;
  REQUIRE(::read(pipe.read.get(), &byte, 1) == 1);
  CHECK(describe_process(liar.pid()) == "?[31mE)?x? (pid " + std::to_string(liar.pid()) + ")");
}

TEST_CASE("The leader comes first and its descendants belong to it") {
  const Tree tree("sh -c 'echo $$; sleep 1000 & echo $!; wait' & echo $!; wait", 3);
  const auto members = tree.members();
  REQUIRE_FALSE(members.empty());
  CHECK(members.front() == tree.leader());
  for (std::size_t i = 0; i < 3; ++i) CHECK(contains(members, tree.printed(i)));
}

TEST_CASE("A grandchild that has left the session belongs to the tree while its parents live") {
  const Tree tree("setsid sleep 1000 & echo $!; wait", 1);
  CHECK(eventually([&] {
    const auto stat = stat_process(tree.printed(0));
    return stat && stat->session == tree.printed(0);
  }));
  CHECK(contains(tree.members(), tree.printed(0)));
}

TEST_CASE("A daemon whose parents have died is adopted and found by its marker") {
  const Tree tree("(setsid sleep 1000 & echo $!); exec sleep 1000", 1, false);
  const pid_t daemon = tree.printed(0);
  CHECK(eventually([&] {
    const auto stat = stat_process(daemon);
    return stat && stat->parent == ::getpid() && stat->session == daemon;
  }));
  CHECK(eventually([&] { return contains(tree.members(), daemon); }));  // in the midst of an exec nothing can be read
  CHECK(contains_orphan(ProcessTree::orphans({tree.leader()}), daemon));
  CHECK_FALSE(contains_orphan(ProcessTree::orphans({tree.leader(), daemon}), daemon));
}

TEST_CASE("A daemon that has shed session and environment is found by its brand") {
  const Tree tree("(setsid env -i /bin/sleep 1000 & echo $!); exec sleep 1000", 1);
  if (tree.sign().brand == 0) return;
  const pid_t daemon = tree.printed(0);
  CHECK(eventually([&] {
    const auto stat = stat_process(daemon);
    return stat && stat->parent == ::getpid() && stat->session == daemon &&
           !has_environment(daemon, tree.sign().marker);
  }));
  CHECK(contains(tree.members(), daemon));
}

TEST_CASE("What is left when the leader was reaped still belongs to the tree") {
  Tree tree("sleep 1000 & echo $!; wait", 1);
  tree.reap_leader();
  const auto left = ProcessTree::members(tree.sign(), false, ProcessTree::orphans({}));
  CHECK_FALSE(contains(left, tree.leader()));
  CHECK(contains(left, tree.printed(0)));
}

TEST_CASE("A zombie is no member") {
  Tree tree("echo $$; exec sleep 1000", 1);
  tree.kill_leader();
  CHECK(eventually([&] { return !lives(tree.leader()); }));
  CHECK(tree.members().empty());
  const auto stat = stat_process(tree.leader());
  REQUIRE(stat);
  CHECK(stat->state == 'Z');
}

TEST_CASE("The trees of two servers are apart") {
  const Tree one("(setsid sleep 1000 & echo $!); exec sleep 1000", 1);
  const Tree two("(setsid sleep 1000 & echo $!); exec sleep 1000", 1);
  const std::unordered_set<pid_t> leaders{one.leader(), two.leader()};
  CHECK(eventually([&] {
    const auto members = ProcessTree::members(one.sign(), true, ProcessTree::orphans(leaders));
    return contains(members, one.printed(0)) && members.size() == 2;
  }));
  CHECK_FALSE(contains(ProcessTree::members(one.sign(), true, ProcessTree::orphans(leaders)), two.printed(0)));
  CHECK_FALSE(contains(ProcessTree::members(one.sign(), true, ProcessTree::orphans(leaders)), two.leader()));
}

TEST_CASE("The use of a tree is the sum of its living processes") {
  const Tree tree("sleep 1000 & echo $!; wait", 1);
  const auto usage = usage_of(tree.members());
  CHECK(usage.processes == 2);
  CHECK(usage.memory_bytes > 100'000);
  CHECK(usage.cpu_s >= 0);
  CHECK(usage_of({}).processes == 0);
  CHECK(usage_of({999'999'999}).processes == 0);
}

// ---- one process ----------------------------------------------------------------------------------------------------

TEST_CASE("A process is described as /proc has it") {
  const auto own = stat_process(::getpid());
  REQUIRE(own);
  CHECK(own->pid == ::getpid());
  CHECK(own->parent == ::getppid());
  CHECK(own->session == ::getsid(0));
  CHECK(own->group == ::getpgrp());
  CHECK(own->state == 'R');
  CHECK(own->start_ticks > 0);
  CHECK(own->resident_pages > 0);
  CHECK_FALSE(stat_process(999'999'999));
}

TEST_CASE("A process whose name holds spaces and parentheses is read rightly") {
  const Folder folder;
  const std::string odd = folder.file("a) R 1 (b", "", 0700);
  std::filesystem::copy_file("/bin/sleep", odd, std::filesystem::copy_options::overwrite_existing);
  const Child child(odd, {"1000"});
  const auto stat = stat_process(child.pid());
  REQUIRE(stat);
  CHECK(stat->parent == ::getpid());
  CHECK(stat->session == child.pid());
  CHECK(describe_process(child.pid()) == "a) R 1 (b (pid " + std::to_string(child.pid()) + ")");
}

TEST_CASE("A name that the kernel has cut is told in full") {
  const Folder folder;
  const std::string path = folder.file("a-name-of-more-than-fifteen-bytes", "", 0700);
  std::filesystem::copy_file("/bin/sleep", path, std::filesystem::copy_options::overwrite_existing);
  const Child child(path, {"1000"});
  CHECK(command_name(child.pid()) == "a-name-of-more-than-fifteen-bytes");
  CHECK(command_name(999'999'999) == "?");
}

TEST_CASE("An entry of the environment is compared as a whole") {
  const Child child("/bin/sleep", {"1000"}, {"NAME=value"});
  // It can be read a moment after the exec has closed our pipe.
  CHECK(eventually([&] { return has_environment(child.pid(), "NAME=value"); }));
  CHECK_FALSE(has_environment(child.pid(), "NAME=val"));
  CHECK_FALSE(has_environment(child.pid(), "AME=value"));
  CHECK_FALSE(has_environment(child.pid(), "NAME"));
  CHECK_FALSE(has_environment(999'999'999, "NAME=value"));
}

}  // namespace
}  // namespace berth::os::test
