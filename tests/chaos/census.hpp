#pragma once
// One sweep over /proc: which processes of the run there are, whose they are, and who listens where.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace chaos {

// How a process of a run is known.
struct Marks {
  std::string project;
  std::string folder;  // on the command line of Berth and its helpers, in the environment of all
};

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
  char state = '?';
  unsigned long long started = 0;  // ticks since boot
  std::string name;                // as ps shows it
  std::string words;               // the command line, joined by spaces
  std::string instance;            // MCP_INSTANCE_ID
  std::string server;              // by its instance, or by its tag
  bool ours = false;
  [[nodiscard]] bool dead() const { return state == 'Z' || state == 'X'; }
};

class Census {
 public:
  static Census take(const Marks& marks);

  [[nodiscard]] const Process* find(pid_t pid) const;
  [[nodiscard]] bool lives(pid_t pid) const;
  // Live processes that bear a mark of the run, Berth included.
  [[nodiscard]] std::vector<const Process*> ours() const;
  // Live ones of one server: those that descend from `leader`, are of its session, or bear the server's mark.
  [[nodiscard]] std::vector<const Process*> tree(const std::string& server, pid_t leader) const;
  [[nodiscard]] std::vector<const Process*> children(pid_t parent, bool dead) const;

  [[nodiscard]] bool listens(const std::vector<const Process*>& tree, int port) const;
  [[nodiscard]] bool anybody_listens(int port) const;
  // For a message: the processes, and the listeners on the port with their owners as far as known.
  [[nodiscard]] std::string describe(const std::vector<const Process*>& processes) const;
  [[nodiscard]] std::string describe_port(int port) const;

 private:
  std::map<pid_t, Process> processes_;
  std::map<int, std::set<std::uint64_t>> listeners_;  // inodes by port
};

// Sends a signal if the pid still is a process of the run: pids are used again.
bool strike(const Marks& marks, pid_t pid, int signal);

// The children of this program that are dead and not one of `kept` are reaped.
void reap_strangers(const std::set<pid_t>& kept);

}  // namespace chaos
