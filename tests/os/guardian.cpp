// When a supervisor is killed, its guardian ends everything that it had started, and nothing else.

#include "os/guardian.hpp"

#include <fcntl.h>

#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <optional>

#include "os/runtime_dir.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

struct Pids {
  pid_t guardian = 0;
  pid_t leader = 0;
};

// A supervisor in miniature, which is there to be killed: a guardian, and one child that is a shell script.
class MiniSupervisor {
 public:
  MiniSupervisor(const std::string& marker, const std::string& script, bool watch, const std::string& lock = {}) {
    Pipe pipe;
    process_ = std::make_unique<Fork>([&] {
      const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
      std::optional<ProjectLock> own;
      if (!lock.empty()) own.emplace(std::move(*ProjectLock::acquire(lock)));
      const auto mark = SupervisorMark::of_this_process(new_supervisor_brand());
      Guardian guardian(mark, {own ? own->descriptor() : null.get()});
      auto request = request_for("/bin/sh", {"-c", script});
      request.environment.push_back(marker);
      request.environment.push_back(mark.entry());
      request.brand = brand_of_run(mark.brand, 1);
      request.output = request.error = null.get();
      const auto leader = launch(test_loop().get_executor(), request);
      if (leader && watch) guardian.watch(*leader);
      const Pids pids{guardian.pid(), leader ? *leader : 0};
      static_cast<void>(::write(pipe.write.get(), &pids, sizeof(pids)));
      ::pause();
    });
    pipe.write.reset();
    if (::read(pipe.read.get(), &pids_, sizeof(pids_)) != sizeof(pids_)) throw std::runtime_error("no mini supervisor");
  }
  ~MiniSupervisor() { process_->kill(); }
  MiniSupervisor(const MiniSupervisor&) = delete;
  MiniSupervisor& operator=(const MiniSupervisor&) = delete;

  [[nodiscard]] const Pids& pids() const { return pids_; }
  [[nodiscard]] pid_t pid() const { return process_->pid(); }
  void kill() { process_->kill(); }

 private:
  std::unique_ptr<Fork> process_;
  Pids pids_;
};

TEST_CASE("kill -9 of a supervisor ends its whole tree and the guardian and touches nothing else") {
  const std::string marker = new_marker();
  const Child bystander("/bin/sleep", {"1000"}, {marker + "0"});
  MiniSupervisor supervisor(marker, "sleep 1000 & setsid sleep 1000 & (setsid sleep 1000 &) ; wait", true);
  REQUIRE(supervisor.pids().guardian > 1);
  REQUIRE(eventually([&] { return marked(marker).size() == 4; }));
  CHECK(lives(supervisor.pids().guardian));
  supervisor.kill();
  CHECK(eventually([&] { return marked(marker).empty(); }));
  CHECK(eventually([&] { return !lives(supervisor.pids().guardian); }));
  CHECK(lives(bystander.pid()));
}

TEST_CASE("What has shed its session and its environment is found by its brand") {
  const std::string marker = new_marker();
  const Folder folder;
  const std::string pid_file = (folder.path() / "pid").string();
  MiniSupervisor supervisor(
      marker, "(setsid env -i /bin/sh -c 'echo $$ >" + pid_file + "; exec sleep 1000' &) ; exec sleep 1000", true);
  pid_t daemon = 0;
  REQUIRE(eventually([&] {
    std::ifstream(pid_file) >> daemon;
    return daemon > 1 && lives(daemon) && !has_environment(daemon, marker);
  }));
  if (brand_of(daemon) == 0) {
    ::kill(daemon, SIGKILL);
    return;  // a hard limit leaves no room for brands here
  }
  supervisor.kill();
  CHECK(eventually([&] { return !lives(daemon); }));
}

TEST_CASE("A leader that the guardian was never told of is found by its marker") {
  const std::string marker = new_marker();
  MiniSupervisor supervisor(marker, "setsid sleep 1000 & wait", false);
  REQUIRE(eventually([&] { return marked(marker).size() == 2; }));
  supervisor.kill();
  CHECK(eventually([&] { return marked(marker).empty(); }));
}

TEST_CASE("A guardian has a session of its own and heeds no signal that can be blocked") {
  const std::string marker = new_marker();
  MiniSupervisor supervisor(marker, "exec sleep 1000", true);
  const pid_t guardian = supervisor.pids().guardian;
  REQUIRE(eventually([&] { return stat_process(guardian)->session == guardian; }));  // it has settled down
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::kill(guardian, signal);
  supervisor.kill();
  CHECK(eventually([&] { return marked(marker).empty(); }));
}

TEST_CASE("The lock is free for the next supervisor only when the clearing is done") {
  const Folder folder;
  const std::string marker = new_marker();
  const std::string lock = lock_path(folder.path(), "p");
  MiniSupervisor supervisor(marker, "setsid sleep 1000 & sleep 1000 & wait", true, lock);
  REQUIRE(eventually([&] { return marked(marker).size() == 3; }));
  const auto busy = ProjectLock::acquire(lock);
  REQUIRE_FALSE(busy);
  CHECK(busy.error().pid == supervisor.pid());
  supervisor.kill();
  const auto next = ProjectLock::acquire(lock);
  REQUIRE(next);
  CHECK(marked(marker).empty());
}

TEST_CASE("A guardian that is dismissed leaves everybody alone") {
  const std::string marker = new_marker();
  const Child child("/bin/sleep", {"1000"}, {marker});
  pid_t pid = 0;
  {
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    Guardian guardian(SupervisorMark::of_this_process(new_supervisor_brand()), {null.get()});
    REQUIRE(guardian.running());
    pid = guardian.pid();
    guardian.watch(child.pid());
    CHECK(lives(pid));
  }
  CHECK_FALSE(lives(pid));
  CHECK(lives(child.pid()));
  CHECK(::waitpid(pid, nullptr, WNOHANG) == -1);  // no zombie of it either
}

TEST_CASE("A guardian has nothing open but its pipe and the lock") {
  const Fd leaky(::dup(2));
  const Fd lock(::open("/dev/null", O_RDWR | O_CLOEXEC));
  Guardian guardian(SupervisorMark::of_this_process(new_supervisor_brand()), {lock.get()});
  const std::string folder = "/proc/" + std::to_string(guardian.pid()) + "/fd";
  CHECK(eventually([&] {
    return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()) == 5;
  }));
}

TEST_CASE("A guardian that somebody has killed is replaced and does its work") {
  ::signal(SIGPIPE, SIG_IGN);
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  Guardian guardian(SupervisorMark::of_this_process(new_supervisor_brand()), {null.get()});
  const pid_t first = guardian.pid();
  ::kill(first, SIGKILL);
  REQUIRE(::waitpid(first, nullptr, 0) == first);
  guardian.watch(::getpid());  // nobody reads: no harm
  guardian.replace();
  CHECK(guardian.running());
  CHECK(guardian.pid() != first);
  CHECK(lives(guardian.pid()));
}

}  // namespace
}  // namespace berth::os::test
