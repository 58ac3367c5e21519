#include "ledger/run.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <thread>
#include <vector>

#include "chaos/dice.hpp"
#include "ledger/old_protocol.hpp"
#include "ledger/parts.hpp"
#include "os/ledger_text.hpp"
#include "support/ports.hpp"

namespace ledger {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

enum class Kind { supervisor, peer, reader };

struct Child {
  Kind kind = Kind::supervisor;
  int slot = 0;
  bool killed = false;
  bool stopped = false;
  Clock::time_point resume{};
};

class Run {
 public:
  Run(const Options& options, Place place, std::uint64_t seed)
      : options_(options), place_(std::move(place)), board_(new_board()), dice_(seed), seed_(seed) {
    if (options_.shared) peers_ = options_.processes / 10 + 2;
  }

  void go() {
    for (int slot = 0; slot < options_.processes; ++slot) start(Kind::supervisor, slot);
    for (int i = 0; i < peers_; ++i) start(Kind::peer, options_.processes + i);
    for (int i = 0; i < 2; ++i) start(Kind::reader, 0);
    const auto until = Clock::now() + 60s + std::chrono::seconds(options_.stop_seconds) * 10 +
                       std::chrono::milliseconds(300) * options_.processes * options_.rounds;
    while (!done()) {
      harvest();
      resume_some(false);
      disturb();
      if (Clock::now() > until) {
        place_.accuse("the rounds do not come to an end");
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(dice_.between(1, 10)));
    }
    board_.over = true;
    resume_some(true);
    while (!children_.empty() && Clock::now() < until + 60s) {
      harvest();
      std::this_thread::sleep_for(1ms);
    }
    for (const auto& [pid, child] : children_) {
      place_.accuse("process " + std::to_string(pid) + " does not end");
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    check_end();
  }

  [[nodiscard]] std::string summary() const {
    return std::to_string(killed_) + " killed (" + std::to_string(killed_writers_) + " who wrote), " +
           std::to_string(stopped_) + " stopped (" + std::to_string(stopped_writers_) + " who wrote), " +
           std::to_string(board_.looks) + " looks of readers, " + std::to_string(board_.refused) + " refused, " +
           std::to_string(board_.contested) + " contested, " + std::to_string(board_.busy) + " busy, " +
           std::to_string(board_.gave_up) + " peers gave up, slowest " + std::to_string(board_.slowest_ms) + " ms";
  }

 private:
  void start(Kind kind, int slot) {
    const auto seed = seed_ * 1'000'003U + ++started_;
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("cannot fork");
    if (pid > 0) {
      children_[pid] = {kind, slot};
      return;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    auto& own = board_.slots[slot];
    if (kind == Kind::supervisor) be_supervisor(place_, board_, own, options_.rounds, seed);
    if (kind == Kind::peer) be_peer(place_, board_, own, seed);
    be_reader(place_, board_);
  }

  // Peers, who ask every 50 ms, do fewer rounds.
  [[nodiscard]] bool done() const {
    for (int slot = 0; slot < options_.processes + peers_; ++slot) {
      const int wanted = slot < options_.processes ? options_.rounds : options_.rounds / 5 + 1;
      if (board_.slots[slot].rounds < wanted) return false;
    }
    return true;
  }

  [[nodiscard]] int rounds_done() const {
    int sum = 0;
    for (const auto& slot : board_.slots) sum += slot.rounds;
    return sum;
  }

  void harvest() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      const auto found = children_.find(pid);
      if (found == children_.end()) continue;
      const Child child = found->second;
      children_.erase(found);
      const bool on_purpose = child.killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
      const bool peer_died = child.kind == Kind::peer && WIFEXITED(status) && WEXITSTATUS(status) == died_on_purpose;
      if (on_purpose || peer_died) {
        board_.slots[child.slot].lock_file = -1;
        if (!board_.over) start(child.kind, child.slot);
      } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        place_.accuse("process " + std::to_string(pid) + " has ended with status " + std::to_string(status));
      }
    }
  }

  void resume_some(bool all) {
    for (auto& [pid, child] : children_) {
      if (!child.stopped || (!all && Clock::now() < child.resume)) continue;
      child.stopped = false;
      ::kill(pid, SIGCONT);
    }
  }

  // The byte of the writer is locked by this one, as the kernel tells it: a death there is the most interesting.
  [[nodiscard]] bool writes(pid_t pid, const Child& child) const {
    const int file = board_.slots[child.slot].lock_file;
    if (file < 0) return false;
    const auto info = read_whole("/proc/" + std::to_string(pid) + "/fdinfo/" + std::to_string(file)).value_or("");
    for (std::size_t at = info.find("OFDLCK"); at != std::string::npos; at = info.find("OFDLCK", at + 1)) {
      const auto line = info.substr(at, info.find('\n', at) - at);
      if (line.find("WRITE") != std::string::npos && line.ends_with(" 0 0")) return true;
    }
    return false;
  }

  void disturb() {
    // By what has been done, not only by time: on a slow machine nobody would ever come to an end else.
    const bool allowed = killed_ + stopped_ < 5 + rounds_done() / 4;
    const bool kill = allowed && dice_.chance(10);
    const bool stop = allowed && !kill && options_.stop_seconds > 0 && dice_.chance(10);
    if (!kill && !stop) return;
    std::vector<pid_t> able;
    int asleep = 0;
    for (const auto& [pid, child] : children_) {
      asleep += child.stopped ? 1 : 0;
      if (child.kind == Kind::supervisor && !child.killed && (kill || !child.stopped)) able.push_back(pid);
    }
    if (able.empty() || (stop && asleep > options_.processes / 4)) return;
    pid_t victim = dice_.pick(able);
    bool writer = false;
    if (dice_.chance(kill ? 40 : 15)) {
      for (const pid_t pid : able) {
        if (!writes(pid, children_[pid])) continue;
        victim = pid;
        writer = true;
        break;
      }
    }
    Child& child = children_[victim];
    if (kill) {
      child.killed = true;
      ::kill(victim, SIGKILL);
      ++killed_;
      killed_writers_ += writer ? 1 : 0;
      return;
    }
    // Mostly for a moment; one who writes keeps all others from it meanwhile.
    const int longest = options_.stop_seconds * 1000;
    const int milliseconds =
        dice_.chance(writer ? 5 : 20) ? dice_.between(longest / 2, longest) : dice_.between(1, 300);
    child.stopped = true;
    child.resume = Clock::now() + std::chrono::milliseconds(milliseconds);
    ::kill(victim, SIGSTOP);
    ++stopped_;
    stopped_writers_ += writer ? 1 : 0;
  }

  void check_end() {
    if (options_.shared) {
      // Of a peer that died only its pid is known: Berth waits a minute before it believes that, peers do not.
      int port = 0;
      const OldProtocol protocol(place_.file());
      tidy();  // the lock of one that was killed
      if (protocol.allocate(place_.first_port, place_.first_port + place_.ports - 1, port) != OldProtocol::Done::yes ||
          protocol.release(port) != OldProtocol::Done::yes) {
        place_.accuse("a peer cannot write at the end");
      }
    }
    tidy();
    const auto text = read_whole(place_.file());
    const auto reading = berth::os::read_ledger(text.value_or(""));
    if (!text || reading.damage) place_.accuse("the ledger is missing or damaged at the end");
    if (!reading.ledger.entries.empty()) place_.accuse("instances are left: " + text.value_or(""));
    check_no_lock();
    for (const auto& entry : std::filesystem::directory_iterator(place_.folder + "/ledger")) {
      const std::string name = entry.path().filename().string();
      const bool expected = name == "ports.json" || name == "ports.lock" || (name == "ports.json.new" && killed_ > 0);
      if (!expected) place_.accuse("`" + name + "` is left");
    }
  }

  void tidy() const {
    auto ledger = berth::PortLedger::open(
        {.file = place_.file(), .project = "end", .shared = place_.shared, .log = [](const std::string&) {}});
    if (!ledger) return place_.accuse("cannot open the ledger at the end: " + ledger.error());
    const auto until = Clock::now() + 60s;
    auto written = ledger->tidy(1s);
    while (written == berth::PortLedger::Written::busy && Clock::now() < until) written = ledger->tidy(1s);
    if (written == berth::PortLedger::Written::busy) place_.accuse("somebody writes for ever: " + ledger->trouble());
    if (written == berth::PortLedger::Written::failed) place_.accuse("cannot tidy: " + ledger->trouble());
  }

  void check_no_lock() const {
    const int file = ::open((place_.folder + "/ledger/ports.lock").c_str(), O_RDWR | O_CLOEXEC);
    struct flock question {};
    question.l_type = F_WRLCK;
    question.l_whence = SEEK_SET;  // all of it
    if (::fcntl(file, F_OFD_GETLK, &question) != 0 || question.l_type != F_UNLCK) {
      place_.accuse("byte " + std::to_string(question.l_start) + " is locked at the end");
    }
    ::close(file);
  }

  const Options& options_;
  Place place_;
  Board& board_;
  chaos::Dice dice_;
  std::uint64_t seed_;
  std::uint64_t started_ = 0;
  int peers_ = 0;
  std::map<pid_t, Child> children_;
  int killed_ = 0;
  int killed_writers_ = 0;
  int stopped_ = 0;
  int stopped_writers_ = 0;
};

}  // namespace

bool run(const Options& options, int repetition, std::uint64_t seed) {
  std::string folder = options.folder + "/berth-ledger-stress-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("cannot make a folder in " + options.folder);
  for (const char* name : {"/ledger", "/witness"}) std::filesystem::create_directory(folder + name);
  const auto ports = harness::free_port_range(options.ports);
  Run run(options, {folder, ports.first(), options.ports, options.shared, repetition % 2 == 1}, seed);
  const auto began = Clock::now();
  run.go();
  const auto seconds = static_cast<double>((Clock::now() - began) / 10ms) / 100;
  const auto findings = read_whole(folder + "/findings");
  std::cout << "repetition " << repetition << ", seed " << seed << ": " << seconds
            << (repetition % 2 == 1 ? " s with sockets, " : " s without, ") << run.summary() << "; "
            << (findings ? "LAWS WERE BROKEN" : "nothing found") << std::endl;
  if (findings) std::cout << *findings << "the folder is " << folder << std::endl;
  if (!findings && !options.keep) std::filesystem::remove_all(folder);
  return !findings;
}

}  // namespace ledger
