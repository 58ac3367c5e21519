// FILE.lock, made with O_EXCL: the lock of other programs. A living maker keeps it, a dead one does not.

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>
#include <fstream>

#include "os/announced_lock.hpp"
#include "os/ledger_place.hpp"
#include "os/ledger_support.hpp"
#include "os/process.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

namespace fs = std::filesystem;

using Lock = AnnouncedLock::Lock;

class Foreign {
 public:
  [[nodiscard]] std::string path() const { return folder_.announced(); }
  void make(const std::string& text) const { std::ofstream(path()) << text; }
  void make(pid_t maker) const { make(std::to_string(maker)); }
  void age(std::chrono::hours time) const { fs::last_write_time(path(), fs::file_time_type::clock::now() - time); }
  [[nodiscard]] bool there() const { return fs::exists(path()); }
  [[nodiscard]] std::string text() const { return text_of(path()); }
  [[nodiscard]] LedgerFolder& folder() { return folder_; }
  [[nodiscard]] const LedgerFolder& folder() const { return folder_; }

 private:
  LedgerFolder folder_;
};

TEST_CASE("A lock is there with its maker's pid until its maker leaves") {
  const Foreign foreign;
  AnnouncedLock lock(foreign.path());
  std::string why;
  REQUIRE(lock.take(why) == Lock::got);
  CHECK(foreign.text() == std::to_string(::getpid()));
  CHECK(lock.still_ours());
  lock.leave();
  CHECK_FALSE(foreign.there());
  CHECK_FALSE(lock.still_ours());
}

// As on NFS and FUSE. False where no filter can be set.
bool refuse_files_without_a_name() {
  constexpr std::uint32_t flag = O_TMPFILE & ~O_DIRECTORY;
  std::array<sock_filter, 6> filter{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t)),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flag, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{filter.size(), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_CASE("A lock is made and left where no file can be made without a name") {
  const Foreign foreign;
  const std::string said = said_by_fork([&]() -> std::string {
    if (!refuse_files_without_a_name()) return "no filter";
    if (::open(foreign.folder().path().c_str(), O_TMPFILE | O_WRONLY, 0600) >= 0) return "no such filter";
    AnnouncedLock lock(foreign.path());
    std::string why;
    if (lock.take(why) != Lock::got || foreign.text() != std::to_string(::getpid())) return "not made: " + why;
    if (!lock.still_ours()) return "not ours";
    lock.leave();
    return foreign.there() ? "still there" : "fine";
  });
  if (said == "no filter") {
    WARN("no system call can be refused here");
    return;
  }
  CHECK(said == "fine");
}

TEST_CASE("A lock whose maker lives is never taken away, however old it is") {
  const Foreign foreign;
  const auto maker = sleeper();
  foreign.make(maker->pid());
  foreign.age(1000h);
  AnnouncedLock lock(foreign.path(), 0s);
  std::string why;
  for (int attempt = 0; attempt < 3; ++attempt) CHECK(lock.take(why) == Lock::busy);
  CHECK(why == "`" + foreign.path() + "` is held by " + describe_process(maker->pid()));
  lock.leave();
  CHECK(foreign.text() == std::to_string(maker->pid()));
}

TEST_CASE("A maker is known by its pid whatever stands around it") {
  const Foreign foreign;
  const auto maker = sleeper();
  const std::string before = GENERATE("  ", "pid=", "{\"pid\":");
  foreign.make(before + std::to_string(maker->pid()) + "}");
  AnnouncedLock lock(foreign.path(), 0s);
  std::string why;
  CHECK(lock.take(why) == Lock::busy);
  CHECK(why == "`" + foreign.path() + "` is held by " + describe_process(maker->pid()));
}

TEST_CASE("A lock whose maker is dead is taken away at once, however new it is") {
  const Foreign foreign;
  foreign.make(std::to_string(dead_pid()) + GENERATE("", "\n"));
  AnnouncedLock lock(foreign.path());
  std::string why;
  REQUIRE(lock.take(why) == Lock::got);
  CHECK(foreign.text() == std::to_string(::getpid()));
}

TEST_CASE("A lock that names nobody is left alone until it was seen for long enough") {
  Foreign foreign;
  foreign.make(GENERATE("", "somebody", "-5", "0"));
  foreign.age(1000h);
  AnnouncedLock patient(foreign.path(), 1h);
  std::string why;
  CHECK(patient.take(why) == Lock::busy);
  CHECK(patient.take(why) == Lock::busy);
  CHECK(has(why, "does not say its pid"));
  AnnouncedLock impatient(foreign.path(), 0s);
  CHECK(impatient.take(why) == Lock::got);
}

TEST_CASE("A nameless lock that is made anew is waited for anew") {
  const Foreign foreign;
  foreign.make("");
  AnnouncedLock lock(foreign.path(), 1ns);  // over before the next look
  std::string why;
  CHECK(lock.take(why) == Lock::busy);
  fs::rename(foreign.path(), foreign.path() + ".old");
  foreign.make("");
  CHECK(lock.take(why) == Lock::busy);
  CHECK(lock.take(why) == Lock::got);
}

TEST_CASE("A lock that was stolen is noticed and the thief keeps his") {
  const Foreign foreign;
  AnnouncedLock lock(foreign.path());
  std::string why;
  REQUIRE(lock.take(why) == Lock::got);
  fs::remove(foreign.path());
  CHECK_FALSE(lock.still_ours());
  foreign.make("4711");
  CHECK_FALSE(lock.still_ours());
  lock.leave();
  CHECK(foreign.text() == "4711");
}

TEST_CASE("A lock in a folder that is not there is told of") {
  const Foreign foreign;
  AnnouncedLock lock(foreign.path() + "/nowhere/ports.json.lock");
  std::string why;
  CHECK(lock.take(why) == Lock::broken);
  CHECK(has(why, "cannot make `" + foreign.path() + "/nowhere/ports.json.lock`: "));
}

TEST_CASE("A folder or a link in place of a lock is nobody's lock to take away") {
  const Foreign foreign;
  const bool link = GENERATE(true, false);
  if (link) {
    fs::create_symlink("/nowhere", foreign.path());
  } else {
    fs::create_directory(foreign.path());
  }
  AnnouncedLock lock(foreign.path(), 1h);
  std::string why;
  CHECK(lock.take(why) == Lock::busy);
  CHECK(fs::exists(fs::symlink_status(foreign.path())));
}

// The ledger itself, beside a program that makes such locks.
TEST_CASE("A shared ledger is not written while another program has the lock") {
  Foreign foreign;
  auto& folder = foreign.folder();
  auto ledger = folder.open("test", true);
  const auto maker = sleeper();
  foreign.make(maker->pid());
  REQUIRE(ledger.lease(8765));  // the kernel's lock is ours
  CHECK(ledger.write() == Written::busy);
  CHECK(has(ledger.trouble(), describe_process(maker->pid())));
  CHECK_FALSE(fs::exists(folder.file()));
  maker->kill();
  CHECK(ledger.write() == Written::yes);
  CHECK(folder.entries().size() == 1);
  CHECK_FALSE(foreign.there());
}

TEST_CASE("A shared ledger is not written by one whose lock was stolen meanwhile") {
  Foreign foreign;
  auto& folder = foreign.folder();
  const auto thief = sleeper();
  auto place = LedgerPlace::open(folder.file(), true);
  REQUIRE(place);
  std::string why;
  REQUIRE((*place)->enter(0ms, why) == Lock::got);
  fs::remove(foreign.path());
  foreign.make(thief->pid());
  const auto replaced = (*place)->replace({}, false);
  REQUIRE_FALSE(replaced);
  CHECK(has(replaced.error(), "was taken away by another program"));
  CHECK_FALSE(fs::exists(folder.file()));
  (*place)->leave();
  CHECK(foreign.text() == std::to_string(thief->pid()));
  CHECK(folder.names() == std::vector<std::string>{"ports.json.lock", "ports.lock"});
}

}  // namespace
}  // namespace berth::os::test
