#include <berth/supervisor.hpp>

#include <poll.h>
#include <spdlog/fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <filesystem>

#include "app/console.hpp"
#include "app/control_api.hpp"
#include "app/control_server.hpp"
#include "app/fleet.hpp"
#include "app/ledger_keeper.hpp"
#include "app/log_file_sink.hpp"
#include "app/metrics_server.hpp"
#include "app/metrics_text.hpp"
#include "app/own_log.hpp"
#include "app/process_setup.hpp"
#include "app/reload.hpp"
#include "app/service_notifier.hpp"
#include "app/whole_config.hpp"
#include "core/utf8.hpp"
#include "os/file_watch.hpp"
#include "os/launch.hpp"
#include "os/leased_binder.hpp"
#include "os/memory.hpp"
#include "os/memory_ledger.hpp"
#include "os/own_usage.hpp"
#include "os/process.hpp"
#include "os/runtime_dir.hpp"

namespace berth {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

// For what has been sent SIGKILL to be gone; asked for again once.
constexpr Milliseconds patience_with_kills{5'000};
// An editor writes a file in several steps.
constexpr Milliseconds quiet_before_reload{200};
constexpr Milliseconds patience_with_disk{1'000};  // when somebody waits for us
constexpr unsigned last_words = 50;                // looks, 10 ms apart, whether all answers have been taken

}  // namespace

class Supervisor::Impl {
 public:
  // The lock comes first: it is what makes the rest ours. The guardian shares it, and is forked while we are small.
  Impl(Config config, SupervisorOptions options, std::string runtime_dir, os::ProjectLock lock, os::Brand brand)
      : config_(std::move(config)),
        runtime_dir_(std::move(runtime_dir)),
        options_(std::move(options)),
        lock_(std::move(lock)),
        leftovers_(end_leftovers(lock_)),
        mark_(os::SupervisorMark::of_this_process(brand)),
        ledger_(open_ledger()),
        guardian_(mark_, locks(), [this] { tidy_ledger(); }),
        logs_([this] { on_log_progress(); }),
        log_file_(std::make_shared<app::LogFileSink>(logs_.writer(), options_.log_dir + "/berth.log",
                                                     config_.supervisor.log_format,
                                                     core::Redactor(app::all_secrets(config_)))),
        terminal_(make_terminal()),
        log_(app::make_log(options_, config_.supervisor.log_level, log_file_, terminal_.get())),
        binder_(ledger_),
        desk_(config_.ports.range, app::kept_ports(config_), binder_,
              [this](const std::string& line) { log_->info(line); }),
        fleet_(io_, config_, harbour(), observers()),
        keeper_(io_, ledger_, keeper_hooks()),
        metrics_(
            [this] { return app::metrics_text(status(app::Usage::looked_up), fleet_.metrics(), os::own_usage()); }),
        notifier_(io_.get_executor(), options_.notify, fleet_, [this](const std::string& line) { warn(line); }),
        api_(io_, fleet_, answers()),
        watch_(io_.get_executor(), quiet_before_reload, [this] { on_changed_file(); }),
        signals_(io_),
        give_up_timer_(io_),
        progress_timer_(io_) {
    // Once for all that is said in one turn of the loop.
    logs_.writer().wake_by([this] { asio::post(io_, [this] { logs_.writer().wake(); }); });
    if (options_.handle_signals) signals_.add(SIGTERM);
    if (options_.foreground && !options_.quiet) {
      console_ = std::make_unique<app::Console>(io_.get_executor(), STDOUT_FILENO, options_.colour,
                                                app::longest_name(config_));
    }
  }

  std::string listen(const std::string& socket) {
    auto server = app::ControlServer::listen(
        io_, socket, [this](const app::ControlRequest& request, app::Respond respond, app::Connected connected) {
          api_.handle(request, std::move(respond), std::move(connected));
        });
    if (!server) return server.error();
    control_ = std::move(*server);
    socket_ = socket;
    return {};
  }

  int run() {
    if (options_.handle_signals) listen_to_signals();
    log_->info("berth {} looks after {} ({}), pid {}", options_.version, config_.name, config_.path, ::getpid());
    logs_.writer().flush(patience_with_disk);
    if (const auto why = log_file_->trouble(); !why.empty()) {
      log_->warn("cannot write {}/berth.log: {}", options_.log_dir, why);
    }
    if (!leftovers_.empty()) {
      log_->warn("an earlier supervisor of this project, pid {}, was killed; ended what it had left: {}",
                 lock_.predecessor()->pid, fmt::join(leftovers_, ", "));
    }
    if (!ledger_trouble_.empty()) {
      const auto line = fmt::format(
          "the ledger of ports `{}` cannot be used: {}; ports are shared with other supervisors by what can be bound, "
          "and `berth ports` asks those that run",
          ledger_file(), ledger_trouble_);
      warn(line);
    }
    keeper_.start();
    if (config_.metrics.port != 0) serve_metrics();
    if (!guardian_.running()) {
      log_->warn("no guardian process: should this one be killed, grandchildren may survive it");
      fleet_.replace_guardian();
    }
    std::vector<std::size_t> first;
    const auto named = fleet_.find(options_.names);
    if (!named) {
      log_->error(named.error());
      return 2;
    }
    for (const std::size_t i : *named) {
      if (!options_.names.empty() || fleet_.at(i).config().enabled) first.push_back(i);
    }
    fleet_.start(first, !options_.names.empty());
    if (options_.watch) watch_.watch({config_.path});
    notifier_.begin();
    if (options_.on_listening) options_.on_listening();
    io_.run();
    notifier_.gone();
    keeper_.finish();
    if (fleet_.who_is_left().empty()) lock_.leave_nothing();
    log_->info("down");
    return exit_code_;
  }

  // From any thread.
  void stop() { go_down("asked to"); }

 private:
  std::unique_ptr<app::Console> make_terminal() {
    if (!options_.foreground) return nullptr;
    return std::make_unique<app::Console>(io_.get_executor(), STDERR_FILENO, options_.colour, 0);
  }

  void warn(const std::string& line) {
    log_->warn(line);
    if (options_.on_warning) options_.on_warning(line);
  }

  static std::vector<std::string> end_leftovers(const os::ProjectLock& lock) {
    return lock.predecessor() ? os::end_all_of(*lock.predecessor()) : std::vector<std::string>{};
  }

  app::Harbour harbour() {
    app::Harbour harbour;
    harbour.executor = io_.get_executor();
    harbour.project = config_.name;
    harbour.version = options_.version;
    harbour.host = config_.ports.host;
    harbour.hold = config_.ports.hold;
    harbour.marker = mark_.entry();
    harbour.brand = mark_.brand;
    const char* outside = std::getenv("MCP_INSTANCE_ID");
    harbour.instances = outside != nullptr && *outside != '\0' ? core::tame(outside) : config_.name;
    harbour.log_dir = options_.log_dir;
    harbour.child_limits = app::raise_descriptor_limit();
    app::make_room_for_descriptors(config_.servers.size());
    harbour.desk = &desk_;
    harbour.logs = &logs_;
    harbour.guardian = &guardian_;
    harbour.cgroups = os::CgroupPlace::find();
    harbour.cgroups.tidy(os::run_group_prefix);
    app::prepare_groups(harbour.cgroups, config_);
    // The guardian, and what a shell may have left us when it became this program.
    for (const pid_t child : os::children_of(::getpid())) harbour.leaders.insert(child);
    return harbour;
  }

  app::Fleet::Observers observers() {
    app::Fleet::Observers observers;
    observers.reported = [this](const app::Server& server, const core::Report& report) { reported(server, report); };
    if (options_.foreground && !options_.quiet) {
      observers.said = [this](const app::Server& server, app::Stream, std::string_view line) {
        if (console_ && !console_->refuses()) {
          console_->line(server.index(), server.config().name, server.redactor()->shown(line));
        }
      };
    }
    observers.log = [this](const std::string& line) { log_->warn(line); };
    observers.settled = [this] {
      tell_ledger();
      keeper_.settled();
      api_.settled();
      notifier_.settled();
      if (std::exchange(changed_, false)) tell_of_change();
      if (fleet_.going_down() && fleet_.all_down()) return finish();
      if (fleet_.killing() && !std::exchange(killing_, true)) give_up_unless_killed(2);
    };
    return observers;
  }

  void reported(const app::Server& server, const core::Report& report) {
    changed_ = true;
    log_->log(app::importance(server, report), "{}", app::sentence(server, report));
    // Only where somebody looks on: one in the background keeps the other servers up.
    if (options_.foreground && server.ended_badly() && server.config().required && !fleet_.going_down()) {
      exit_code_ = 1;
      go_down("`" + server.config().name + "` is required and has failed");
    }
  }

  // From a task of its own: to say how servers stand is to look at them, which may lead to the next event.
  void tell_of_change() {
    if (!options_.on_change) return;
    asio::post(io_, [this] { options_.on_change(status(app::Usage::looked_up)); });
  }

  SupervisorStatus status(app::Usage usage) {
    SupervisorStatus status;
    status.servers = fleet_.status(usage);
    status.project = config_.name;
    status.version = options_.version;
    status.pid = ::getpid();
    status.config = config_.path;
    status.started_at = started_at_;
    status.uptime_s = std::chrono::duration<double>(Clock::now() - started_).count();
    if (metrics_server_) status.metrics = MetricsStatus{metrics_server_->url(), metrics_server_->trouble()};
    status.ports = {config_.ports.range, desk_.berths(), desk_.registry().dead()};
    return status;
  }

  // In the thread that writes logs.
  void on_log_progress() {
    if (log_progress_.exchange(true)) return;
    asio::post(io_, [this] {
      log_progress_ = false;
      fleet_.logs_progressed();
      api_.logs_written();
    });
  }

  // ---- the ledger

  [[nodiscard]] std::string ledger_file() const {
    return shares_ledger() ? config_.ports.registry : runtime_dir_ + "/ports.json";
  }
  [[nodiscard]] bool shares_ledger() const { return !config_.ports.registry.empty(); }

  // One that cannot be used keeps no server from running.
  PortLedger open_ledger() {
    PortLedger::Options options;
    options.file = ledger_file();
    options.project = config_.name;
    options.shared = shares_ledger();
    options.log = [this](const std::string& line) { log_->info(line); };
    options.warn = [this](const std::string& line) { log_->warn(line); };
    auto ledger = PortLedger::open(options);
    if (ledger) return std::move(*ledger);
    ledger_trouble_ = ledger.error();
    return {std::make_unique<os::MemoryLedger>(), options};
  }

  // In the guardian, when this one was killed and nothing is left of its servers.
  void tidy_ledger() const {
    if (ledger_trouble_.empty()) std::ignore = active_instances(ledger_file(), shares_ledger());
  }

  // That hold as long as anything of this supervisor lives.
  [[nodiscard]] std::vector<int> locks() const { return {lock_.descriptor(), ledger_.descriptor()}; }

  app::LedgerKeeper::Hooks keeper_hooks() {
    app::LedgerKeeper::Hooks hooks;
    hooks.warn = [this](const std::string& line) { log_->warn(line); };
    hooks.info = [this](const std::string& line) { log_->info(line); };
    hooks.mend = [this] {
      mend_runtime_dir();
      os::give_back_memory();  // what long answers have taken
    };
    hooks.descriptor = [this] { fleet_.renew_guardian(locks()); };
    return hooks;
  }

  void tell_ledger() {
    for (const std::size_t i : fleet_.take_changed()) {
      const auto& server = fleet_.at(i);
      if (server.life().port()) ledger_.tell(*server.life().port(), server.instance());
    }
  }

  void serve_metrics() {
    app::MetricsServer::Hooks hooks;
    // Nothing of ours stands there. A port that another project holds can be bound beside its hold, and is not free.
    hooks.leased = [this](Port port) {
      const auto others = ledger_.active();
      const bool leased = std::ranges::any_of(others, [port](const LedgerEntry& entry) { return entry.port == port; });
      return leased ? "port " + std::to_string(port) + " belongs to " + ledger_.holder(port) : std::string();
    };
    hooks.info = [this](const std::string& line) { log_->info(line); };
    hooks.warn = [this](const std::string& line) { log_->warn(line); };
    metrics_server_ = std::make_unique<app::MetricsServer>(io_, config_.metrics, metrics_, std::move(hooks));
    metrics_server_->start();
    if (!metrics_server_->trouble().empty() && options_.on_warning) {
      options_.on_warning("no metrics at " + metrics_server_->url() + ": " + metrics_server_->trouble());
    }
  }

  app::ControlApi::Answers answers() {
    app::ControlApi::Answers answers;
    answers.status = [this](app::Usage usage) { return status(usage); };
    answers.instances = [this] {
      keeper_.flush();
      return ledger_.active();
    };
    answers.metrics = &metrics_;
    answers.down = [this] { go_down("asked to"); };
    answers.reload = [this](bool dry_run) { return dry_run ? read_again() : reload("asked to"); };
    return answers;
  }

  // ---- another configuration

  app::Reload read_again() {
    app::Reload reload = app::read_again(config_, options_.project, fleet_.berths());
    if (options_.names.empty()) return reload;
    for (auto& change : reload.plan.servers) {
      if (!std::exchange(change.starts, false)) continue;
      change.note = "not started, as `berth up` was given names: `berth start " + change.name + "` does";
    }
    return reload;
  }

  void on_changed_file() {
    if (!fleet_.going_down()) reload("the file has changed");
  }

  // All of it or, when the file is not valid, nothing.
  app::Reload reload(std::string_view why) {
    app::ServiceNotifier::Reloading told(notifier_);
    app::Reload reload = read_again();
    if (options_.watch && reload.config) watch_.watch(reload.files);  // of a broken file nobody knows what it names
    for (const auto& diagnostic : reload.diagnostics) {
      if (diagnostic.severity == config::Severity::error) log_->error("{}", config::to_string(diagnostic));
    }
    if (!reload.config) {
      told.refused();
      log_->error("reload of {} ({}): the file is not valid; nothing was changed", config_.path, why);
      return reload;
    }
    const bool quiet = reload.plan.changes_nothing();
    for (const std::string& line : lines(reload.plan)) {
      log_->log(quiet ? spdlog::level::debug : spdlog::level::info, "reload ({}): {}", why, line);
    }
    config_ = *reload.config;
    log_file_->hide(app::all_secrets(config_));
    desk_.set_fixed_ports(app::kept_ports(config_));
    if (console_) console_->widen(app::longest_name(config_));
    fleet_.reload(config_, reload.plan);
    return reload;
  }

  // Somebody has tidied up: without lock and socket, this supervisor could be neither asked nor kept the only one.
  void mend_runtime_dir() {
    if (!lock_.stands()) {
      if (const auto dir = os::prepare_runtime_dir(runtime_dir_); !dir) return;
      if (const auto busy = lock_.renew(mark_.brand)) {
        if (!std::exchange(told_of_rival_, true)) {
          log_->error(
              "the runtime dir was removed, and the project is {} now; this one, pid {}, goes on without a "
              "socket: end it with `kill {}`",
              busy->message, ::getpid(), ::getpid());
        }
        return;
      }
      log_->warn("the lock of the project had been removed, and is back");
      fleet_.renew_guardian(locks());
    }
    std::error_code gone;
    if (std::filesystem::exists(socket_, gone)) return;
    control_.reset();
    const auto trouble = listen(socket_);
    if (trouble.empty()) log_->warn("the control socket had been removed, and is back");
  }

  void listen_to_signals() {
    // What was ignored when we began stays so: nohup, and shells without job control, mean it.
    // SIGQUIT: by default it would leave the servers to the guardian.
    for (const int signal : {SIGINT, SIGHUP, SIGQUIT}) {
      struct sigaction action {};
      if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) signals_.add(signal);
    }
    if (!options_.foreground) signals_.add(SIGHUP);  // nobody's terminal
    wait_for_signal();
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      wait_for_signal();
      if (signal == SIGHUP && !terminal_is_gone()) {
        if (!fleet_.going_down()) reload("SIGHUP");
        return;
      }
      if (fleet_.going_down()) {
        log_->warn("asked again: killing what is left");
        return fleet_.kill_all();
      }
      exit_code_ = 128 + signal;
      go_down(signal == SIGINT ? "interrupted; once more kills at once" : "ended by a signal");
    });
  }

  // SIGHUP has two meanings: the terminal was closed, or somebody asks for a reload.
  [[nodiscard]] bool terminal_is_gone() const {
    if (!options_.foreground) return false;
    return std::ranges::any_of(terminals_, [](int fd) {
      pollfd state{fd, 0, 0};
      return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
    });
  }

  // From a task of its own: it may be asked for in the middle of an event.
  void go_down(const std::string& why) {
    asio::post(io_, [this, why] {
      if (fleet_.going_down()) return;
      log_->info("going down: {}", why);
      down_since_ = Clock::now();
      notifier_.going_down(config_.supervisor.shutdown_timeout + 2 * patience_with_kills + patience_with_disk);
      fleet_.go_down();
      if (!finished_) tell_progress();
    });
  }

  // Every second: who is still there, and for how long.
  void tell_progress() {
    progress_timer_.expires_after(std::chrono::seconds(1));
    progress_timer_.async_wait([this](const boost::system::error_code& error) {
      if (error || finished_) return;
      const auto since = std::chrono::round<std::chrono::seconds>(Clock::now() - down_since_);
      log_->info("still going down after {} s: {}", since.count(), fmt::join(fleet_.who_is_left(), ", "));
      tell_progress();
    });
  }

  // What even SIGKILL does not end (of another user, or stuck in the kernel) is told of and left.
  void give_up_unless_killed(unsigned rounds) {
    give_up_timer_.expires_after(patience_with_kills);
    give_up_timer_.async_wait([this, rounds](const boost::system::error_code& error) {
      if (error) return;
      fleet_.kill_all();
      if (finished_) return;
      if (rounds > 1) return give_up_unless_killed(rounds - 1);
      log_->error("cannot be ended, and left behind: {}", fmt::join(fleet_.who_is_left(), ", "));
      exit_code_ = 1;
      finish();
    });
  }

  void finish() {
    if (std::exchange(finished_, true)) return;
    asio::post(io_, [this] {
      if (control_) control_->close();
      logs_.writer().flush(patience_with_disk);  // those who follow logs are told all of it
      if (metrics_server_) metrics_server_->close();
      api_.finish();
      say_goodbye(last_words);
    });
  }

  // Those who follow what happens are to hear the end of it; one that does not listen is not waited for long.
  void say_goodbye(unsigned rounds) {
    if (!control_ || control_->idle() || rounds == 0) return io_.stop();
    progress_timer_.expires_after(Milliseconds{10});
    progress_timer_.async_wait([this, rounds](const boost::system::error_code&) { say_goodbye(rounds - 1); });
  }

  Config config_;
  std::string runtime_dir_;
  std::string socket_;
  SupervisorOptions options_;
  os::ProjectLock lock_;
  std::vector<std::string> leftovers_;
  os::SupervisorMark mark_;
  std::string ledger_trouble_;
  PortLedger ledger_;
  os::Guardian guardian_;
  asio::io_context io_{1};
  std::atomic<bool> log_progress_{false};
  app::LogDesk logs_;
  std::shared_ptr<app::LogFileSink> log_file_;
  std::unique_ptr<app::Console> terminal_;  // stderr, for what Berth says
  std::shared_ptr<spdlog::logger> log_;
  os::LeasedBinder binder_;
  core::PortDesk desk_;
  std::unique_ptr<app::Console> console_;  // stdout, for what the servers say
  app::Fleet fleet_;
  app::LedgerKeeper keeper_;
  app::MetricsEndpoint metrics_;
  std::unique_ptr<app::MetricsServer> metrics_server_;  // nothing: no port was asked for
  app::ServiceNotifier notifier_;
  app::ControlApi api_;
  std::unique_ptr<app::ControlServer> control_;
  os::FileWatch watch_;
  asio::signal_set signals_;
  std::vector<int> terminals_ = app::standard_terminals();
  asio::steady_timer give_up_timer_;
  asio::steady_timer progress_timer_;
  Clock::time_point down_since_{};
  WallTime started_at_ = std::chrono::system_clock::now();
  Clock::time_point started_ = Clock::now();
  int exit_code_ = 0;
  bool finished_ = false;
  bool changed_ = false;  // the state of a server, since that was told
  bool told_of_rival_ = false;
  bool killing_ = false;
};

Supervisor::Supervisor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Supervisor::~Supervisor() = default;

Expected<std::unique_ptr<Supervisor>, std::string> Supervisor::create(Config config, SupervisorOptions options) {
  os::prepare_to_launch();
  using Error = Unexpected<std::string>;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a log that has reached `ulimit -f` is a write that fails, not the end
  app::unblock_signals(options.handle_signals);
  if (options.runtime_dir.empty()) options.runtime_dir = os::default_runtime_dir();
  if (options.log_dir.empty()) options.log_dir = os::default_log_dir(config.name);
  if (options.version.empty()) options.version = BERTH_VERSION;
  const auto runtime_dir = os::prepare_runtime_dir(options.runtime_dir);
  if (!runtime_dir) return Error(runtime_dir.error());
  const auto socket = os::socket_path(*runtime_dir, config.name);
  if (!socket) return Error(socket.error());
  const auto brand = os::new_supervisor_brand();
  auto lock = os::ProjectLock::acquire(os::lock_path(*runtime_dir, config.name), brand);
  if (!lock) return Error("project `" + config.name + "`: " + lock.error().message);
  std::ignore = os::make_folders(options.log_dir);  // if that fails, the log says so and servers run all the same
  os::Reaper::adopt_orphans();
  auto impl = std::make_unique<Impl>(std::move(config), std::move(options), *runtime_dir, std::move(*lock), brand);
  if (auto trouble = impl->listen(*socket); !trouble.empty()) return Error(std::move(trouble));
  return std::unique_ptr<Supervisor>(new Supervisor(std::move(impl)));
}

int Supervisor::run() {
  return impl_->run();
}

void Supervisor::stop() {
  impl_->stop();
}

}  // namespace berth
