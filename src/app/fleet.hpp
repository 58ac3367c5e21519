#pragma once
// All servers of one supervisor and the loop between them and their governor: events are queued, handled in order, and
// the acts that follow are performed. Nothing here knows of sockets for control or of consoles.

#include <berth/config.hpp>
#include <berth/expected.hpp>
#include <berth/status.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/explanation.hpp"
#include "app/harbour.hpp"
#include "app/server.hpp"
#include "config/reload_plan.hpp"
#include "core/governor.hpp"
#include "core/history.hpp"
#include "core/metrics.hpp"
#include "os/oom_watch.hpp"
#include "os/reaper.hpp"

namespace berth::app {

class Fleet {
 public:
  // What others want to know. Called from within the loop; none of them may call back into the fleet.
  struct Observers {
    std::function<void(const Server&, const core::Report&)> reported;
    std::function<void(const Server&, Stream, std::string_view)> said;  // as it was said; may be left empty
    std::function<void(const std::string&)> log;
    std::function<void()> settled;  // no event is left to handle for now
  };

  Fleet(boost::asio::io_context& io, const Config& config, Harbour harbour, Observers observers);
  ~Fleet();

  using Servers = core::Governor::Servers;  // indexes; one that has left is empty until another takes its place

  // Indexes of these names; of all servers when there are none. The error names what is not known, and the nearest.
  Expected<Servers, std::string> find(const std::vector<std::string>& names) const;

  // Carries out a plan: `config` is what holds from now on.
  void reload(const Config& config, const config::ReloadPlan& plan);
  // The berths that servers have, by name.
  [[nodiscard]] std::map<std::string, Port> berths() const;

  // And what they depend on: `all_of_it`, or only what is enabled.
  void start(const Servers& servers, bool all_of_it = true);
  void stop(const Servers& servers);  // dependents among them first
  void restart(const Servers& servers);

  // Stops all, in order; kills what is left when the time is over. Starts are refused from now on.
  void go_down();
  void kill_all();
  void replace_guardian();
  // Another guardian, which shares these locks.
  void renew_guardian(std::vector<int> locks);
  [[nodiscard]] bool going_down() const { return governor_.going_down(); }
  // All have been sent SIGKILL.
  [[nodiscard]] bool killing() const { return killing_; }
  // Is to stop or restart as soon as its dependents have stopped.
  [[nodiscard]] bool about_to_leave(std::size_t index) const { return governor_.about_to_leave(index); }
  // Nothing of any server is left. While going down, kills what nobody accounts for.
  [[nodiscard]] bool all_down();
  // Those of which something is left: `NAME (pid N, SIGKILL in 7 s)`.
  [[nodiscard]] std::vector<std::string> who_is_left() const;

  // Of which others may have to be told anew, since this was asked last.
  [[nodiscard]] std::set<std::size_t> take_changed() { return std::exchange(changed_, {}); }

  // Looks at what is ready: what no longer listens is not, and what has lost a process says so.
  void verify();
  // Verified now.
  std::vector<ServerStatus> status(Usage usage);
  // The thread that writes logs has got on.
  void logs_progressed();
  // How one came to be as it is. Verified now.
  Explanation explain(std::size_t index);
  [[nodiscard]] const core::History& history() const { return history_; }
  [[nodiscard]] const core::Metrics& metrics() const { return metrics_; }
  [[nodiscard]] Server& at(std::size_t index) { return *servers_[index]; }
  [[nodiscard]] const Server& at(std::size_t index) const { return *servers_[index]; }
  [[nodiscard]] bool has(std::size_t index) const { return index < servers_.size() && servers_[index]; }

 private:
  void run_events();
  void run_events_soon();
  void perform(const core::Acts& acts);
  [[nodiscard]] std::optional<std::size_t> place_of(const std::string& name) const;
  void line_up(const std::vector<core::Governor::Place>& places);
  void take_leave();
  void on_reaped(const std::vector<os::Reaped>& reaped);
  void arm_timer();
  void on_timer();
  void count_delay(core::Instant due);
  [[nodiscard]] std::uint64_t fingerprint_elsewhere(const os::Listeners& listeners) const;
  void look();
  void look_within(std::chrono::steady_clock::duration delay);
  void look_again_if_needed();
  void verify_soon();
  bool end_strays();

  boost::asio::io_context& io_;
  Harbour harbour_;
  Observers observers_;
  core::History history_;
  core::Metrics metrics_;
  core::Governor governor_;
  std::vector<std::unique_ptr<Server>> servers_;  // by index
  std::vector<Server*> line_;                     // in the order of the file; those that are leaving at the end
  std::deque<std::string> gone_;                  // whose history is kept for those who ask what has become of them
  std::deque<std::pair<std::size_t, core::Event>> events_;
  bool running_events_ = false;
  bool events_scheduled_ = false;
  bool killing_ = false;
  std::set<std::size_t> changed_;
  os::Reaper reaper_;
  os::OomWatch oom_;
  boost::asio::steady_timer timer_;
  std::optional<core::Instant> timer_at_;
  boost::asio::steady_timer look_timer_;
  boost::asio::steady_timer guardian_timer_;
  boost::asio::steady_timer verify_timer_;
  bool verify_due_ = false;
  std::optional<core::Instant> look_at_;
  core::Instant last_launch_{};
};

}  // namespace berth::app
