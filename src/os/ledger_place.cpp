#include "os/ledger_place.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "os/clock.hpp"
#include "os/ledger_text.hpp"
#include "os/ledger_witness.hpp"
#include "os/process.hpp"
#include "os/read_file.hpp"

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

namespace {

// A path that somebody has chosen may be a slip. What stands in the runtime dir under our own name is damage.
std::optional<std::string> something_else(const std::string& file) {
  if (file.ends_with(".lock") || file.ends_with(".sock")) return "its name is that of a lock or a socket";
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0) return std::nullopt;
  if (S_ISLNK(info.st_mode)) return "it is a symbolic link, and is not trusted";
  if (!S_ISREG(info.st_mode)) return "it is no file";
  const auto text = os::read_file(file, largest_ledger + 1);
  if (text && text->size() <= largest_ledger && !may_be_ledger(*text)) {
    return "it is a file of another kind, without `instances`; choose another name, or remove it when it is of no use";
  }
  return std::nullopt;
}

}  // namespace

std::string lock_file_of(const std::string& file) {
  constexpr std::string_view json = ".json";
  if (file.ends_with(json)) return file.substr(0, file.size() - json.size()) + ".lock";
  return file + ".berth.lock";  // FILE.lock is what other programs make
}

Expected<std::unique_ptr<LedgerPlace>, std::string> LedgerPlace::open(const std::string& file, bool shared) {
  if (auto distrust = distrust_of_folder(file)) return Error(*distrust);
  LedgerFile ledger(file);
  if (auto other = shared ? something_else(file) : std::nullopt) return Error(*other);
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
  const auto now = std::chrono::steady_clock::now();
  if (looked_at_ == std::chrono::steady_clock::time_point{} || now - looked_at_ > 100ms) {
    listeners_ = Listeners::look();
    looked_at_ = std::chrono::steady_clock::now();
  }
  return !listeners_.known() || !listeners_.on(port).empty();  // not known: better one entry too many
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
