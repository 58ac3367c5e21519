#include "sim/shortest.hpp"

#include <algorithm>
#include <variant>

namespace berth::sim {

namespace {

struct Absent {
  unsigned server;
};
struct Tamed {
  std::pair<unsigned, unsigned> launch;
};
struct Skipped {
  std::size_t happening;
};
using Omission = std::variant<Absent, Tamed, Skipped>;

Script without(const Script& script, const std::vector<Omission>& omissions) {
  Script shorter = script;
  std::vector<bool> skipped(script.happenings.size(), false);
  for (const Omission& omission : omissions) {
    if (const auto* absent = std::get_if<Absent>(&omission)) shorter.absent.insert(absent->server);
    if (const auto* tamed = std::get_if<Tamed>(&omission)) shorter.well_behaved.insert(tamed->launch);
    if (const auto* skip = std::get_if<Skipped>(&omission)) skipped[skip->happening] = true;
  }
  shorter.happenings.clear();
  for (std::size_t i = 0; i < skipped.size(); ++i) {
    if (!skipped[i]) shorter.happenings.push_back(script.happenings[i]);
  }
  return shorter;
}

}  // namespace

Script shortest(Script script, const std::string& law) {
  const auto breaks = [&](const Script& candidate) {
    const Outcome outcome = World(candidate, false).run();
    return outcome.broken && outcome.broken->law == law;
  };
  for (bool shorter = true; shorter;) {
    shorter = false;
    std::vector<Omission> parts;
    for (unsigned id = 0; id < script.servers; ++id) {
      if (!script.absent.contains(id)) parts.emplace_back(Absent{id});
    }
    for (std::size_t i = 0; i < script.happenings.size(); ++i) parts.emplace_back(Skipped{i});
    for (const auto& launch : World(script, false).run().ill_behaved) parts.emplace_back(Tamed{launch});
    // Large pieces first, then smaller ones.
    for (std::size_t piece = parts.size(); piece > 0 && !shorter; piece /= 2) {
      for (std::size_t at = 0; at < parts.size(); at += piece) {
        const auto from = parts.begin() + static_cast<std::ptrdiff_t>(at);
        const auto to = parts.begin() + static_cast<std::ptrdiff_t>(std::min(at + piece, parts.size()));
        Script candidate = without(script, {from, to});
        if (!breaks(candidate)) continue;
        script = std::move(candidate);
        shorter = true;
        break;
      }
    }
  }
  return script;
}

}  // namespace berth::sim
