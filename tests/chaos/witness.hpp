#pragma once
// Takes one `berth status --json` after the other and holds it against the rules and against /proc.

#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "chaos/keeper.hpp"
#include "chaos/report.hpp"
#include "chaos/world.hpp"

namespace chaos {

// What the status says of a server, in the words of the rules.
struct ServerView {
  std::string name;
  std::string state;
  bool wanted_up = false;
  bool ready = false;
  pid_t pid = 0;  // 0: none
  std::optional<int> port;
  std::string url;
  std::string started_at;
  long long starts = 0;
  long long restarts = 0;
  long long failures = 0;
  long long conflicts = 0;
  std::optional<double> next_retry;
  std::string reason;
  std::string last_exit_at;
  std::string json;  // the entry itself
};

struct StatusView {
  pid_t supervisor = 0;
  std::string life;  // pid and start: one life of the supervisor
  double uptime = 0;
  int exit_code = 0;
  std::vector<ServerView> servers;
  long long in_use = 0;
  std::vector<int> dead_ports;

  [[nodiscard]] const ServerView* find(const std::string& name) const;
};

// Throws when a name is missing or has another type: they are a promise.
StatusView read_status(const std::string& text, int exit_code);

// The rules that a document can break by itself, or together with the one before (null at first) of the same life.
using Accuse = std::function<void(const std::string& rule, const ServerView* server, const std::string& what)>;
void check_document(const World& world, const StatusView& now, const StatusView* before, const Accuse& accuse);

class Witness {
 public:
  Witness(const World& world, Keeper& keeper, Report& report) : world_(world), keeper_(keeper), report_(report) {}

  // Does what is due: harvests a status that has come, judges it, asks for the next. Returns at once.
  void step();
  // The supervisor is about to be ended or stopped: what is under way proves nothing.
  void disturbed();
  // No questions until it is resumed.
  void pause();
  void resume();

  // The last document that was judged; null before the first of this life.
  [[nodiscard]] const StatusView* last() const { return last_ ? &*last_ : nullptr; }
  [[nodiscard]] bool asking() const { return asked_ != nullptr; }
  [[nodiscard]] long long judged() const { return judged_; }
  [[nodiscard]] pid_t supervisor() const { return last_ ? last_->supervisor : 0; }

 private:
  struct Suspect {
    std::string token;  // changes when the facts do
    Clock::time_point since;
    long long document = 0;
    std::string evidence;
  };

  void harvest();
  void judge(StatusView status);
  void check_machine(const StatusView& status, const Census& census);
  void check_ready(const ServerView& server, const Census& census);
  void check_leftovers(const ServerView& server, const Census& census);
  void check_instances(const ServerView& server, const Census& census);
  void check_order(const ServerView& server, const StatusView& status);
  void check_progress(const ServerView& server, const StatusView& status);
  void check_helpers(const StatusView& status, const Census& census);
  // Something that may be a race: a violation when the next document, asked for later, shows the very same, and it
  // has been so for `grace`.
  void doubt(const std::string& rule, const ServerView* server, const std::string& subject, bool bad,
             const std::string& token, std::chrono::milliseconds grace, const std::string& what,
             const std::string& facts);
  void accuse(const std::string& rule, const ServerView* server, const std::string& what, const std::string& facts);

  const World& world_;
  Keeper& keeper_;
  Report& report_;
  std::unique_ptr<Command> asked_;
  Clock::time_point next_ = Clock::now();
  bool paused_ = false;
  bool doubtful_ = false;  // what is under way was disturbed
  std::optional<StatusView> last_;
  std::map<std::string, Suspect> suspects_;
  long long judged_ = 0;
};

}  // namespace chaos
