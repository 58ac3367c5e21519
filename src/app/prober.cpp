#include "app/prober.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace berth::app {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

constexpr unsigned most_extensions = 3;

// "HTTP/1.1 204 No Content": the status, when the line begins as one (RFC 9112, section 4).
std::optional<unsigned> status_in(std::string_view line) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || !is_digit(line[7]) || line[8] != ' ') return std::nullopt;
  unsigned status = 0;
  for (const char digit : line.substr(9, 3)) {
    if (!is_digit(digit)) return std::nullopt;
    status = status * 10 + static_cast<unsigned>(digit - '0');
  }
  const bool ends = line.size() == 12 || line[12] == ' ' || line[12] == '\r';
  return ends && status >= 100 ? std::optional(status) : std::nullopt;
}

// How surely an answer was to the name the server was called by, and not to the question. (One real server answers 403
// to a wrong name, and 400 to OPTIONS by the right one.)
unsigned refusal_of_the_name(unsigned status) {
  if (status == 403 || status == 421) return 2;
  return status == 400 ? 1 : 0;
}

bool is_our_shortage(const boost::system::error_code& error) {
  namespace errc = boost::system::errc;
  return error == errc::too_many_files_open || error == errc::too_many_files_open_in_system ||
         error == errc::no_buffer_space || error == errc::not_enough_memory || error == errc::address_not_available;
}

}  // namespace

class HttpProbe::Run : public std::enable_shared_from_this<Run> {
 public:
  Run(const asio::any_io_executor& executor, ProbeRequest request, std::function<void()> slow, Done done)
      : request_(std::move(request)),
        slow_(std::move(slow)),
        done_(std::move(done)),
        socket_(executor),
        timer_(executor) {}

  void next() {
    if (at_ == request_.approaches.size()) return finish();
    const Approach& way = request_.approaches[at_];
    boost::system::error_code error;
    const auto address = asio::ip::make_address(way.address, error);
    if (error) return give_up(core::ProbeFault::refused, "cannot connect to " + way.address + ": " + error.message());
    answer_.clear();
    extensions_ = 0;
    timed_out_ = false;
    await(slow_ ? request_.timeout / 2 : request_.timeout);
    socket_.async_connect(asio::ip::tcp::endpoint(address, request_.port),
                          [self = shared_from_this()](const boost::system::error_code& ec) { self->connected(ec); });
  }

  void cancel() {
    done_ = nullptr;
    close();
  }

 private:
  [[nodiscard]] std::string question() const { return "OPTIONS " + request_.path; }

  void connected(const boost::system::error_code& error) {
    if (!done_) return;
    if (timed_out_) return give_up(core::ProbeFault::refused, "does not accept connections" + within());
    if (error && is_our_shortage(error)) {
      return give_up(core::ProbeFault::unasked, "could not be asked: " + error.message());
    }
    if (error) return give_up(core::ProbeFault::refused, "does not accept connections: " + error.message());
    // With an end by reset neither side keeps the connection in TIME_WAIT: not the server, which might not be able to
    // bind its port again for a minute, nor we, on a port that may be the next one's berth.
    boost::system::error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    text_ = question() + " HTTP/1.1\r\nHost: " + request_.approaches[at_].host + ":" + std::to_string(request_.port) +
            "\r\nAccept: application/json, text/event-stream\r\nUser-Agent: berth\r\n";
    text_ += "Connection: close\r\n\r\n";
    asio::async_write(socket_, asio::buffer(text_),
                      [self = shared_from_this()](const boost::system::error_code& ec, std::size_t) {
                        // Some answer before they have heard all, and hang up: what they said counts.
                        self->read_on(ec);
                      });
  }

  void read_on(const boost::system::error_code& error) {
    if (!done_) return;
    if (timed_out_) return silent();
    if (error && error != asio::error::broken_pipe && error != asio::error::connection_reset) {
      return give_up(core::ProbeFault::broken, "does not take a request: " + error.message());
    }
    socket_.async_read_some(
        asio::buffer(piece_),
        [self = shared_from_this()](const boost::system::error_code& ec, std::size_t size) { self->heard(ec, size); });
  }

  void heard(const boost::system::error_code& error, std::size_t size) {
    if (!done_) return;
    answer_.append(piece_.data(), size);
    const auto end = answer_.find('\n');
    if (end != std::string::npos || (error && answer_.size() >= 12)) {
      const auto status = status_in(std::string_view(answer_).substr(0, end));
      if (status) return answered(*status);
      return give_up(core::ProbeFault::broken, "does not answer " + question() + " with HTTP");
    }
    if (error) {
      if (timed_out_) return silent();
      return give_up(core::ProbeFault::broken, "hangs up on " + question() +
                                                   (error == asio::error::eof ? "" : ": " + error.message()) +
                                                   " without an answer");
    }
    if (answer_.size() >= longest_answer) {
      return give_up(core::ProbeFault::broken, "does not answer " + question() + " with HTTP");
    }
    read_on({});
  }

  void answered(unsigned status) {
    const unsigned refusal = refusal_of_the_name(status);
    if (!result_.alive || refusal < refusal_of_the_name(result_.status)) {
      result_ = {.alive = true, .status = status, .which = at_};
      if (status >= 500 || status == 404) result_.note = "answers " + std::to_string(status) + " to " + question();
      if (status == 404) result_.note += ": is `path` right?";
    }
    close();
    if (refusal == 0) return finish();
    ++at_;  // perhaps it would listen to another name
    next();
  }

  void silent() { give_up(core::ProbeFault::silent, "does not answer " + question() + within()); }
  [[nodiscard]] std::string within() const { return " within " + std::to_string(request_.timeout.count()) + " ms"; }

  void give_up(core::ProbeFault fault, std::string message) {
    close();
    if (!result_.alive && result_.message.empty()) {
      result_.fault = fault;
      result_.message = std::move(message);
    }
    ++at_;
    next();
  }

  void finish() {
    close();
    if (auto done = std::exchange(done_, nullptr)) done(result_);
  }

  // ---- time

  void await(Clock::duration time) {
    timer_.expires_after(time);
    // One that was over already when it was set anew still comes.
    timer_.async_wait([self = shared_from_this(), turn = ++turn_](const boost::system::error_code& error) {
      if (!error && self->done_ && turn == self->turn_) self->time_over();
    });
  }

  void time_over() {
    const auto late = Clock::now() - timer_.expiry();
    boost::system::error_code ignored;
    const bool nobody_was_there = late > std::max<Clock::duration>(request_.timeout / 4, std::chrono::milliseconds(50));
    const bool something_came = socket_.is_open() && socket_.available(ignored) > 0;
    if ((nobody_was_there || something_came) && extensions_ < most_extensions) {
      ++extensions_;
      return await(request_.timeout / 2);
    }
    if (auto slow = std::exchange(slow_, nullptr)) {
      slow();
      if (done_) await(request_.timeout - request_.timeout / 2);
      return;
    }
    timed_out_ = true;
    socket_.close(ignored);  // what waits for it hears of that
  }

  void close() {
    boost::system::error_code ignored;
    ++turn_;
    timer_.cancel();
    socket_.close(ignored);
  }

  ProbeRequest request_;
  std::function<void()> slow_;
  Done done_;
  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  std::size_t at_ = 0;
  std::string text_;
  std::array<char, 2048> piece_{};
  std::string answer_;
  bool timed_out_ = false;
  unsigned turn_ = 0;
  unsigned extensions_ = 0;
  ProbeResult result_;
};

HttpProbe::HttpProbe(const asio::any_io_executor& executor, ProbeRequest request, std::function<void()> slow, Done done)
    : run_(std::make_shared<Run>(executor, std::move(request), std::move(slow), std::move(done))) {
  run_->next();
}

HttpProbe::~HttpProbe() {
  run_->cancel();
}

}  // namespace berth::app
