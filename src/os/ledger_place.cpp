#include "os/ledger_place.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "os/clock.hpp"
#include "os/ledger_witness.hpp"
#include "os/process.hpp"

namespace berth {

Expected<PortLedger, std::string> PortLedger::open(Options options) {
  auto place = os::LedgerPlace::open(options.file, options.shared);
  if (!place) return Unexpected<std::string>(place.error());
  return PortLedger(std::move(*place), std::move(options));
}

Expected<std::vector<LedgerEntry>, std::string> active_instances(const std::string& file, bool shared) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0 && errno == ENOENT) return std::vector<LedgerEntry>{};
  auto ledger = PortLedger::open({.file = file, .project = {}, .shared = shared, .log = {}});
  if (!ledger) return Unexpected<std::string>(ledger.error());
  std::ignore = ledger->tidy(std::chrono::milliseconds(200));
  return ledger->active();
}

}  // namespace berth

namespace berth::os {

using namespace std::chrono_literals;
using Error = Unexpected<std::string>;

std::optional<std::string> distrust_of_folder(const std::string& file) {
  std::string folder = std::filesystem::path(file).parent_path().string();
  if (folder.empty()) folder = ".";
  const std::string name = "its folder `" + folder + "`";
  const Fd dir(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir && (errno == ELOOP || errno == ENOTDIR)) return name + " is a symbolic link or a file, and is not trusted";
  struct stat info {};
  if (!dir || ::fstat(dir.get(), &info) != 0) return "cannot open " + name + ": " + std::strerror(errno);
  if (info.st_uid != ::geteuid() && info.st_uid != 0) {
    return name + " belongs to user " + std::to_string(info.st_uid) + ", and is not trusted";
  }
  if ((info.st_mode & 022U) != 0 && (info.st_mode & S_ISVTX) == 0) {
    return name + " can be written by others, and is not trusted; `chmod go-w " + folder + "` after a look inside";
  }
  return std::nullopt;
}

std::string lock_file_of(const std::string& file) {
  constexpr std::string_view json = ".json";
  if (file.ends_with(json)) return file.substr(0, file.size() - json.size()) + ".lock";
  return file + ".berth.lock";  // FILE.lock is what other programs make
}

Expected<std::unique_ptr<LedgerPlace>, std::string> LedgerPlace::open(const std::string& file, bool shared) {
  if (auto distrust = distrust_of_folder(file)) return Error(*distrust);
  LedgerFile ledger(file);
  struct stat info {};
  if (shared && ::lstat(file.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) {
    return Error("it is a symbolic link, and is not trusted");
  }
  if (const auto& reading = ledger.read(); !reading) return Error(reading.error());
  auto locks = LeaseLocks::open(lock_file_of(file));
  if (!locks) return Error(locks.error());
  std::optional<AnnouncedLock> announced;
  if (shared) announced.emplace(file + ".lock");
  return std::unique_ptr<LedgerPlace>(new LedgerPlace(std::move(*locks), std::move(ledger), std::move(announced)));
}

// Among those who know of the kernel's lock first, then among all.
LedgerPlace::Lock LedgerPlace::enter(std::chrono::milliseconds patience, std::string& why) {
  const auto until = std::chrono::steady_clock::now() + patience;
  Lock lock = locks_.enter(patience);
  if (lock == Lock::busy) why = "another supervisor is writing `" + file_.path() + "`";
  if (lock == Lock::broken) why = "cannot lock `" + lock_file_of(file_.path()) + "`: " + std::strerror(errno);
  if (lock != Lock::got || !announced_) return lock;
  while ((lock = announced_->take(why)) == Lock::busy && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(5ms);  // there is no event for the end of such a lock
  }
  if (lock != Lock::got) locks_.leave();
  return lock;
}

void LedgerPlace::leave() {
  if (announced_) announced_->leave();
  locks_.leave();
}

Expected<std::string, std::string> LedgerPlace::replace(const Ledger& ledger, bool keep_old) {
  return file_.replace(ledger, keep_old, [this] { return announced_ && !announced_->still_ours(); });
}

core::Life LedgerPlace::life_of(const LedgerEntry& entry) {
  return os::life_of(entry);
}

bool LedgerPlace::somebody_listens(Port port) {
  return os::somebody_listens(port);
}

std::vector<LedgerEntry> LedgerPlace::seen_on(const std::vector<Port>& ports) {
  return entries_seen_on(ports);
}

core::ProcessIdentity LedgerPlace::self() const {
  return identity_of_this_process();
}

core::ProcessIdentity LedgerPlace::identity_of(int pid) {
  return os::identity_of(pid);
}

std::string LedgerPlace::describe(int pid) const {
  return describe_process(pid);
}

std::int64_t LedgerPlace::wall_ms() const {
  return os::wall_ms();
}

core::Instant LedgerPlace::now() const {
  return std::chrono::steady_clock::now();
}

}  // namespace berth::os
