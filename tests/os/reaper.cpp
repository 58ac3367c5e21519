// Every child that ends is told once, with the way in which it ended.

#include "os/reaper.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>

#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

class Reaping {
 public:
  // False when they have not all ended in time. Orphans of other cases may end meanwhile.
  bool wait_for(const std::vector<pid_t>& pids) {
    return run_until(
        [&] { return std::all_of(pids.begin(), pids.end(), [this](pid_t pid) { return ended_.contains(pid); }); });
  }
  template <class Predicate>
  bool run_until(Predicate predicate) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!predicate() && std::chrono::steady_clock::now() < end) io_.run_one_for(100ms);
    return predicate();
  }
  pid_t launch_shell(const std::string& script) {
    auto request = request_for("/bin/sh", {"-c", script});
    request.output = request.error = 2;
    const auto pid = launch(io_.get_executor(), request);
    REQUIRE(pid);
    return *pid;
  }
  [[nodiscard]] const std::map<pid_t, core::ExitStatus>& ended() const { return ended_; }
  [[nodiscard]] std::size_t told_twice() const { return told_twice_; }

 private:
  boost::asio::io_context io_{1};
  std::map<pid_t, core::ExitStatus> ended_;
  std::size_t told_twice_ = 0;
  Reaper reaper_{io_, [this](const std::vector<Reaped>& reaped) {
                   CHECK_FALSE(reaped.empty());
                   for (const Reaped& one : reaped) told_twice_ += ended_.emplace(one.pid, one.status).second ? 0 : 1;
                 }};
};

TEST_CASE("An exit code and a signal are told apart even when they look alike") {
  Reaping reaping;
  const pid_t clean = reaping.launch_shell("exit 0");
  const pid_t code = reaping.launch_shell("exit 9");
  const pid_t killed = reaping.launch_shell("kill -9 $$");
  const pid_t terminated = reaping.launch_shell("kill -15 $$");
  REQUIRE(reaping.wait_for({clean, code, killed, terminated}));
  CHECK(reaping.ended().at(clean).clean());
  CHECK(reaping.ended().at(code) == core::ExitStatus{.code = 9});
  CHECK(reaping.ended().at(killed).signal == SIGKILL);
  CHECK_FALSE(reaping.ended().at(killed).clean());
  CHECK(reaping.ended().at(terminated).signal == SIGTERM);
}

TEST_CASE("Fifty children that end at once are each told once") {
  Reaping reaping;
  std::map<pid_t, int> codes;
  std::vector<pid_t> pids;
  for (int i = 0; i < 50; ++i) {
    pids.push_back(reaping.launch_shell("exit " + std::to_string(i)));
    codes[pids.back()] = i;
  }
  REQUIRE(reaping.wait_for(pids));
  for (const auto& [pid, code] : codes) CHECK(reaping.ended().at(pid).code == code);
  CHECK(reaping.told_twice() == 0);
}

TEST_CASE("Orphans of a child are adopted and told too") {
  REQUIRE(Reaper::adopt_orphans());
  Reaping reaping;
  const Folder folder;
  const std::string note = (folder.path() / "pid").string();
  const pid_t child = reaping.launch_shell("(sh -c 'echo $$ >" + note + "; exec sleep 0.05' &) ; exit 3");
  REQUIRE(reaping.wait_for({child}));
  CHECK(reaping.run_until([&] {
    pid_t orphan = 0;
    std::ifstream(note) >> orphan;
    return orphan > 1 && reaping.ended().contains(orphan);
  }));
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_CASE("A child that stops and goes on has not ended") {
  Reaping reaping;
  const pid_t pid = reaping.launch_shell("kill -STOP $$; exit 5");
  REQUIRE(eventually([&] { return stat_process(pid)->state == 'T'; }));
  CHECK_FALSE(reaping.ended().contains(pid));
  ::kill(pid, SIGCONT);
  REQUIRE(reaping.wait_for({pid}));
  CHECK(reaping.ended().at(pid).code == 5);
}

}  // namespace
}  // namespace berth::os::test
