#include "sim/ledger_script.hpp"

#include <algorithm>

#include "sim/ledger_world.hpp"

namespace berth::sim {

namespace {

struct Share {
  LedgerDeed deed;
  std::uint32_t share;
};

constexpr Share shares[] = {
    {LedgerDeed::berth_begins, 13},       {LedgerDeed::berth_goes_down, 3},      {LedgerDeed::berth_is_killed, 9},
    {LedgerDeed::berth_is_stopped, 12},   {LedgerDeed::server_starts, 14},       {LedgerDeed::server_stops, 12},
    {LedgerDeed::server_ends, 8},         {LedgerDeed::berth_tidies, 4},         {LedgerDeed::berth_looks, 3},
    {LedgerDeed::clock_is_set, 5},        {LedgerDeed::machine_sleeps, 2},       {LedgerDeed::machine_boots, 1},
    {LedgerDeed::machine_is_paused, 2},   {LedgerDeed::file_is_damaged, 6},      {LedgerDeed::entry_is_lost, 4},
    {LedgerDeed::entry_is_annotated, 2},  {LedgerDeed::lock_file_is_removed, 2}, {LedgerDeed::disk_is_full, 3},
    {LedgerDeed::file_is_unreadable, 1},  {LedgerDeed::stranger_begins, 5},      {LedgerDeed::stranger_listens, 3},
    {LedgerDeed::foreigner_begins, 3},    {LedgerDeed::foreigner_registers, 8},  {LedgerDeed::foreigner_leaves_port, 4},
    {LedgerDeed::foreigner_is_killed, 4}, {LedgerDeed::foreigner_is_stopped, 4},
};

bool of_foreigners(LedgerDeed deed) {
  return deed == LedgerDeed::foreigner_begins || deed == LedgerDeed::foreigner_registers ||
         deed == LedgerDeed::foreigner_leaves_port || deed == LedgerDeed::foreigner_is_killed ||
         deed == LedgerDeed::foreigner_is_stopped;
}

LedgerDeed draw_deed(Dice& dice, bool with_foreigners) {
  std::uint32_t all = 0;
  for (const Share& share : shares) all += with_foreigners || !of_foreigners(share.deed) ? share.share : 0;
  std::uint32_t roll = dice.below(all);
  for (const Share& share : shares) {
    if (!with_foreigners && of_foreigners(share.deed)) continue;
    if (roll < share.share) return share.deed;
    roll -= share.share;
  }
  return LedgerDeed::berth_tidies;
}

}  // namespace

std::uint64_t LedgerScript::pid_namespace(unsigned berth) const {
  Dice dice(seed_for(seed, 902, berth));
  return containers && dice.chance(50) ? 2 + dice.below(2) : 1;
}

LedgerScript write_ledger_script(std::uint64_t seed) {
  Dice dice(seed_for(seed, 900));
  LedgerScript script;
  script.seed = seed;
  script.berths = dice.between(2, 4);
  script.shared = dice.chance(45);
  script.foreigners = script.shared ? dice.between(1, 2) : 0;
  script.sockets = dice.chance(60);
  script.lowest_pid = dice.chance(50);
  script.containers = dice.chance(40);
  script.ends_in_order = dice.chance(60);
  script.ports = dice.between(3, 8);
  const std::uint32_t span = dice.one_of({20'000U, 120'000U, 300'000U});
  const std::uint32_t count = dice.between(8, 50);
  std::vector<LedgerHappening>& all = script.happenings;
  for (std::uint32_t i = 0; i < count; ++i) {
    LedgerHappening happening{Milliseconds{dice.below(span)}, draw_deed(dice, script.foreigners > 0), 0,
                              static_cast<std::uint32_t>(dice.next() >> 40U),
                              static_cast<std::uint32_t>(dice.next() >> 40U)};
    happening.who = dice.below(64);
    // Things that belong together happen at once more often than chance would have it.
    if (!all.empty() && dice.chance(35)) happening.at = all.back().at + Milliseconds{dice.below(8)};
    all.push_back(happening);
  }
  // In order of time, those of one time as they were drawn.
  for (auto next = all.begin(); next != all.end(); ++next) {
    const auto later = [](const auto& a, const auto& b) { return a.at < b.at; };
    std::rotate(std::upper_bound(all.begin(), next, *next, later), next, next + 1);
  }
  return script;
}

LedgerScript shortest(LedgerScript script, const std::string& law) {
  const auto breaks = [&](const LedgerScript& candidate) {
    const LedgerOutcome outcome = LedgerWorld(candidate, false).run();
    return outcome.broken && outcome.broken->law == law;
  };
  for (bool shorter = true; shorter;) {
    shorter = false;
    for (unsigned berth = 0; berth < script.berths && !shorter; ++berth) {
      LedgerScript candidate = script;
      if (!candidate.absent.insert(berth).second || !breaks(candidate)) continue;
      script = std::move(candidate);
      shorter = true;
    }
    // Large pieces first, then smaller ones.
    for (std::size_t piece = script.happenings.size(); piece > 0 && !shorter; piece /= 2) {
      for (std::size_t at = 0; at < script.happenings.size() && !shorter; at += piece) {
        LedgerScript candidate = script;
        const auto from = candidate.happenings.begin() + static_cast<std::ptrdiff_t>(at);
        const auto to = candidate.happenings.begin() +
                        static_cast<std::ptrdiff_t>(std::min(at + piece, candidate.happenings.size()));
        candidate.happenings.erase(from, to);
        if (!breaks(candidate)) continue;
        script = std::move(candidate);
        shorter = true;
      }
    }
  }
  return script;
}

}  // namespace berth::sim
