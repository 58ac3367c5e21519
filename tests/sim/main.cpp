// berth_sim: seeds until one breaks a law, or the time is over; or one seed, told; or the growth with the size.

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "sim/ledger_world.hpp"
#include "sim/shortest.hpp"
#include "sim/world.hpp"

namespace {

using namespace berth::sim;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Told whole; 1 when it breaks a law. `of`: what its events are.
template <class AnyWorld, class AnyScript>
int tell_seed(std::uint64_t seed, const AnyScript& script, const char* of) {
  const auto outcome = AnyWorld(script, true).run();
  for (const std::string& line : outcome.story) std::cout << line << '\n';
  std::printf("seed %llu: %llu %s, story %016llx\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(outcome.events), of, static_cast<unsigned long long>(outcome.story_hash));
  return outcome.broken ? 1 : 0;
}

template <class AnyWorld, class AnyScript>
void tell_shortest(std::uint64_t seed, const Broken& broken, const AnyScript& script) {
  std::cout << "seed " << seed << " breaks the law `" << broken.law << "`: " << broken.sentence
            << "\nThe shortest story that does:\n";
  const AnyScript brief = shortest(script, broken.law);
  const auto outcome = AnyWorld(brief, true).run();
  for (const std::string& line : outcome.story) std::cout << line << '\n';
}

int run_seeds(std::uint64_t first, std::uint64_t count, double most_seconds, unsigned most_broken) {
  const auto start = Clock::now();
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::uint64_t launches = 0;
  std::uint64_t stories = 0;
  double hours = 0;
  unsigned broken = 0;
  for (; seeds < count && seconds_since(start) < most_seconds && broken < most_broken; ++seeds) {
    const Outcome outcome = World(write_script(first + seeds), false).run();
    events += outcome.events;
    launches += outcome.launches;
    stories = mixed(stories ^ outcome.story_hash);
    hours += std::chrono::duration<double, std::ratio<3600>>(outcome.span).count();
    if (!outcome.broken) continue;
    ++broken;
    tell_shortest<World>(first + seeds, *outcome.broken, write_script(first + seeds));
  }
  std::printf(
      "%llu seeds from %llu, %llu events, %llu launches, %.0f hours of virtual time, in %.1f s; "
      "%u broken; stories %016llx\n",
      static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(first),
      static_cast<unsigned long long>(events), static_cast<unsigned long long>(launches), hours, seconds_since(start),
      broken, static_cast<unsigned long long>(stories));
  return broken == 0 ? 0 : 1;
}

// Many Berths at one ledger.
int run_ledger_seeds(std::uint64_t first, std::uint64_t count, double most_seconds, unsigned most_broken) {
  const auto start = Clock::now();
  std::uint64_t seeds = 0;
  std::uint64_t calls = 0;
  std::uint64_t writes = 0;
  std::uint64_t lives = 0;
  std::uint64_t stories = 0;
  double hours = 0;
  unsigned broken = 0;
  for (; seeds < count && seconds_since(start) < most_seconds && broken < most_broken; ++seeds) {
    const LedgerScript script = write_ledger_script(first + seeds);
    const LedgerOutcome outcome = LedgerWorld(script, false).run();
    calls += outcome.events;
    writes += outcome.writes;
    lives += outcome.lives;
    stories = mixed(stories ^ outcome.story_hash);
    hours += std::chrono::duration<double, std::ratio<3600>>(outcome.span).count();
    if (!outcome.broken) continue;
    ++broken;
    tell_shortest<LedgerWorld>(first + seeds, *outcome.broken, write_ledger_script(first + seeds));
  }
  std::printf(
      "%llu seeds from %llu, %llu calls, %llu writes, %llu lives, %.0f hours of virtual time, in %.1f s; "
      "%u broken; stories %016llx\n",
      static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(first),
      static_cast<unsigned long long>(calls), static_cast<unsigned long long>(writes),
      static_cast<unsigned long long>(lives), hours, seconds_since(start), broken,
      static_cast<unsigned long long>(stories));
  return broken == 0 ? 0 : 1;
}

// What governor, lives and desk take, without the configs, which they share with whoever loaded them.
double core_bytes_per_server(unsigned servers) {
  const Script script = write_large_script(1, servers, 0);
  std::vector<std::shared_ptr<const berth::ServerConfig>> configs;
  for (unsigned id = 0; id < servers; ++id) configs.push_back(script.config(id));
  const auto before = ::mallinfo2();
  const berth::core::Governor governor({}, configs, true, 1);
  const auto after = ::mallinfo2();
  return static_cast<double>(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / servers;
}

// Time and memory of the core for one size.
int run_large(unsigned servers, std::uint64_t events) {
  // About one event a server and minute.
  const auto minutes = std::clamp<std::uint64_t>(2 * events / servers, 60, 60'000);
  const auto script = write_large_script(1, servers, static_cast<unsigned>(minutes));
  const auto start = Clock::now();
  World world(script, false);
  const double built = seconds_since(start);
  const Outcome outcome = world.run(events);
  const double took = seconds_since(start) - built;
  std::printf(
      "%8u servers  %9llu events  %8llu launches  %7.1f min  %7.2f s  %7.2f us/event  %6.0f bytes/server\n", servers,
      static_cast<unsigned long long>(outcome.events), static_cast<unsigned long long>(outcome.launches),
      std::chrono::duration<double, std::ratio<60>>(outcome.span).count(), took,
      1e6 * took / static_cast<double>(std::max<std::uint64_t>(1, outcome.events)), core_bytes_per_server(servers));
  std::fflush(stdout);
  if (outcome.broken) std::cout << outcome.broken->law << ": " << outcome.broken->sentence << '\n';
  return outcome.broken ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Runs Berth's core in simulated worlds in which everything goes wrong."};
  std::uint64_t first = 1;
  std::uint64_t count = ~std::uint64_t{0};
  double seconds = 60;
  unsigned broken = 1;
  std::uint64_t told = 0;
  unsigned servers = 10'000;
  std::uint64_t events = 1'000'000;
  app.add_option("--from", first, "The first seed")->capture_default_str();
  app.add_option("--seeds", count, "How many seeds (as many as there is time for)");
  app.add_option("--seconds", seconds, "For how long, at most")->capture_default_str();
  app.add_option("--broken", broken, "Stop after this many broken laws")->capture_default_str();
  auto* tell = app.add_option("--tell", told, "Tell the whole story of one seed");
  bool large = false;
  bool growth = false;
  app.add_flag("--large", large, "One large world: --servers and --events");
  app.add_option("--servers", servers, "Of the large world")->capture_default_str();
  app.add_option("--events", events, "Of the large world")->capture_default_str();
  app.add_flag("--growth", growth, "Time and memory from 100 to 100,000 servers, --events events each");
  bool ledger = false;
  app.add_flag("--ledger", ledger, "Many Berths at one port ledger; with --from, --seeds, --seconds, --broken, --tell");
  CLI11_PARSE(app, argc, argv);

  if (ledger)
    return *tell ? tell_seed<LedgerWorld>(told, write_ledger_script(told), "calls")
                 : run_ledger_seeds(first, count, seconds, broken);
  if (*tell) return tell_seed<World>(told, write_script(told), "events");
  if (large) return run_large(servers, events);
  if (!growth) return run_seeds(first, count, seconds, broken);
  int worst = 0;
  for (const unsigned size : {100U, 1'000U, 10'000U, 100'000U}) worst = std::max(worst, run_large(size, events));
  return worst;
}
