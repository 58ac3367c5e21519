#pragma once
// What a changed configuration means for servers that run: derived from the one table of keys, before anything is done.

#include <berth/config.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::config {

// What becomes of one server. `live`: it goes on as it is, and what has changed holds from now on.
enum class Fate { added, removed, restarted, live, unchanged };
std::string_view to_string(Fate fate);

struct ServerChange {
  std::string name;
  Fate fate = Fate::unchanged;
  std::optional<std::string> was;  // the name that it had
  std::vector<std::string> keys;   // that have changed: "args", "health.interval"; never their values
  std::string note;                // what follows beside that; may be empty
  bool starts = false;             // it was not to be up, and is from now on
  bool stops = false;              // likewise
  bool moves = false;              // its port is fixed for another from now on
};

struct ReloadPlan {
  std::vector<ServerChange> servers;      // in the order of the new file; the removed ones at the end
  std::vector<std::string> live_keys;     // of Berth itself, that hold from now on
  std::vector<std::string> waiting_keys;  // that hold when Berth is started anew

  [[nodiscard]] std::vector<const ServerChange*> of(Fate fate) const;
  // Nothing would happen.
  [[nodiscard]] bool changes_nothing() const;
};

// `berths`: the ports that servers have now, by name. A fixed port is given to its owner also when somebody else has
// it.
ReloadPlan plan_reload(const Config& before, const Config& after, const std::map<std::string, Port>& berths);

// What holds once the plan is carried out: `after`, but for what waits until Berth is started anew.
Config carried_out(const Config& before, Config after);

// One line for each change, and one that counts: "restarted  web (args)".
std::vector<std::string> lines(const ReloadPlan& plan);

}  // namespace berth::config
