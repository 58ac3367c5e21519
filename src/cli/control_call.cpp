#include "cli/control_call.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/parse.hpp>
#include <utility>

namespace berth::cli {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::local::stream_protocol;
using boost::system::error_code;

// Lives until its last operation has ended, whoever has lost interest before.
class ControlCall::Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(asio::io_context& io, std::string socket, const std::string& method, const std::string& target, Done done)
      : stream_(io),
        socket_(std::move(socket)),
        request_(http::string_to_verb(method), target, 11),
        done_(std::move(done)) {
    request_.set(http::field::host, "berth");
    request_.set(http::field::connection, "close");
    parser_.body_limit(256ULL * 1024 * 1024);
  }

  void begin(std::optional<Milliseconds> timeout) {
    if (timeout) stream_.expires_after(*timeout);
    error_code error;
    stream_.socket().connect(Protocol::endpoint(socket_), error);  // at once, or not at all: it is local
    if (error) {
      asio::post(stream_.get_executor(), [self = shared_from_this(), error] {
        self->finish(Unexpected<CallFailure>(CallFailure{true, false, error.message()}));
      });
      return;
    }
    http::async_write(stream_, request_, [self = shared_from_this()](const error_code& failed, std::size_t) {
      if (failed) return self->fail(failed);
      self->read();
    });
  }

  void take_back() {
    done_ = nullptr;
    error_code ignored;
    stream_.socket().close(ignored);
  }

 private:
  void read() {
    http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](const error_code& failed, std::size_t) {
      if (failed) return self->fail(failed);
      self->judge();
    });
  }

  void judge() {
    ControlAnswer answer{parser_.get().result_int(), nullptr};
    error_code error;
    answer.body = boost::json::parse(parser_.get().body(), error);
    if (!error) return finish(std::move(answer));
    finish(Unexpected<CallFailure>(
        CallFailure{false, false, "what answers on " + socket_ + " is no supervisor: " + error.message()}));
  }

  void fail(const error_code& error) {
    const bool timed_out = error == beast::error::timeout;
    const std::string message = timed_out ? "the supervisor does not answer on " + socket_
                                          : "the supervisor went away while it was asked (" + error.message() + ")";
    finish(Unexpected<CallFailure>(CallFailure{false, timed_out, message}));
  }

  void finish(Result result) {
    if (const Done done = std::exchange(done_, nullptr)) done(std::move(result));
  }

  beast::basic_stream<Protocol> stream_;
  std::string socket_;
  http::request<http::empty_body> request_;
  http::response_parser<http::string_body> parser_;
  beast::flat_buffer buffer_;
  Done done_;
};

ControlCall::ControlCall(asio::io_context& io, const std::string& socket, const std::string& method,
                         const std::string& target, std::optional<Milliseconds> timeout, Done done)
    : exchange_(std::make_shared<Exchange>(io, socket, method, target, std::move(done))) {
  exchange_->begin(timeout);
}

ControlCall::~ControlCall() {
  exchange_->take_back();
}

}  // namespace berth::cli
