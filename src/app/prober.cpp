#include "app/prober.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>

namespace berth::app {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

class HttpProbe::Run : public std::enable_shared_from_this<Run> {
 public:
  Run(const asio::any_io_executor& executor, std::vector<Approach> approaches, Port port, std::string path,
      Milliseconds timeout, Done done)
      : executor_(executor),
        approaches_(std::move(approaches)),
        port_(port),
        path_(std::move(path)),
        timeout_(timeout),
        done_(std::move(done)) {}

  void next() {
    if (at_ == approaches_.size()) return finish();
    boost::system::error_code error;
    const auto address = asio::ip::make_address(approaches_[at_].address, error);
    if (error) return give_up("cannot connect to " + approaches_[at_].address + ": " + error.message());
    stream_.emplace(executor_);
    stream_->expires_after(timeout_);
    stream_->async_connect(asio::ip::tcp::endpoint(address, port_),
                           [self = shared_from_this()](const boost::system::error_code& ec) { self->connected(ec); });
  }

  void cancel() {
    done_ = nullptr;
    close();
  }

 private:
  void connected(const boost::system::error_code& error) {
    if (!done_) return;
    if (error) return give_up("does not accept connections: " + error.message());
    request_ = {http::verb::options, path_, 11};
    request_.set(http::field::host, approaches_[at_].host + ":" + std::to_string(port_));
    request_.set(http::field::accept, "application/json, text/event-stream");
    request_.set(http::field::connection, "close");
    request_.set(http::field::user_agent, "berth");
    http::async_write(
        *stream_, request_,
        [self = shared_from_this()](const boost::system::error_code& ec, std::size_t) { self->written(ec); });
  }

  void written(const boost::system::error_code& error) {
    if (!done_) return;
    if (error) return give_up("does not take a request: " + error.message());
    buffer_.clear();
    parser_.emplace();
    parser_->skip(true);
    parser_->header_limit(64 * 1024);
    http::async_read_header(
        *stream_, buffer_, *parser_,
        [self = shared_from_this()](const boost::system::error_code& ec, std::size_t) { self->answered(ec); });
  }

  void answered(const boost::system::error_code& error) {
    if (!done_) return;
    if (error == beast::error::timeout) {
      return give_up("does not answer OPTIONS " + path_ + " within " + std::to_string(timeout_.count()) + " ms");
    }
    if (error) return give_up("does not answer OPTIONS " + path_ + " with HTTP: " + error.message());
    const unsigned status = parser_->get().result_int();
    if (!result_.alive || status != 403) {
      result_ = {.alive = true, .status = status, .host = approaches_[at_].host};
    }
    close();
    if (status != 403) return finish();
    ++at_;  // perhaps it would listen to another name
    next();
  }

  void give_up(std::string message) {
    close();
    if (!result_.alive && result_.message.empty()) result_.message = std::move(message);
    ++at_;
    next();
  }

  void finish() {
    close();
    if (auto done = std::exchange(done_, nullptr)) done(result_);
  }

  void close() {
    if (stream_) stream_->close();
  }

  asio::any_io_executor executor_;
  std::vector<Approach> approaches_;
  Port port_;
  std::string path_;
  Milliseconds timeout_;
  Done done_;
  std::size_t at_ = 0;
  std::optional<beast::tcp_stream> stream_;
  http::request<http::empty_body> request_;
  std::optional<http::response_parser<http::empty_body>> parser_;
  beast::flat_buffer buffer_;
  ProbeResult result_;
};

HttpProbe::HttpProbe(const asio::any_io_executor& executor, std::vector<Approach> approaches, Port port,
                     std::string path, Milliseconds timeout, Done done)
    : run_(std::make_shared<Run>(executor, std::move(approaches), port, std::move(path), timeout, std::move(done))) {
  run_->next();
}

HttpProbe::~HttpProbe() {
  run_->cancel();
}

}  // namespace berth::app
