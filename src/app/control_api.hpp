#pragma once
// What can be asked of a running supervisor: paths in, JSON out.

#include <berth/port_ledger.hpp>
#include <berth/status.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "app/control_server.hpp"
#include "app/event_feed.hpp"
#include "app/fleet.hpp"
#include "app/log_feed.hpp"
#include "app/metrics_endpoint.hpp"
#include "app/reload.hpp"

namespace berth::app {

class ControlApi {
 public:
  struct Answers {
    std::function<SupervisorStatus(Usage)> status;        // the whole document
    std::function<std::vector<LedgerEntry>()> instances;  // live ones on this host, of all projects
    std::function<void()> down;                           // begin to go down
    std::function<Reload(bool dry_run)> reload;           // read the file again; carry it out, or only say
    MetricsEndpoint* metrics = nullptr;                   // /metrics; nullptr: it is not there
  };
  ControlApi(boost::asio::io_context& io, Fleet& fleet, Answers answers);
  ~ControlApi();

  void handle(const ControlRequest& request, Respond respond, Connected connected);

  // Something may have changed: answers those who wait for it.
  void settled();
  // The thread that writes logs has got on.
  void logs_written() { logs_.written(); }
  // Nothing will change any more: ends the answers that go on.
  void finish();

 private:
  struct Waiter;
  enum class Outcome { not_yet, reached, never };

  [[nodiscard]] std::string ports();
  void act(const std::vector<std::string>& path, const std::string& query, const Respond& respond);
  void events(const ControlRequest& request, const std::string& query, const Respond& respond);
  void inspect(const std::string& name, const std::string& query, const Respond& respond, const Connected& connected);
  void wait(const std::string& query, Respond respond, Connected connected);
  void reload(const std::string& query, const Respond& respond);
  void logs(const std::string& name, const std::string& query, const Respond& respond);  // control_logs.cpp
  [[nodiscard]] bool too_many();                                                         // who wait or follow
  Outcome outcome(const Waiter& waiter) const;
  bool somebody_has_left(Waiter& waiter);
  std::string who_is(const Waiter& waiter, Outcome wanted) const;
  bool answer_if_decided(Waiter& waiter);

  boost::asio::io_context& io_;
  Fleet& fleet_;
  Answers answers_;
  std::list<std::shared_ptr<Waiter>> waiters_;
  EventFeed feed_;
  LogFeed logs_;
};

}  // namespace berth::app
