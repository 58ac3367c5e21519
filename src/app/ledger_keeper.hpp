#pragma once
// When the port ledger is written: at once after a change, not often when much changes, and every 30 s as a sign of
// life. The loop never waits for another writer.

#include <berth/port_ledger.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <string>

namespace berth::app {

class LedgerKeeper {
 public:
  using Clock = std::chrono::steady_clock;

  struct Hooks {
    std::function<void(const std::string&)> warn;
    std::function<void(const std::string&)> info;
    std::function<void()> mend;        // every 30 s, and when the ledger cannot be written: is the place still there?
    std::function<void()> descriptor;  // PortLedger::descriptor is another one
  };

  LedgerKeeper(boost::asio::io_context& io, PortLedger& ledger, Hooks hooks);

  // Begins to beat.
  void start();
  // Something may be due: writes it now, or soon.
  void settled();
  // Before somebody is told: now, if that is possible.
  void flush();
  // The end: waits for other writers for a while.
  void finish();

 private:
  void write(std::chrono::milliseconds patience = std::chrono::milliseconds(0));
  void arm();
  void on_timer();
  void tell_trouble();

  PortLedger& ledger_;
  Hooks hooks_;
  boost::asio::steady_timer timer_;
  Clock::time_point next_write_{};
  Clock::time_point next_beat_ = Clock::time_point::max();  // never, before `start`
  Clock::duration pause_{};                                 // between tries, while somebody else writes
  Clock::duration rest_{};                                  // between tries that fail
  Clock::time_point busy_since_{};                          // while pause_ is not 0
  std::string told_;                                        // the trouble that was told last
};

}  // namespace berth::app
