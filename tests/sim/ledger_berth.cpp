// A Berth with its ledger and its port desk, and the host that it calls.

#include <algorithm>

#include "sim/ledger_world.hpp"

namespace berth::sim {

using namespace std::chrono_literals;

// As os::LedgerPlace does it, call by call.
class SimHost : public core::LedgerHost {
 public:
  SimHost(LedgerWorld& world, SimBerth& berth) : world_(world), machine_(world.machine), berth_(berth) {}

  Lock lock_port(Port port) override {
    berth_.call("lock_port");
    const bool got = machine_.lock(berth_.lock_file, port, berth_.description);
    if (!got && port == berth_.asked_for) berth_.saw_another = true;
    if (const auto lease = berth_.wanted.find(port); lease != berth_.wanted.end()) lease->second.refused_lock = !got;
    return got ? Lock::got : Lock::busy;
  }
  void unlock_port(Port port) override {
    berth_.call("unlock_port");
    world_.check_unlock(berth_, port);
    machine_.unlock(berth_.lock_file, port, berth_.description);
  }
  bool others_lock(Port port) override {
    berth_.call("others_lock");
    return machine_.others_lock(berth_.lock_file, port, berth_.description) != nullptr;
  }
  std::vector<Port> ports_others_lock() override {
    berth_.call("ports_others_lock");
    return machine_.ports_locked(berth_.lock_file, berth_.description, true);
  }
  bool locks_were_lost() override {
    berth_.call("locks_were_lost");
    if (machine_.lock_file == berth_.lock_file) return false;
    if (machine_.lock_file == 0) machine_.make_lock_file();
    machine_.close(berth_.description);
    berth_.description = ++world_.descriptions;
    berth_.lock_file = machine_.lock_file;
    berth_.renewed = true;
    world_.tell(berth_.name + " opens the lock file anew");
    return true;
  }
  [[nodiscard]] int lock_descriptor() const override { return static_cast<int>(berth_.description); }

  Lock enter(std::chrono::milliseconds patience, std::string& why) override {
    berth_.call("enter");
    berth_.visit.tried = true;
    const Milliseconds until = machine_.time + patience;
    while (!machine_.lock(berth_.lock_file, LedgerMachine::writer, berth_.description)) {
      why = "another supervisor is writing";
      if (machine_.time >= until) return Lock::busy;
      berth_.rest(1ms);
    }
    if (world_.script.shared) {
      berth_.call("announce");
      while (!announce()) {
        why = "another program is writing";
        if (machine_.time >= until) return leave_again(Lock::busy);
        berth_.rest(5ms);
      }
      if (machine_.time < machine_.disk_full_until) {
        machine_.announced = {};
        why = "no space left on device";
        return leave_again(Lock::broken);
      }
    }
    world_.check_enter(berth_);
    return Lock::got;
  }
  void leave() override {
    if (!berth_.call_quietly("leave")) return;
    world_.check_leave(berth_);
    if (announced_is_ours()) machine_.announced = {};
    machine_.unlock(berth_.lock_file, LedgerMachine::writer, berth_.description);
  }

  const core::LedgerRead& read() override {
    berth_.call("read");
    berth_.last_reading = {};
    if (machine_.time < machine_.unreadable_until) return last_ = Unexpected<std::string>("cannot read the ledger");
    core::LedgerReading reading{machine_.file.ledger, machine_.file.damage, machine_.file.exists};
    berth_.last_reading = reading;
    world_.check_read(berth_);
    if (berth_.visit.inside) {
      berth_.visit.has_read = true;
      berth_.visit.reading = reading;
      berth_.visit.version = machine_.file.written;
    }
    return last_ = reading;
  }
  Expected<std::string, std::string> replace(const Ledger& ledger, bool keep_old) override {
    berth_.call("replace");
    if (machine_.time < machine_.disk_full_until) return Unexpected<std::string>("no space left on device");
    if (world_.script.shared && !announced_is_ours()) {
      world_.tell(berth_.name + " has lost FILE.lock to an impatient one");
      return Unexpected<std::string>("the lock was taken away");
    }
    world_.check_replace(berth_, ledger, keep_old);
    ++world_.outcome.writes;
    machine_.write_file(ledger, berth_.lock_file);
    berth_.visit.replaced = true;
    return keep_old ? "ports.json.corrupt" : "";
  }

  core::Life life_of(const LedgerEntry& entry) override {
    using core::Life;
    berth_.call("life_of");
    const SimProcess& self = berth_.process;
    if (!entry.boot_id.empty() && entry.boot_id != self.boot) return Life::gone;
    if (entry.pid_namespace != 0 && entry.pid_namespace != self.pid_namespace) return Life::unknown;
    const SimProcess* there = machine_.living(self.pid_namespace, entry.pid);
    if (entry.boot_id.empty() || entry.start_time == 0) return there != nullptr ? Life::unknown : Life::absent;
    if (there == nullptr) return Life::gone;
    const auto difference = static_cast<std::int64_t>(there->start_time - entry.start_time);
    return difference >= -1 && difference <= 1 ? Life::alive : Life::gone;
  }
  bool somebody_listens(Port port) override {
    berth_.call("somebody_listens");
    return machine_.listeners.contains(port);
  }
  std::vector<LedgerEntry> seen_on(const std::vector<Port>& ports) override {
    berth_.call("seen_on");
    std::vector<LedgerEntry> all;
    for (const Port port : ports) {
      if (auto entry = seen_on(port)) all.push_back(std::move(*entry));
    }
    return all;
  }
  std::optional<LedgerEntry> seen_on(Port port) const {
    const auto listener = machine_.listeners.find(port);
    if (listener == machine_.listeners.end()) return std::nullopt;
    const SimProcess& there = *listener->second.process;
    if (there.pid_namespace != berth_.process.pid_namespace) return std::nullopt;
    LedgerEntry entry;
    entry.port = port;
    entry.pid = there.pid;
    entry.start_time = there.start_time;
    entry.boot_id = there.boot;
    entry.pid_namespace = there.pid_namespace;
    entry.created_at = entry.last_heartbeat = machine_.wall_ms();
    entry.server = there.server;
    entry.project = there.project;
    entry.instance_id = there.instance_id.empty() ? std::to_string(there.pid) : there.instance_id;
    entry.supervisor_pid = there.supervisor_pid;
    return entry;
  }
  [[nodiscard]] core::ProcessIdentity self() const override { return identity(berth_.process); }
  core::ProcessIdentity identity_of(int pid) override {
    berth_.call("identity_of");
    if (const SimProcess* process = machine_.there(berth_.process.pid_namespace, pid)) return identity(*process);
    return {pid, 0, machine_.boot(), berth_.process.pid_namespace};
  }
  [[nodiscard]] std::string describe(int pid) const override { return "program (pid " + std::to_string(pid) + ")"; }
  [[nodiscard]] std::int64_t wall_ms() const override {
    berth_.visit.asked.push_back(machine_.wall_ms());
    return berth_.visit.asked.back();
  }
  [[nodiscard]] core::Instant now() const override { return machine_.now(); }

 private:
  static core::ProcessIdentity identity(const SimProcess& process) {
    return {process.pid, process.start_time, process.boot, process.pid_namespace};
  }
  [[nodiscard]] bool announced_is_ours() const { return machine_.announced.life == berth_.life; }
  // Takes away what nobody alive has made. Of a pid that was given to somebody else that cannot be said.
  bool announce() {
    auto& there = machine_.announced;
    if (there.life != 0) {
      const SimProcess* maker = machine_.living(there.pid_namespace, there.pid);
      if (maker != nullptr && maker != &berth_.process) return false;
      world_.tell(berth_.name + " takes an abandoned FILE.lock away");
    }
    there = {berth_.life, berth_.process.pid, berth_.process.pid_namespace, machine_.time};
    return true;
  }
  Lock leave_again(Lock lock) {
    machine_.unlock(berth_.lock_file, LedgerMachine::writer, berth_.description);
    return lock;
  }

  LedgerWorld& world_;
  LedgerMachine& machine_;
  SimBerth& berth_;
  core::LedgerRead last_;
};

SimBerth::SimBerth(LedgerWorld& world, unsigned its_number, unsigned its_life)
    : Actor(world, "berth" + std::to_string(its_number) + "." + std::to_string(its_life), its_life,
            world.script.pid_namespace(its_number)),
      number(its_number),
      project("p" + std::to_string(its_number)),
      description(++world.descriptions) {
  process.supervisor_pid = process.pid;
}

SimBerth::~SimBerth() = default;

void SimBerth::live() {
  lock_file = world_.machine.lock_file != 0 ? world_.machine.lock_file : world_.machine.make_lock_file();
  ledger.emplace(std::make_unique<SimHost>(world_, *this),
                 PortLedger::Options{"ports.json", project, world_.script.shared, [this](const std::string& line) {
                                       if (!dead()) world_.tell(name + ": " + line);
                                     }});
  desk_.emplace(world_.script.range(), std::vector<Port>{}, *this, [](const std::string&) {});
  next_beat_ = world_.machine.time + PortLedger::heartbeat_interval;
  for (unsigned tries = 0;;) {
    const Milliseconds now = world_.machine.time;
    if (!mail_.empty()) {
      const Mail mail = mail_.front();
      mail_.pop_front();
      handle(mail);
    } else if (leaving_ && (!ledger->due() || ++tries > 300)) {
      ended_in_order = !ledger->due();
      world_.tell(name + (ended_in_order ? " ends in order" : " ends, and could not say so"));
      return;
    } else if (now >= next_beat_) {
      next_beat_ = now + PortLedger::heartbeat_interval;
      ledger->beat();
      dirty = dirty || !wanted.empty();
      if (!ledger->due()) tidy();
    } else if (ledger->due() && now >= next_try_) {
      write();
    } else {
      idle_until(ledger->due() ? std::min(next_beat_, next_try_) : next_beat_);
    }
  }
}

void SimBerth::leave_the_world(bool killed) {
  std::erase_if(world_.bound, [this](const auto& port) { return port.second == life; });
  for (auto& [number_of, server] : servers_) {
    if (server.process != nullptr) server.process->reaped = true;
  }
  if (killed) {
    world_.guardian_of(*this);
  } else {
    world_.machine.close(description);
  }
}

void SimBerth::handle(const Mail& mail) {
  switch (mail.what) {
    case Mail::What::start:
      if (!leaving_) start(mail.server);
      break;
    case Mail::What::stop: stop(mail.server); break;
    case Mail::What::ended:
      for (auto& [number_of, server] : servers_) {
        if (server.process == nullptr || server.process->alive) continue;
        std::exchange(server.process, nullptr)->reaped = true;
        const bool again = !leaving_ && world_.machine.step() % 4 != 0;
        if (!again) {
          stop(number_of);
        } else if (desk_->hold_again(*server.port)) {
          launch(number_of);
        } else {
          stop(number_of);
          start(number_of);
        }
      }
      break;
    case Mail::What::ready: {
      const Server& server = servers_[mail.server];
      if (server.process != nullptr && server.runs == mail.run) tell(server, mail.server, "ready");
      break;
    }
    case Mail::What::tidy: tidy(); break;
    case Mail::What::look: look(); break;
    case Mail::What::go_down: go_down(); break;
  }
}

void SimBerth::start(unsigned number_of) {
  Server& server = servers_[number_of];
  if (server.port) return;
  const auto port = desk_->claim(core::ClaimPort{}, world_.machine.now());
  if (!port) {
    world_.tell(name + " finds no port: " + port.error().message);
    return;
  }
  server.port = *port;
  tell(server, number_of, "starting");
  launch(number_of);
}

// As the launcher does: what is told of a process is told when it is there.
void SimBerth::launch(unsigned number_of) {
  Server& server = servers_[number_of];
  call("fork");
  ++server.runs;
  server.process = &world_.machine.begin_process(process.pid_namespace, life);
  server.process->reaped = false;
  server.created_at = world_.machine.wall_ms();
  server.instance_id =
      project + ".s" + std::to_string(number_of) + "." + std::to_string(life) + "." + std::to_string(server.runs);
  server.process->instance_id = server.instance_id;
  if (server.runs % 3 != 0) {  // some clean their environment
    server.process->server = "s" + std::to_string(number_of);
    server.process->project = project;
    server.process->supervisor_pid = process.pid;
  }
  world_.tell(name + " launches " + server.instance_id + " on port " + std::to_string(*server.port) + " (pid " +
              std::to_string(server.process->pid) + ")");
  world_.server_begins(*this, *server.process, *server.port, number_of, server.runs);
  desk_->let_go_of_hold(*server.port);
  tell(server, number_of, "starting");
}

void SimBerth::tell(const Server& server, unsigned number_of, const std::string& state) {
  call("tell");
  PortLedger::Instance instance;
  instance.instance_id = server.instance_id;
  instance.pid = server.process != nullptr ? server.process->pid : 0;
  instance.created_at = server.created_at;
  instance.server = "s" + std::to_string(number_of);
  instance.url = "http://127.0.0.1:" + std::to_string(*server.port) + "/mcp";
  instance.state = state;
  Wanted& lease = wanted.at(*server.port);
  const SimProcess& named = server.process != nullptr ? *server.process : process;
  lease.start_time = named.start_time;
  lease.told = instance;
  dirty = true;
  ledger->tell(*server.port, instance);
  world_.check_after(*this);
}

void SimBerth::stop(unsigned number_of) {
  Server& server = servers_[number_of];
  if (server.process != nullptr) {
    world_.machine.end_process(*server.process);
    std::exchange(server.process, nullptr)->reaped = true;
  }
  if (!server.port) return;
  desk_->release(*std::exchange(server.port, std::nullopt));
}

// What was so before a call began is held against it.
void SimBerth::begin_visit() {
  visit = {};
  visit.began = visit.entered = world_.machine.next_step();
  visit.wall_ms = world_.machine.wall_ms();
}

void SimBerth::write() {
  begin_visit();
  const auto written = ledger->write();
  if (dead()) throw Killed{};
  world_.check_written(*this, written, false);
  world_.check_after(*this);
  visit = {};
  if (written == PortLedger::Written::busy) next_try_ = world_.machine.time + 20ms;
  if (written == PortLedger::Written::failed) next_try_ = world_.machine.time + 1s;
  const bool failed_before = std::exchange(failed_, written == PortLedger::Written::failed);
  if (failed_ && !failed_before) world_.tell(name + " cannot write: " + ledger->trouble());
}

void SimBerth::tidy() {
  begin_visit();
  const auto written = ledger->tidy();
  if (dead()) throw Killed{};
  world_.check_written(*this, written, true);
  world_.check_after(*this);
  visit = {};
}

void SimBerth::look() {
  begin_visit();
  const auto active = ledger->active();
  world_.check_active(*this, active);
  visit = {};
  for (std::uint32_t port = world_.script.first; port <= world_.script.range().last; ++port) {
    std::ignore = ledger->holder(static_cast<Port>(port));
  }
}

void SimBerth::go_down() {
  leaving_ = true;
  mail_.clear();
  for (auto& [number_of, server] : servers_) stop(number_of);
}

// ---- core::PortBinder
// -------------------------------------------------------------------------------------------------

std::optional<core::PortBinder::Trouble> SimBerth::bind(Port port) {
  const bool had = ledger->has(port);
  if (!had) {
    begin_visit();
    asked_for = port;
    saw_another = false;
    last_reading = {};
    const bool was_there = wanted.contains(port);
    const auto lease = ledger->lease(port);
    if (dead()) throw Killed{};
    asked_for = 0;
    if (lease) {
      wanted[port].released = false;
      wanted[port].successor_of = {};
      if (!was_there) wanted[port].taken_under = lock_file;
      dirty = true;
    }
    world_.check_lease(*this, port, lease.has_value());
    if (lease) {
      const LedgerEntry* there = on_port(last_reading.ledger, port);
      if (there != nullptr) wanted[port].successor_of = *there;
    }
    world_.check_after(*this);
    visit = {};
    if (!lease) return Trouble{true, false, lease.error().holder, lease.error().message};
    world_.tell(name + " leases port " + std::to_string(port));
  }
  call("bind");
  const auto& listeners = world_.machine.listeners;
  const auto holder_of = world_.bound.find(port);
  const bool taken = world_.script.sockets &&
                     ((holder_of != world_.bound.end() && holder_of->second != life) || listeners.contains(port));
  if (taken) {
    if (!had) {
      world_.tell(name + " cannot bind port " + std::to_string(port) + " and releases it");
      wanted.at(port).released = true;
      dirty = true;
      ledger->release(port);
      world_.check_after(*this);
    }
    return Trouble{true, false, "", "port " + std::to_string(port) + " is bound"};
  }
  world_.bound[port] = life;
  return std::nullopt;
}

void SimBerth::unbind(Port port) {
  const auto at = world_.bound.find(port);
  if (at != world_.bound.end() && at->second == life) world_.bound.erase(at);
}

void SimBerth::leave(Port port) {
  call("release");
  unbind(port);
  world_.tell(name + " releases port " + std::to_string(port));
  wanted.at(port).released = true;
  dirty = true;
  ledger->release(port);
  world_.check_after(*this);
}

std::string SimBerth::holder(Port port) {
  return ledger->holder(port);
}

}  // namespace berth::sim
