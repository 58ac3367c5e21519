// Where a port ledger may stand: in a folder that nobody else can write, in files of one's own, with locks that work.

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>
#include <fstream>

#include "os/ledger_support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t stranger = 12'345;

bool can_give_away() {
  if (::geteuid() == 0) return true;
  WARN("only root can give something away");
  return false;
}

TEST_CASE("A folder that others may write is refused unless only owners may replace what is in it") {
  struct Row {
    unsigned mode;
    bool trusted;
  };
  const auto row = GENERATE(Row{0700, true}, Row{0755, true}, Row{01777, true}, Row{01770, true}, Row{0777, false},
                            Row{0770, false}, Row{0702, false}, Row{0720, false});
  const LedgerFolder folder;
  ::chmod(folder.path().c_str(), row.mode);
  const std::string said = opened(folder.file());
  INFO(std::oct << row.mode << ": " << said);
  CHECK((said == "fine") == row.trusted);
  if (row.trusted) return;
  CHECK(has(said, "its folder `" + folder.path().string() + "` can be written by others"));
  CHECK(folder.names().empty());
}

TEST_CASE("A folder that is a symbolic link is refused") {
  const LedgerFolder folder;
  const LedgerFolder real;
  const std::string link = (folder.path() / "link").string();
  fs::create_directory_symlink(real.path(), link);
  const std::string said = opened(link + "/ports.json");
  CHECK(has(said, "its folder `" + link + "` is a symbolic link"));
  CHECK(real.names().empty());
}

TEST_CASE("A folder that is not there is told of and not made") {
  const LedgerFolder folder;
  const std::string nowhere = (folder.path() / "nowhere").string();
  const std::string said = opened(nowhere + "/ports.json");
  CHECK(has(said, "cannot open its folder `" + nowhere + "`: No such file or directory"));
  CHECK(folder.names().empty());
}

TEST_CASE("A folder of another user is refused with his number") {
  if (!can_give_away()) return;
  const LedgerFolder folder;
  ::chmod(folder.path().c_str(), GENERATE(0700U, 01777U));
  REQUIRE(::chown(folder.path().c_str(), stranger, stranger) == 0);
  CHECK(has(opened(folder.file()), "its folder `" + folder.path().string() + "` belongs to user 12345"));
}

TEST_CASE("A folder of the system in which everybody may make files of his own is fine for an ordinary user") {
  if (!can_give_away()) return;
  const LedgerFolder folder;
  ::chmod(folder.path().c_str(), 01777);
  const std::string said = said_by_plain_user([&]() -> std::string {
    auto ledger = PortLedger::open({.file = folder.file(), .project = "test", .shared = true, .log = {}});
    if (!ledger) return ledger.error();
    return ledger->lease(8765) && ledger->write() != Written::failed ? "fine" : ledger->trouble();
  });
  CHECK(said == "fine");
  CHECK(folder.entries().size() == 1);
}

TEST_CASE("A file of another user is refused, be it the ledger or the lock") {
  if (!can_give_away()) return;
  const LedgerFolder folder;
  const bool lock = GENERATE(true, false);
  const std::string path = lock ? folder.lock_file() : folder.file();
  std::ofstream(path) << R"({"instances":[]})";
  ::chmod(path.c_str(), 0666);
  REQUIRE(::chown(path.c_str(), stranger, stranger) == 0);
  const std::string said = opened(folder.file());
  CHECK(has(said, "`" + path + "` belongs to user 12345"));
  CHECK(text_of(path) == R"({"instances":[]})");
}

TEST_CASE("A file of root is refused by an ordinary user, be it the ledger or the lock") {
  if (!can_give_away()) return;
  const LedgerFolder folder;
  give_to_plain_user(folder);
  const std::string path = GENERATE(true, false) ? folder.lock_file() : folder.file();
  std::ofstream(path) << "";
  ::chmod(path.c_str(), GENERATE(0600U, 0644U, 0666U));
  const std::string said = said_by_plain_user([&] { return opened(folder.file()); });
  INFO(said);
  CHECK(has(said, path));
  CHECK((has(said, "belongs to user 0") || has(said, "Permission denied")));
}

TEST_CASE("A ledger that is given to another user later is not written any more") {
  if (!can_give_away()) return;
  LedgerFolder folder;
  auto ledger = folder.open("test");
  REQUIRE(ledger.lease(8765));
  REQUIRE(ledger.write() == Written::yes);
  REQUIRE(::chown(folder.file().c_str(), stranger, stranger) == 0);
  const std::string before = folder.text();
  ledger.beat();
  CHECK(ledger.write() == Written::failed);
  CHECK(has(ledger.trouble(), "belongs to user 12345"));
  CHECK(folder.text() == before);
}

TEST_CASE("A lock file that is a symbolic link is refused and its target is not made") {
  const LedgerFolder folder;
  const std::string target = (folder.path() / "target").string();
  fs::create_symlink(target, folder.lock_file());
  CHECK(opened(folder.file()) == "the lock file `" + folder.lock_file() + "` is a symbolic link, and is not trusted");
  CHECK_FALSE(fs::exists(target));
}

TEST_CASE("A lock file that is no file is refused and blocks nobody") {
  const LedgerFolder folder;
  if (GENERATE(true, false)) {
    fs::create_directory(folder.lock_file());
  } else {
    REQUIRE(::mkfifo(folder.lock_file().c_str(), 0600) == 0);
  }
  CHECK(has(opened(folder.file()), "the lock file `" + folder.lock_file() + "`"));
}

TEST_CASE("A shared ledger that is a symbolic link is refused: its other users would not follow") {
  const LedgerFolder folder;
  fs::create_symlink("/nowhere", folder.file());
  CHECK(opened(folder.file(), true) == "it is a symbolic link, and is not trusted");
  CHECK(fs::is_symlink(folder.file()));
}

TEST_CASE("A folder that cannot be written is told of, with the file that cannot be made") {
  const LedgerFolder folder;
  give_to_plain_user(folder);
  ::chmod(folder.path().c_str(), 0500);
  const std::string said = said_by_plain_user([&] { return opened(folder.file()); });
  CHECK(said == "cannot open the lock file `" + folder.lock_file() + "`: Permission denied");
}

TEST_CASE("A folder that cannot be written any more is told of by each write until it can") {
  LedgerFolder folder;
  give_to_plain_user(folder);
  const std::string said = said_by_plain_user([&]() -> std::string {
    auto ledger = folder.open("test");
    if (!ledger.lease(8765) || ledger.write() != Written::yes) return "not written";
    const std::string before = folder.text();
    ::chmod(folder.path().c_str(), 0500);
    ledger.beat();
    if (ledger.write() != Written::failed || folder.text() != before) return "written";
    const std::string trouble = ledger.trouble();
    ::chmod(folder.path().c_str(), 0700);
    if (ledger.write() != Written::yes || !ledger.trouble().empty()) return "not written again";
    return trouble;
  });
  CHECK(said == "cannot write the ledger `" + folder.file() + "`: Permission denied");
}

// ---- a file system without locks, as the kernel would answer for it -------------------------------------------------

// False where no filter can be set.
bool refuse_locks(int command) {
  std::array<sock_filter, 6> filter{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args) + sizeof(std::uint64_t)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(command), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOLCK),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{filter.size(), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_CASE("A file system without locks is told of when the ledger is opened") {
  const LedgerFolder folder;
  const bool shared = GENERATE(false, true);
  const std::string said = said_by_fork([&] {
    if (!refuse_locks(F_OFD_GETLK) || !refuse_locks(F_OFD_SETLK)) return std::string("no filter");
    return opened(folder.file(), shared);
  });
  if (said == "no filter") {
    WARN("no system call can be refused here");
    return;
  }
  CHECK(said == "the file system of `" + folder.lock_file() + "` has no locks: No locks available");
}

TEST_CASE("Locks that stop working are told of by a write, and the file stays as it was") {
  LedgerFolder folder;
  const std::string said = said_by_fork([&]() -> std::string {
    auto ledger = folder.open("test");
    if (!ledger.lease(8765) || ledger.write() != Written::yes) return "not written";
    const std::string before = folder.text();
    if (!refuse_locks(F_OFD_SETLK)) return "no filter";
    ledger.beat();
    if (ledger.write(100ms) != Written::failed || folder.text() != before) return "written";
    return ledger.active().size() == 1 && ledger.has(8765) ? ledger.trouble() : "forgotten";
  });
  if (said == "no filter") {
    WARN("no system call can be refused here");
    return;
  }
  CHECK(said == "cannot lock `" + folder.lock_file() + "`: No locks available");
}

}  // namespace
}  // namespace berth::os::test
