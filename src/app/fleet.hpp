#pragma once
// All servers of one supervisor and the loop between them: events are queued, handled in order, and followed by what
// they allow (starts that were waiting for a turn, stops that were waiting for dependents). Nothing here knows of
// sockets for control or of consoles.

#include <berth/config.hpp>
#include <berth/expected.hpp>
#include <berth/status.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/harbour.hpp"
#include "app/server.hpp"
#include "core/order.hpp"
#include "os/reaper.hpp"

namespace berth::app {

class Fleet {
 public:
  // What others want to know. Called from within the loop; none of them may call back into the fleet.
  struct Observers {
    std::function<void(const Server&, const core::Report&)> reported;
    std::function<void(const Server&, Stream, std::string_view)> said;
    std::function<void(const std::string&)> log;
    std::function<void()> settled;  // no event is left to handle for now
  };

  Fleet(boost::asio::io_context& io, const Config& config, Harbour harbour, PortDesk& desk, Observers observers);
  ~Fleet();

  // Indexes of these names; of all servers when there are none. The error names what is not known, and the nearest.
  Expected<std::vector<std::size_t>, std::string> find(const std::vector<std::string>& names) const;

  // And what they depend on: `all_of_it`, or only what is enabled.
  void start(const std::vector<std::size_t>& servers, bool all_of_it = true);
  void stop(const std::vector<std::size_t>& servers);  // dependents among them first
  void restart(const std::vector<std::size_t>& servers);

  // Stops all, in order; kills what is left when the time is over. Starts are refused from now on.
  void go_down();
  void kill_all();
  [[nodiscard]] bool going_down() const { return going_down_; }
  [[nodiscard]] bool all_down() const;

  // Verified now: what no longer listens is not ready.
  std::vector<ServerStatus> status();
  [[nodiscard]] const Server& at(std::size_t index) const { return *servers_[index]; }
  [[nodiscard]] std::size_t size() const { return servers_.size(); }

 private:
  void run_events();
  void run_events_soon();
  void on_reaped(const std::vector<os::Reaped>& reaped);
  void follow_up();
  void start_waiting();
  void tell_who_waits(const std::vector<core::Seat>& all, const std::vector<std::size_t>& granted);
  void stop_in_order();
  std::vector<core::Seat> seats() const;
  void arm_timer();
  void on_timer();
  [[nodiscard]] std::uint64_t fingerprint_elsewhere(const os::Listeners& listeners) const;
  void look();
  void look_within(std::chrono::steady_clock::duration delay);
  void look_again_if_needed();
  void rest_port(Port port);
  void end_strays();

  boost::asio::io_context& io_;
  Config config_;
  Harbour harbour_;
  PortDesk& desk_;
  Observers observers_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::vector<std::size_t>> depends_on_;
  std::deque<std::pair<std::size_t, core::Event>> events_;
  bool running_events_ = false;
  bool events_scheduled_ = false;
  std::set<std::pair<core::Instant, std::size_t>> deadlines_;
  std::vector<std::optional<core::Instant>> deadline_of_;
  std::vector<std::size_t> to_stop_;  // wanted down, perhaps not yet told
  bool going_down_ = false;
  os::Reaper reaper_;
  boost::asio::steady_timer timer_;
  std::optional<core::Instant> timer_at_;
  boost::asio::steady_timer look_timer_;
  std::optional<core::Instant> look_at_;
  core::Instant last_launch_{};
  boost::asio::steady_timer shutdown_timer_;
};

}  // namespace berth::app
