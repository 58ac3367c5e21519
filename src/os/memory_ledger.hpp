#pragma once
// A ledger that nobody else sees, for where no file or no lock is to be had: a supervisor with it knows its own ports,
// and of those of others what can be bound.

#include <utility>

#include "core/ledger_host.hpp"
#include "os/clock.hpp"
#include "os/ledger_witness.hpp"
#include "os/process.hpp"

namespace berth::os {

class MemoryLedger : public core::LedgerHost {
 public:
  Lock lock_port(Port) override { return Lock::got; }
  void unlock_port(Port) override {}
  bool others_lock(Port) override { return false; }
  std::vector<Port> ports_others_lock() override { return {}; }
  bool locks_were_lost() override { return false; }
  [[nodiscard]] int lock_descriptor() const override { return -1; }

  Lock enter(std::chrono::milliseconds, std::string&) override { return Lock::got; }
  void leave() override {}
  const core::LedgerRead& read() override { return file_; }
  Expected<std::string, std::string> replace(const Ledger& ledger, bool) override {
    file_->ledger = ledger;
    return std::string();
  }

  core::Life life_of(const LedgerEntry& entry) override { return os::life_of(entry); }
  bool somebody_listens(Port) override { return true; }
  std::vector<LedgerEntry> seen_on(const std::vector<Port>&) override { return {}; }
  [[nodiscard]] core::ProcessIdentity self() const override { return identity_of_this_process(); }
  core::ProcessIdentity identity_of(int pid) override { return os::identity_of(pid); }
  [[nodiscard]] std::string describe(int pid) const override { return describe_process(pid); }
  [[nodiscard]] std::int64_t wall_ms() const override { return os::wall_ms(); }
  [[nodiscard]] core::Instant now() const override { return std::chrono::steady_clock::now(); }

 private:
  core::LedgerRead file_;
};

}  // namespace berth::os
