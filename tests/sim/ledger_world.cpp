// The loop, and what befalls whom.

#include "sim/ledger_world.hpp"

#include <algorithm>
#include <cstdio>

namespace berth::sim {

using namespace std::chrono_literals;

// ---- actors
// -----------------------------------------------------------------------------------------------------------

Actor::Actor(LedgerWorld& world, std::string its_name, unsigned its_life, std::uint64_t pid_namespace)
    : name(std::move(its_name)),
      life(its_life),
      process(world.machine.begin_process(pid_namespace, its_life)),
      world_(world),
      fiber_([this] { run(); }) {}

void Actor::run() {
  try {
    live();
  } catch (const Killed&) {
  } catch (const std::exception& error) {
    world_.break_law("throws", name + " ended by an exception: " + error.what());
  }
  die(false);
}

void Actor::die(bool killed) {
  if (std::exchange(dead_, true)) return;
  world_.machine.end_process(process);
  leave_the_world(killed);
}

void Actor::be_killed() {
  if (dead_) return;
  world_.tell(name + " is killed");
  die(true);
  if (!fiber_.running()) fiber_.go_on();  // unwinds it
}

bool Actor::sleep_until(Milliseconds time) {
  world_.wake_at(time, *this, ++token_);
  fiber_.stop();
  return !dead_;
}

void Actor::wake(unsigned token) {
  if (token == token_ && !dead_ && !fiber_.ended()) fiber_.go_on();
}

bool Actor::call_quietly(const char* what) {
  if (dead_) return false;
  world_.count_call(*this);
  for (std::size_t i = 0; i < traps_.size(); ++i) {
    if (traps_[i].calls-- > 0) continue;
    const Trap trap = traps_[i];
    traps_.erase(traps_.begin() + static_cast<std::ptrdiff_t>(i--));
    if (trap.kills) {
      world_.tell(name + " is killed before `" + what + "`");
      die(true);
      return false;
    }
    world_.tell(name + " is stopped before `" + what + "` for " + std::to_string(trap.time.count()) + " ms");
    if (!sleep_until(world_.machine.time + trap.time)) return false;
    world_.tell(name + " goes on");
  }
  return true;
}

void Actor::call(const char* what) {
  if (!call_quietly(what)) throw Killed{};
}

void Actor::rest(Milliseconds time) {
  if (!sleep_until(world_.machine.time + time)) throw Killed{};
}

void Actor::idle_until(Milliseconds time) {
  idle_ = true;
  const bool alive = sleep_until(time);
  idle_ = false;
  if (!alive) throw Killed{};
  call("wait");
}

void Actor::nudge() {
  if (idle_ && !dead_) world_.wake_at(world_.machine.time, *this, token_);
}

// ---- the world
// --------------------------------------------------------------------------------------------------------

LedgerWorld::LedgerWorld(const LedgerScript& its_script, bool keep_story)
    : script(its_script),
      machine(its_script.lowest_pid, 1'790'000'000'000),
      berths(its_script.berths),
      foreigners(its_script.foreigners),
      keep_story_(keep_story),
      dice_(seed_for(its_script.seed, 901)) {}

LedgerWorld::~LedgerWorld() {
  keep_story_ = false;
  for (const auto& life : lives) life->be_killed();
}

void LedgerWorld::tell(const std::string& line) {
  for (const char c : line) outcome.story_hash = (outcome.story_hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  if (!keep_story_) return;
  char time[32];
  std::snprintf(time, sizeof(time), "%10.3f  ", static_cast<double>(machine.time.count()) / 1000);
  outcome.story.push_back(time + line);
}

void LedgerWorld::break_law(const std::string& law, const std::string& sentence) {
  if (outcome.broken) return;
  outcome.broken = Broken{law, sentence};
  tell("LAW BROKEN: " + law + ": " + sentence);
}

void LedgerWorld::count_call(const Actor& actor) {
  ++outcome.events;
  machine.next_step();
  if (++calls_at_this_time_ < 100'000) return;
  break_law("hot-loop", actor.name + " does ever more at once");
  throw Killed{};
}

void LedgerWorld::schedule(Milliseconds in, Entry entry) {
  entry.at = machine.time + in;
  entry.order = ++scheduled_;
  agenda_.push(entry);
}

void LedgerWorld::wake_at(Milliseconds time, Actor& actor, unsigned token) {
  schedule(std::max(time - machine.time, 0ms),
           {.at = {}, .what = What::actor_wakes, .who = actor.life, .detail = token});
}

void LedgerWorld::pass(Milliseconds time) {
  const Milliseconds end = machine.time + time;
  while (!outcome.broken && !agenda_.empty() && agenda_.top().at <= end) {
    const Entry entry = agenda_.top();
    agenda_.pop();
    if (entry.at > machine.time) calls_at_this_time_ = 0;
    machine.time = std::max(machine.time, entry.at);
    serve(entry);
  }
  machine.time = std::max(machine.time, end);
}

LedgerOutcome LedgerWorld::run() {
  for (unsigned i = 0; i < script.happenings.size(); ++i) {
    schedule(script.happenings[i].at, {.at = {}, .what = What::happening, .detail = i});
  }
  for (unsigned number = 0; number < script.berths; ++number) {
    if (!script.absent.contains(number)) berth_begins(number, true);
  }
  pass((script.happenings.empty() ? 0ms : script.happenings.back().at) + 35s);
  if (!outcome.broken) end_all();
  outcome.span = machine.time;
  outcome.lives = lives.size();
  return outcome;
}

void LedgerWorld::serve(const Entry& entry) {
  SimProcess* process = entry.process;
  auto* berth = entry.who > 0 ? dynamic_cast<SimBerth*>(lives[entry.who - 1].get()) : nullptr;
  switch (entry.what) {
    case What::happening: happen(script.happenings[entry.detail]); break;
    case What::actor_wakes: lives[entry.who - 1]->wake(entry.detail); break;
    case What::server_listens:
      if (process->alive) machine.listen(entry.port, *process);
      break;
    case What::server_ready:
      // Ready is whose own listener was seen; in one network, a stranger may have been faster.
      if (script.sockets && !machine.listens(entry.port, *process)) break;
      if (process->alive && !berth->dead()) berth->post({Mail::What::ready, entry.port, entry.detail});
      break;
    case What::server_ends:
      if (!process->alive) break;
      machine.end_process(*process);
      tell("server " + process->instance_id + " (pid " + std::to_string(process->pid) + ") ends");
      if (!berth->dead()) berth->post({Mail::What::ended, entry.port, entry.detail});
      break;
    case What::process_ends: machine.end_process(*process); break;
    case What::guardian_ends: machine.close(entry.detail); break;
  }
}

SimBerth& LedgerWorld::berth_begins(unsigned number, bool with_servers) {
  auto life = std::make_unique<SimBerth>(*this, number, static_cast<unsigned>(lives.size() + 1));
  SimBerth& berth = *life;
  lives.push_back(std::move(life));
  berths[number] = &berth;
  tell(berth.name + " begins (pid " + std::to_string(berth.process.pid) + ", namespace " +
       std::to_string(berth.process.pid_namespace) + ")");
  if (with_servers) {
    for (unsigned server = 0; server < 1 + number % 3; ++server) berth.post({Mail::What::start, server});
  }
  berth.begin();
  return berth;
}

void LedgerWorld::server_begins(SimBerth& berth, SimProcess& process, Port port, unsigned server, unsigned run) {
  Dice dice(seed_for(script.seed, 903, berth.life, server * 1000 + run));
  if (dice.chance(85)) {
    schedule(Milliseconds{dice.below(500)},
             {.at = {}, .what = What::server_listens, .who = berth.life, .port = port, .process = &process});
    schedule(Milliseconds{500 + dice.below(500)}, {.at = {},
                                                   .what = What::server_ready,
                                                   .who = berth.life,
                                                   .detail = run,
                                                   .port = static_cast<Port>(server),
                                                   .process = &process});
  }
  if (dice.chance(30)) {
    schedule(Milliseconds{dice.chance(50) ? dice.below(20) : dice.below(60'000)}, {.at = {},
                                                                                   .what = What::server_ends,
                                                                                   .who = berth.life,
                                                                                   .detail = run,
                                                                                   .port = static_cast<Port>(server),
                                                                                   .process = &process});
  }
}

// It has the same lock file open, and so have its locks a longer life than the Berth; most times.
void LedgerWorld::guardian_of(SimBerth& berth) {
  Dice dice(seed_for(script.seed, 904, berth.life));
  const bool has_guardian = dice.chance(75);
  const Milliseconds time{has_guardian ? dice.below(400) : dice.below(150'000)};
  for (const auto& process : machine.processes()) {
    if (process->alive && process->life == berth.life && process.get() != &berth.process) {
      schedule(time, {.at = {}, .what = What::process_ends, .process = process.get()});
    }
  }
  if (has_guardian) {
    schedule(time + Milliseconds{dice.below(50)}, {.at = {}, .what = What::guardian_ends, .detail = berth.description});
  } else {
    machine.close(berth.description);
  }
}

void LedgerWorld::happen(const LedgerHappening& happening) {
  tell(to_string(happening));
  happen_to_berth(happening);
  happen_to_foreigner(happening);
  happen_to_file(happening);
  const Dice seeded(seed_for(script.seed, 905, happening.how, happening.more));
  Dice dice = seeded;
  switch (happening.deed) {
    case LedgerDeed::clock_is_set: {
      const auto by = dice.one_of({Milliseconds(2h), Milliseconds(-2h), Milliseconds(70s), Milliseconds(-70s),
                                   Milliseconds(24h * 400), Milliseconds(-24h * 400), Milliseconds(500ms)});
      machine.set_clock_by(by);
      break;
    }
    case LedgerDeed::machine_sleeps: machine.set_clock_by(dice.one_of({Milliseconds(90s), Milliseconds(8h)})); break;
    case LedgerDeed::machine_is_paused: machine.pause(dice.one_of({Milliseconds(90s), Milliseconds(10min)})); break;
    case LedgerDeed::machine_boots: boot_anew(); break;
    case LedgerDeed::stranger_begins: {
      const unsigned many = 1 + dice.below(3);
      for (unsigned i = 0; i < many; ++i) {
        auto& process = machine.begin_process(1 + dice.below(script.containers ? 3 : 1), 0);
        schedule(Milliseconds{dice.below(90'000)}, {.at = {}, .what = What::process_ends, .process = &process});
      }
      break;
    }
    case LedgerDeed::stranger_listens: {
      auto& process = machine.begin_process(1, 0);
      const auto port = static_cast<Port>(script.first + happening.who % script.ports);
      if (!script.sockets || !bound.contains(port)) machine.listen(port, process);
      schedule(Milliseconds{dice.below(60'000)}, {.at = {}, .what = What::process_ends, .process = &process});
      break;
    }
    default: break;
  }
}

void LedgerWorld::happen_to_berth(const LedgerHappening& happening) {
  const unsigned number = happening.who % script.berths;
  if (script.absent.contains(number)) return;
  SimBerth* berth = berths[number];
  const bool lives_now = berth != nullptr && !berth->dead();
  const unsigned server = happening.how % 3;
  if (happening.deed == LedgerDeed::berth_begins && !lives_now) berth_begins(number, happening.how % 4 != 0);
  if (!lives_now) return;
  Dice dice(seed_for(script.seed, 906, happening.how, happening.more));
  switch (happening.deed) {
    case LedgerDeed::berth_goes_down: return berth->post({Mail::What::go_down});
    case LedgerDeed::berth_is_killed: return berth->will_be_killed(dice.chance(50) ? dice.below(40) : dice.below(200));
    case LedgerDeed::berth_is_stopped: {
      const auto time = dice.one_of({1ms, 5ms, 20ms, 300ms, 10'000ms, 65'000ms, 150'000ms});
      // Several in a row, for it is the middle of a write that matters.
      for (unsigned calls = dice.below(30), more = 1 + dice.below(4); more > 0; --more, calls += 1 + dice.below(9)) {
        berth->will_be_stopped(calls, more == 1 ? time : Milliseconds{dice.below(30)});
      }
      return;
    }
    case LedgerDeed::server_starts: return berth->post({Mail::What::start, server});
    case LedgerDeed::server_stops: return berth->post({Mail::What::stop, server});
    case LedgerDeed::berth_tidies: return berth->post({Mail::What::tidy});
    case LedgerDeed::berth_looks: return berth->post({Mail::What::look});
    case LedgerDeed::server_ends:
      for (const auto& process : machine.processes()) {
        if (!process->alive || process->life != berth->life || process.get() == &berth->process) continue;
        machine.end_process(*process);
        tell("server " + process->instance_id + " (pid " + std::to_string(process->pid) + ") ends");
        return berth->post({Mail::What::ended, 99, 0});
      }
      return;
    default: return;
  }
}

void LedgerWorld::happen_to_foreigner(const LedgerHappening& happening) {
  if (script.foreigners == 0) return;
  const unsigned number = happening.who % script.foreigners;
  Foreigner* foreigner = foreigners[number];
  const bool lives_now = foreigner != nullptr && !foreigner->dead();
  const bool begins =
      happening.deed == LedgerDeed::foreigner_begins || happening.deed == LedgerDeed::foreigner_registers;
  if (begins && !lives_now) {
    auto life = std::make_unique<Foreigner>(*this, number, static_cast<unsigned>(lives.size() + 1));
    foreigner = foreigners[number] = life.get();
    lives.push_back(std::move(life));
    tell(foreigner->name + " begins (pid " + std::to_string(foreigner->process.pid) + ")");
    foreigner->wants_port();
    foreigner->begin();
    return;
  }
  if (!lives_now) return;
  Dice dice(seed_for(script.seed, 907, happening.how, happening.more));
  if (happening.deed == LedgerDeed::foreigner_registers) foreigner->wants_port();
  if (happening.deed == LedgerDeed::foreigner_leaves_port) foreigner->gives_up_port();
  if (happening.deed == LedgerDeed::foreigner_is_killed) foreigner->will_be_killed(dice.below(12));
  if (happening.deed == LedgerDeed::foreigner_is_stopped) {
    foreigner->will_be_stopped(dice.below(12), dice.one_of({5ms, 300ms, 15'000ms, 65'000ms, 150'000ms}));
  }
}

void LedgerWorld::happen_to_file(const LedgerHappening& happening) {
  auto& entries = machine.file.ledger.entries;
  const Milliseconds time{happening.how % 3 == 0 ? 65'000 : happening.more % 5'000};
  switch (happening.deed) {
    case LedgerDeed::file_is_damaged: return damage_file(happening.how, happening.more);
    case LedgerDeed::entry_is_lost:
      if (!entries.empty())
        entries.erase(entries.begin() + happening.how % static_cast<std::ptrdiff_t>(entries.size()));
      return;
    case LedgerDeed::entry_is_annotated:
      if (!entries.empty()) entries[happening.how % entries.size()].others = R"({"note":"by hand"})";
      if (happening.more % 2 == 0) machine.file.ledger.others = R"({"version":1})";
      return;
    case LedgerDeed::lock_file_is_removed:
      machine.lock_file = 0;
      lock_file_was_removed = true;
      return;
    case LedgerDeed::disk_is_full: machine.disk_full_until = machine.time + time; return;
    case LedgerDeed::file_is_unreadable: machine.unreadable_until = machine.time + time; return;
    default: return;
  }
}

void LedgerWorld::damage_file(std::uint32_t how, std::uint32_t more) {
  auto& file = machine.file;
  auto& entries = file.ledger.entries;
  switch (how % 5) {
    case 0: file = {.written = file.written, .written_under = file.written_under}; return;
    case 1:
      file.ledger = {};
      file.damage = "it is empty";
      break;
    case 2:
      entries.resize(entries.empty() ? 0 : more % entries.size());
      file.ledger.others.clear();
      file.damage = "it is not JSON";
      break;
    case 3:
      file.ledger = {};
      file.damage = "it has no list `instances`";
      break;
    default:
      std::erase_if(entries, [&](const LedgerEntry& entry) { return (entry.port + more) % 3 == 0; });
      file.damage = "entry 1 is no object";
      break;
  }
  file.exists = true;
}

void LedgerWorld::boot_anew() {
  for (std::size_t i = 0; i < lives.size(); ++i) lives[i]->be_killed();
  for (const auto& life : lives) {
    if (const auto* berth = dynamic_cast<SimBerth*>(life.get())) machine.close(berth->description);
  }
  machine.boot_anew();
  for (unsigned number = 0; number < script.berths; ++number) {
    if (!script.absent.contains(number) && dice_.chance(70)) berth_begins(number, true);
  }
}

// All go down in order or are killed, and then one comes that only looks.
void LedgerWorld::end_all() {
  tell(script.ends_in_order ? "the end: all go down" : "the end: all are killed");
  machine.disk_full_until = machine.unreadable_until = machine.time;
  for (std::size_t i = 0; i < lives.size(); ++i) {
    auto* berth = dynamic_cast<SimBerth*>(lives[i].get());
    auto* foreigner = dynamic_cast<Foreigner*>(lives[i].get());
    if (berth != nullptr && !berth->dead())
      script.ends_in_order ? berth->post({Mail::What::go_down}) : berth->be_killed();
    if (foreigner != nullptr && !foreigner->dead()) script.ends_in_order ? foreigner->ends() : foreigner->be_killed();
  }
  pass(400s);  // the longest stop, and what is retried
  if (!outcome.broken) check_end(script.ends_in_order);
}

std::string to_string(const LedgerHappening& happening) {
  static const std::map<LedgerDeed, const char*> names{
      {LedgerDeed::berth_begins, "a Berth begins"},
      {LedgerDeed::berth_goes_down, "a Berth goes down"},
      {LedgerDeed::berth_is_killed, "a Berth will be killed"},
      {LedgerDeed::berth_is_stopped, "a Berth will be stopped"},
      {LedgerDeed::server_starts, "a server starts"},
      {LedgerDeed::server_stops, "a server stops"},
      {LedgerDeed::server_ends, "a server ends"},
      {LedgerDeed::berth_tidies, "a Berth tidies"},
      {LedgerDeed::berth_looks, "a Berth looks"},
      {LedgerDeed::clock_is_set, "the clock is set"},
      {LedgerDeed::machine_sleeps, "the machine sleeps"},
      {LedgerDeed::machine_is_paused, "the machine is paused"},
      {LedgerDeed::machine_boots, "the machine boots"},
      {LedgerDeed::file_is_damaged, "the file is damaged"},
      {LedgerDeed::entry_is_lost, "an entry is lost"},
      {LedgerDeed::entry_is_annotated, "an entry is annotated"},
      {LedgerDeed::lock_file_is_removed, "the lock file is removed"},
      {LedgerDeed::disk_is_full, "the disk is full"},
      {LedgerDeed::file_is_unreadable, "the file is unreadable"},
      {LedgerDeed::foreigner_begins, "a foreigner begins"},
      {LedgerDeed::foreigner_registers, "a foreigner registers a port"},
      {LedgerDeed::foreigner_leaves_port, "a foreigner leaves a port"},
      {LedgerDeed::foreigner_is_killed, "a foreigner will be killed"},
      {LedgerDeed::foreigner_is_stopped, "a foreigner will be stopped"},
      {LedgerDeed::stranger_begins, "strangers begin"},
      {LedgerDeed::stranger_listens, "a stranger listens"}};
  return std::string("-- ") + names.at(happening.deed) + " (" + std::to_string(happening.who) + ", " +
         std::to_string(happening.how) + ")";
}

}  // namespace berth::sim
