#pragma once
// For tests of the port ledger: a folder with a ledger, processes that own leases, and helpers that die half-way.

#include <berth/port_ledger.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/ledger_host.hpp"
#include "os/support.hpp"

namespace berth::os::test {

using Written = PortLedger::Written;

std::string text_of(const std::string& path);

// A folder of its own with `ports.json` in it, or not yet.
class LedgerFolder {
 public:
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }
  [[nodiscard]] std::string file() const { return (path() / "ports.json").string(); }
  [[nodiscard]] std::string lock_file() const { return (path() / "ports.lock").string(); }
  [[nodiscard]] std::string announced() const { return file() + ".lock"; }

  void write(const std::string& text) const;
  void write(const std::vector<LedgerEntry>& entries) const;
  [[nodiscard]] std::string text() const { return text_of(file()); }
  [[nodiscard]] core::LedgerReading reading() const;  // of the file as it is
  [[nodiscard]] std::vector<LedgerEntry> entries() const;
  [[nodiscard]] std::optional<LedgerEntry> entry(Port port) const;
  [[nodiscard]] std::vector<std::string> names() const;  // of all that is in the folder, sorted
  [[nodiscard]] std::vector<std::string> kept() const;   // the damaged files, as paths, sorted

  // For this process; what it logs is in `log`.
  PortLedger open(const std::string& project, bool shared = false);
  std::vector<std::string> log;
  [[nodiscard]] bool logged(const std::string& part) const;

 private:
  Folder folder_;
};

bool has(const std::string& text, const std::string& part);

std::int64_t now_ms();
// A process that sleeps until it is killed.
std::unique_ptr<Fork> sleeper();
// A pid that nobody has any more.
pid_t dead_pid();
// A complete entry of a process as Berth writes it; the heartbeat is of now.
LedgerEntry entry_for(Port port, pid_t pid, const std::string& name = "web");
// One with the five fields that every program writes.
LedgerEntry bare_entry(Port port, pid_t pid, std::int64_t heartbeat);
PortLedger::Instance instance_of(pid_t pid, const std::string& server);

// A supervisor in a process of its own, with one server that listens on its port and says in its environment who it is.
class Neighbour {
 public:
  explicit Neighbour(const LedgerFolder& folder, bool shared = false);

  [[nodiscard]] Port port() const { return port_; }
  [[nodiscard]] pid_t server() const { return server_->pid(); }
  [[nodiscard]] pid_t supervisor() const { return supervisor_->pid(); }
  // A heartbeat, written; what PortLedger::write has answered.
  Written beat();
  // Its server has ended, and nobody was told; the supervisor lives and has the lock.
  void lose_server() { server_.reset(); }
  void end() { supervisor_->kill(); }

 private:
  Port port_ = 0;
  std::unique_ptr<Child> server_;
  Pipe orders_;
  Pipe answers_;
  std::unique_ptr<Fork> supervisor_;
};

// What `body` answers in a fork of this process; `died` when it answered nothing.
std::string said_by_fork(const std::function<std::string()>& body);
// Likewise, as a user whom a folder's mode binds: the test's own unless that is root.
std::string said_by_plain_user(const std::function<std::string()>& body);
inline constexpr unsigned plain_user = 65'533;
// The folder, and all that is in it; where this is not root it is his already.
void give_to_plain_user(const LedgerFolder& folder);

// What PortLedger::open says of a folder in this process: `fine` or what is wrong.
std::string opened(const std::string& file, bool shared = false);

enum class Traced { killed, done, failed, not_possible };
// In a child: `prepare`, then what it answers, which is killed at its n-th entry to or return from a system call.
Traced killed_at(int stop, const std::function<std::function<bool()>()>& prepare);

}  // namespace berth::os::test
