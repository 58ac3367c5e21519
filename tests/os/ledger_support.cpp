#include "os/ledger_support.hpp"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>

#include "os/ledger_text.hpp"
#include "os/ledger_witness.hpp"
#include "support/catch.hpp"

namespace berth::os::test {

namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// ---- the folder -----------------------------------------------------------------------------------------------------

void LedgerFolder::write(const std::string& text) const {
  std::ofstream(file()) << text;
}

void LedgerFolder::write(const std::vector<LedgerEntry>& entries) const {
  write(ledger_text({entries, {}}));
}

core::LedgerReading LedgerFolder::reading() const {
  return read_ledger(text());
}

std::vector<LedgerEntry> LedgerFolder::entries() const {
  const auto now = reading();
  INFO(now.damage.value_or(""));
  CHECK_FALSE(now.damage);
  return now.ledger.entries;
}

std::optional<LedgerEntry> LedgerFolder::entry(Port port) const {
  for (const LedgerEntry& one : entries()) {
    if (one.port == port) return one;
  }
  return std::nullopt;
}

std::vector<std::string> LedgerFolder::names() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(path())) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> LedgerFolder::kept() const {
  std::vector<std::string> kept;
  for (const std::string& name : names()) {
    if (name.starts_with("ports.json.corrupt-")) kept.push_back((path() / name).string());
  }
  return kept;
}

PortLedger LedgerFolder::open(const std::string& project, bool shared) {
  auto ledger = PortLedger::open({file(), project, shared, [this](const std::string& line) { log.push_back(line); }});
  if (!ledger) throw std::runtime_error(ledger.error());
  return std::move(*ledger);
}

bool LedgerFolder::logged(const std::string& part) const {
  return std::any_of(log.begin(), log.end(), [&](const std::string& line) { return has(line, part); });
}

// ---- entries --------------------------------------------------------------------------------------------------------

std::int64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::unique_ptr<Fork> sleeper() {
  return std::make_unique<Fork>([] {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  });
}

pid_t dead_pid() {
  Fork child([] {});
  const pid_t pid = child.pid();
  child.kill();
  return pid;
}

LedgerEntry entry_for(Port port, pid_t pid, const std::string& name) {
  const auto identity = identity_of(pid);
  LedgerEntry entry;
  entry.port = port;
  entry.instance_id = "other." + name + ".1";
  entry.pid = pid;
  entry.created_at = 1'790'000'000'000;
  entry.last_heartbeat = now_ms();
  entry.server = name;
  entry.project = "other";
  entry.state = "ready";
  entry.supervisor_pid = pid;
  entry.start_time = identity.start_time;
  entry.boot_id = identity.boot_id;
  entry.pid_namespace = identity.pid_namespace;
  return entry;
}

LedgerEntry bare_entry(Port port, pid_t pid, std::int64_t heartbeat) {
  LedgerEntry entry;
  entry.port = port;
  entry.instance_id = "bare." + std::to_string(port);
  entry.pid = pid;
  entry.created_at = heartbeat;
  entry.last_heartbeat = heartbeat;
  return entry;
}

PortLedger::Instance instance_of(pid_t pid, const std::string& server) {
  return {"test." + server + ".1", pid, 1'790'000'000'000, server, "http://127.0.0.1:1/mcp", "ready"};
}

// ---- the neighbour --------------------------------------------------------------------------------------------------

namespace {

// Something that has a listening socket, and an environment: a socket is as good as a pipe for what it never says.
std::unique_ptr<Child> server_on(const Fd& socket) {
  LaunchRequest request = request_for("/bin/sleep", {"3600"});
  request.environment.insert(request.environment.end(),
                             {"MCP_INSTANCE_ID=next.door.1", "BERTH_SERVER=door", "BERTH_PROJECT=next"});
  request.output = socket.get();
  return std::make_unique<Child>(std::move(request));
}

char answer_of(const Pipe& pipe) {
  char answer = 0;
  return ::read(pipe.read.get(), &answer, 1) == 1 ? answer : '?';
}

}  // namespace

Neighbour::Neighbour(const LedgerFolder& folder, bool shared) {
  const Fd socket = bound_socket("127.0.0.1", 0);
  port_ = port_of(socket);
  server_ = server_on(socket);
  const auto live = [&] {
    auto ledger = PortLedger::open({.file = folder.file(), .project = "next", .shared = shared, .log = {}});
    if (!ledger || !ledger->lease(port_)) return;
    ledger->tell(port_, {"next.door.1", server_->pid(), 1'790'000'000'000, "door", "http://127.0.0.1:1/mcp", "ready"});
    orders_.write.reset();
    for (char order = 0; ::read(orders_.read.get(), &order, 1) == 1;) {
      ledger->beat();
      const char answer = static_cast<char>('0' + static_cast<int>(ledger->write(patience)));
      if (::write(answers_.write.get(), &answer, 1) != 1) return;
    }
  };
  supervisor_ = std::make_unique<Fork>([&] {
    live();
    ::_exit(0);
  });
  answers_.write.reset();
  orders_.read.reset();
  if (beat() != Written::yes) throw std::runtime_error("the neighbour cannot write");
}

Written Neighbour::beat() {
  if (::write(orders_.write.get(), "b", 1) != 1) return Written::failed;
  const char answer = answer_of(answers_);
  return answer == '?' ? Written::failed : static_cast<Written>(answer - '0');
}

// ---- forks ----------------------------------------------------------------------------------------------------------

std::string said_by_fork(const std::function<std::string()>& body) {
  Pipe pipe;
  const Fork child([&] {
    std::string text;
    try {
      text = body();
    } catch (const std::exception& error) {
      text = error.what();
    }
    if (::write(pipe.write.get(), text.data(), text.size()) < 0) ::_exit(1);
  });
  pipe.write.reset();
  const std::string text = read_all(pipe.read);
  return text.empty() ? "died" : text;
}

void give_to_plain_user(const LedgerFolder& folder) {
  if (::geteuid() != 0) return;
  std::ignore = ::lchown(folder.path().c_str(), plain_user, plain_user);
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    std::ignore = ::lchown(entry.path().c_str(), plain_user, plain_user);
  }
}

std::string said_by_plain_user(const std::function<std::string()>& body) {
  if (::geteuid() != 0) return said_by_fork(body);
  return said_by_fork([&] {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(plain_user, plain_user, plain_user) != 0 ||
        ::setresuid(plain_user, plain_user, plain_user) != 0) {
      return std::string("cannot become another user");
    }
    return body();
  });
}

std::string opened(const std::string& file, bool shared) {
  const auto ledger = PortLedger::open({.file = file, .project = "test", .shared = shared, .log = {}});
  return ledger ? "fine" : ledger.error();
}

// ---- killed half-way ------------------------------------------------------------------------------------------------

namespace {

constexpr int no_tracing = 77;

int await(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, __WALL) < 0 && errno == EINTR) continue;
  return status;
}

Traced ended(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == no_tracing) return Traced::not_possible;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? Traced::done : Traced::failed;
}

}  // namespace

Traced killed_at(int stop, const std::function<std::function<bool()>()>& prepare) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto act = prepare();
    if (!act) ::_exit(1);
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(no_tracing);
    ::raise(SIGSTOP);
    ::_exit(act() ? 0 : 1);
  }
  int status = await(pid);
  if (!WIFSTOPPED(status)) return ended(status);
  ::ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  for (int seen = 0; seen < stop;) {
    ::ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr);
    status = await(pid);
    if (!WIFSTOPPED(status)) return ended(status);
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) ++seen;
  }
  ::kill(pid, SIGKILL);
  await(pid);
  return Traced::killed;
}

}  // namespace berth::os::test
