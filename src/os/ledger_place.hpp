#pragma once
// The port ledger on this machine: its file, the locks beside it, and the processes that it names.

#include <berth/expected.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/ledger_host.hpp"
#include "os/announced_lock.hpp"
#include "os/lease_locks.hpp"
#include "os/ledger_file.hpp"
#include "os/listeners.hpp"

namespace berth::os {

// The folder of `file` is ours or the system's, no symbolic link, and nobody else can replace what stands there. The
// error names it and the cure.
std::optional<std::string> distrust_of_folder(const std::string& file);

// `X/ports.lock` for `X/ports.json`.
std::string lock_file_of(const std::string& file);

class LedgerPlace : public core::LedgerHost {
 public:
  // `shared`: see PortLedger::Options.
  static Expected<std::unique_ptr<LedgerPlace>, std::string> open(const std::string& file, bool shared);

  Lock lock_port(Port port) override { return locks_.take(port); }
  void unlock_port(Port port) override { locks_.drop(port); }
  bool others_lock(Port port) override { return locks_.others_have(port); }
  std::vector<Port> ports_others_lock() override { return locks_.others(); }
  bool locks_were_lost() override { return locks_.renew_if_removed(); }
  [[nodiscard]] int lock_descriptor() const override { return locks_.descriptor(); }

  Lock enter(std::chrono::milliseconds patience, std::string& why) override;
  void leave() override;
  const core::LedgerRead& read() override { return file_.read(); }
  Expected<std::string, std::string> replace(const Ledger& ledger, bool keep_old) override;

  core::Life life_of(const LedgerEntry& entry) override;
  bool somebody_listens(Port port) override;
  std::vector<LedgerEntry> seen_on(const std::vector<Port>& ports) override;
  [[nodiscard]] core::ProcessIdentity self() const override;
  core::ProcessIdentity identity_of(int pid) override;
  [[nodiscard]] std::string describe(int pid) const override;
  [[nodiscard]] std::int64_t wall_ms() const override;
  [[nodiscard]] core::Instant now() const override;

 private:
  LedgerPlace(LeaseLocks locks, LedgerFile file, std::optional<AnnouncedLock> announced)
      : locks_(std::move(locks)), file_(std::move(file)), announced_(std::move(announced)) {}

  // Of the moment: a pass over many entries asks for each.
  Listeners listeners_;
  std::chrono::steady_clock::time_point looked_at_{};
  LeaseLocks locks_;
  LedgerFile file_;
  std::optional<AnnouncedLock> announced_;
};

}  // namespace berth::os
