#include "app/ledger_keeper.hpp"

#include <algorithm>

namespace berth::app {

using namespace std::chrono_literals;

namespace {

constexpr auto shortest_pause = 50ms;  // between two writes
constexpr int share_of_time = 20;      // no more than a twentieth of the time is spent on writing
constexpr auto first_retry = 2ms;
constexpr auto longest_retry = 500ms;
constexpr auto first_rest = 250ms;  // after a failure
constexpr auto long_busy = 5s;
constexpr auto patience_at_the_end = 1'000ms;

}  // namespace

LedgerKeeper::LedgerKeeper(boost::asio::io_context& io, PortLedger& ledger, Hooks hooks)
    : ledger_(ledger), hooks_(std::move(hooks)), timer_(io) {}

void LedgerKeeper::start() {
  next_beat_ = Clock::now() + PortLedger::heartbeat_interval;
  arm();
}

void LedgerKeeper::settled() {
  if (!ledger_.due()) return;
  if (Clock::now() >= next_write_) write();
  arm();
}

void LedgerKeeper::flush() {
  if (ledger_.due()) write();
  arm();
}

void LedgerKeeper::finish() {
  timer_.cancel();
  if (ledger_.due()) write(patience_at_the_end);
}

void LedgerKeeper::write(std::chrono::milliseconds patience) {
  const auto began = Clock::now();
  const auto written = ledger_.write(patience);
  const auto now = Clock::now();
  if (ledger_.descriptor_changed()) hooks_.descriptor();
  if (written == PortLedger::Written::busy) {
    if (pause_ == 0ms) busy_since_ = now;
    pause_ = std::clamp<Clock::duration>(2 * pause_, first_retry, longest_retry);
    next_write_ = now + pause_;
    if (now - busy_since_ > long_busy) tell_trouble();
    return;
  }
  pause_ = 0ms;
  if (written == PortLedger::Written::failed) {
    rest_ = std::clamp<Clock::duration>(2 * rest_, first_rest, PortLedger::heartbeat_interval);
    next_write_ = now + rest_;
    hooks_.mend();
    return tell_trouble();
  }
  rest_ = 0ms;
  next_write_ = now + std::max<Clock::duration>(shortest_pause, share_of_time * (now - began));
  next_beat_ = now + PortLedger::heartbeat_interval;
  if (!std::exchange(told_, {}).empty()) hooks_.info("the ledger of ports is written again");
}

// Each trouble once.
void LedgerKeeper::tell_trouble() {
  if (ledger_.trouble().empty() || ledger_.trouble() == told_) return;
  told_ = ledger_.trouble();
  hooks_.warn("the ledger of ports is not up to date: " + told_ +
              "; servers go on, and their ports are kept by what is bound and locked");
}

void LedgerKeeper::arm() {
  auto at = next_beat_;
  if (ledger_.due()) at = std::min(at, next_write_);
  if (timer_.expiry() == at || at == Clock::time_point::max()) return;
  timer_.expires_at(at);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) on_timer();
  });
}

void LedgerKeeper::on_timer() {
  if (Clock::now() >= next_beat_) {
    next_beat_ = Clock::now() + PortLedger::heartbeat_interval;
    hooks_.mend();
    ledger_.beat();
    if (!ledger_.due()) ledger_.tidy();  // nothing is leased; entries of others that are silent are still looked at
    if (ledger_.descriptor_changed()) hooks_.descriptor();
  }
  if (ledger_.due() && Clock::now() >= next_write_) write();
  arm();
}

}  // namespace berth::app
