#pragma once
// The unit of a project in this user's systemd: what it should say, and what is there.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "cli/unit_file.hpp"

namespace berth::cli {

struct ServiceUnit {
  std::string name;  // berth-PROJECT.service
  std::string path;  // in $XDG_CONFIG_HOME/systemd/user

  enum class There { nothing, ours, foreign };
  There there = There::nothing;
  std::string text;  // of one that is ours
};

// Reads it. One that is a link (a masked unit, say) is foreign.
ServiceUnit look_at_unit(const std::string& project);

// The whole file, or the old one. `secret`: for nobody else to read. Throws Stop (1).
void write_unit(const ServiceUnit& unit, const std::string& text, bool secret);

struct WantedUnit {
  std::string text;
  bool secret = false;  // it holds the value of a variable that looks secret
  std::vector<std::string>
      missing;  // that the configuration takes from this shell, look secret, and were not asked for
};

// Reads the configuration: prints what is wrong with it, throws Stop (2). `manager`: what units have anyway. `pass`:
// variables to be handed on whatever they look like; throws Stop (2) when one is not set.
WantedUnit wanted_unit(const Context& context, const std::map<std::string, std::string>& manager,
                       const std::vector<std::string>& pass);

}  // namespace berth::cli
