#pragma once
// The file, read once more: what it would change, or what is wrong with it.

#include <berth/config.hpp>
#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "config/reload_plan.hpp"

namespace berth::app {

struct Reload {
  std::string file;
  std::optional<Config> config;  // what would hold from now on; nothing: the file is not valid
  config::ReloadPlan plan;
  std::vector<config::Diagnostic> diagnostics;
  std::vector<std::string> files;  // that were read
};

// `now`: what holds. `project`: of -p. `berths`: see plan_reload. Nothing is changed.
Reload read_again(const Config& now, const std::optional<std::string>& project,
                  const std::map<std::string, Port>& berths);

// { "dry_run", "config", "added": [names], "removed", "restarted", "applied_live", "unchanged", "changes": [...], … }
boost::json::object to_json(const Reload& reload, bool dry_run);

// { "error": { "code": "invalid_config", "message", "diagnostics": [...] } }
boost::json::object refusal_json(const Reload& reload);

}  // namespace berth::app
