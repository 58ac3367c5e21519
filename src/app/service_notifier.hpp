#pragma once
// Tells the service manager that has started this process how things stand (sd_notify(3)): that it is ready, is
// reloading or stopping, a line of status whenever that has changed, and, where it wants them, signs of life.
// Sets no timer as long as nothing changes and no watchdog was asked for.

#include <berth/config.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/fleet.hpp"
#include "app/service_words.hpp"
#include "os/notify.hpp"

namespace berth::app {

class ServiceNotifier {
 public:
  using Warn = std::function<void(const std::string&)>;
  static constexpr std::chrono::seconds between_lines{1};

  // Does nothing at all where there is no service manager, or `until` is `never`.
  ServiceNotifier(const boost::asio::any_io_executor& executor, Notify until, const Fleet& fleet, Warn warn);

  // The control socket answers, and the servers that are wanted up are known.
  void begin();
  // Something may have changed.
  void settled();
  // It ends within this time.
  void going_down(Milliseconds at_most);
  // It ends now: the manager keeps the last line of one that has ended.
  void gone();

  // As long as one lives, the configuration is being read and applied.
  class Reloading {
   public:
    explicit Reloading(ServiceNotifier& notifier);
    ~Reloading();
    Reloading(const Reloading&) = delete;
    Reloading& operator=(const Reloading&) = delete;
    void refused() { refused_ = true; }  // the file is not valid

   private:
    ServiceNotifier& notifier_;
    bool refused_ = false;
  };

 private:
  [[nodiscard]] std::vector<Standing> look() const;
  [[nodiscard]] std::string line_of(const std::vector<Standing>& servers) const;
  void tell_line();
  void say_with_line(const std::string& what);
  void say(std::string lines);
  void send_waiting();
  void beat();
  void complain(const std::string& why);

  Notify until_;
  const Fleet& fleet_;
  Warn warn_;
  os::ServiceManager manager_;
  std::optional<os::NotifySocket> socket_;
  boost::asio::steady_timer line_timer_;
  boost::asio::steady_timer retry_timer_;
  boost::asio::steady_timer beat_timer_;
  std::deque<std::string> waiting_;  // its queue was full; in order
  std::vector<Standing> seen_;
  std::string told_;  // the last line
  std::chrono::steady_clock::time_point told_at_{};
  bool begun_ = false;
  bool told_ready_ = false;
  bool refused_ = false;  // the last reload
  bool leaving_ = false;
  bool line_due_ = false;
  bool complained_ = false;
};

}  // namespace berth::app
