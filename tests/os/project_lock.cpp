// One supervisor for a project: the kernel's lock decides, and the file means nothing.

#include <sys/stat.h>

#include <fstream>

#include "os/runtime_dir.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

class LockFile {
 public:
  [[nodiscard]] std::string path() const { return lock_path(folder_.path(), "tools"); }

 private:
  Folder folder_;
};

TEST_CASE("A lock that is held is busy and names the pid of its holder") {
  const LockFile file;
  const auto first = ProjectLock::acquire(file.path());
  REQUIRE(first);
  const auto second = ProjectLock::acquire(file.path());
  REQUIRE_FALSE(second);
  CHECK(second.error().pid == ::getpid());
  CHECK(second.error().message == "already running, as pid " + std::to_string(::getpid()));
  CHECK(lock_holder(file.path()) == ::getpid());
}

TEST_CASE("A lock is free again when its holder lets go, and the file stays") {
  const LockFile file;
  { REQUIRE(ProjectLock::acquire(file.path())); }
  CHECK_FALSE(lock_holder(file.path()));
  CHECK(std::filesystem::exists(file.path()));
  CHECK(ProjectLock::acquire(file.path()));
}

TEST_CASE("The lock file is private") {
  const LockFile file;
  REQUIRE(ProjectLock::acquire(file.path()));
  struct stat info {};
  REQUIRE(::stat(file.path().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600);
}

TEST_CASE("Whatever an old file says it is no obstacle") {
  const LockFile file;
  const std::string text = GENERATE(std::string{}, std::string{"4242 17\n"}, std::string{"1 1\n"},
                                    std::string{"nonsense"}, std::string(100'000, '9'));
  std::ofstream(file.path()) << text;
  CHECK_FALSE(lock_holder(file.path()));
  const auto lock = ProjectLock::acquire(file.path());
  REQUIRE(lock);
  CHECK(lock_holder(file.path()) == ::getpid());
}

TEST_CASE("A file that names a living stranger is no obstacle without the kernel's lock") {
  const LockFile file;
  const Child stranger("/bin/sleep", {"1000"});
  std::ofstream(file.path()) << stranger.pid() << " " << stat_process(stranger.pid())->start_ticks << "\n";
  CHECK(ProjectLock::acquire(file.path()));
}

TEST_CASE("A holder that is killed has let go") {
  const LockFile file;
  Pipe ready;
  Fork holder([&] {
    const auto lock = ProjectLock::acquire(file.path());
    static_cast<void>(::write(ready.write.get(), lock ? "y" : "n", 1));
    ::pause();
  });
  char answer = 0;
  REQUIRE(::read(ready.read.get(), &answer, 1) == 1);
  REQUIRE(answer == 'y');
  CHECK(lock_holder(file.path()) == holder.pid());
  CHECK(ProjectLock::acquire(file.path()).error().pid == holder.pid());
  holder.kill();
  CHECK(ProjectLock::acquire(file.path()));
}

TEST_CASE("A lock in a folder that does not exist is an error with its path") {
  const Folder folder;
  const std::string path = folder.path() / "none" / "p.lock";
  const auto lock = ProjectLock::acquire(path);
  REQUIRE_FALSE(lock);
  CHECK(lock.error().pid == 0);
  CHECK(lock.error().message.find("`" + path + "`") != std::string::npos);
  CHECK_FALSE(lock_holder(path));
}

TEST_CASE("A symbolic link in the place of the lock is not followed") {
  const Folder folder;
  const std::string target = folder.file("precious", "precious");
  const std::string path = lock_path(folder.path(), "p");
  std::filesystem::create_symlink(target, path);
  CHECK_FALSE(ProjectLock::acquire(path));
  std::string text;
  std::ifstream(target) >> text;
  CHECK(text == "precious");
}

TEST_CASE("The lock does not pass to a child") {
  const LockFile file;
  std::unique_ptr<Child> child;
  {
    const auto lock = ProjectLock::acquire(file.path());
    REQUIRE(lock);
    child = std::make_unique<Child>("/bin/sleep", std::vector<std::string>{"1000"});
  }
  CHECK(ProjectLock::acquire(file.path()));
}

TEST_CASE("Who says that nothing is left still holds the lock and has nothing to look for") {
  const LockFile file;
  {
    auto lock = ProjectLock::acquire(file.path(), new_supervisor_brand());
    REQUIRE(lock);
    lock->leave_nothing();
    CHECK(lock_holder(file.path()) == ::getpid());
    CHECK(ProjectLock::acquire(file.path()).error().pid == ::getpid());
  }
  const auto next = ProjectLock::acquire(file.path());
  REQUIRE(next);
  CHECK_FALSE(next->predecessor());
}

TEST_CASE("The next holder learns who held the lock before") {
  const LockFile file;
  const Brand brand = new_supervisor_brand();
  { REQUIRE(ProjectLock::acquire(file.path(), brand)); }
  const auto next = ProjectLock::acquire(file.path());
  REQUIRE(next);
  REQUIRE(next->predecessor());
  CHECK(next->predecessor()->entry() == SupervisorMark::of_this_process(brand).entry());
  CHECK(next->predecessor()->brand == brand);
}

}  // namespace
}  // namespace berth::os::test
