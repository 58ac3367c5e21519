#include "cli/control_client.hpp"

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

#include "cli/context.hpp"
#include "cli/next_step.hpp"

namespace berth::cli {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::local::stream_protocol;

namespace {

constexpr std::size_t read_size = 64 * 1024;

// One request and its answer; the steps follow each other on one loop, so that a deadline covers them all.
class Exchange {
 public:
  Exchange(const std::string& method, const std::string& target, std::optional<Milliseconds> timeout)
      : stream_(io_), request_(http::string_to_verb(method), target, 11) {
    request_.set(http::field::host, "berth");
    request_.set(http::field::connection, "close");
    parser_.body_limit(256ULL * 1024 * 1024);
    buffer_.reserve(read_size);  // or Beast reads 512 bytes at a time
    if (timeout) stream_.expires_after(*timeout);
  }

  bool connect(const std::string& socket) {
    boost::system::error_code error;
    stream_.socket().connect(Protocol::endpoint(socket), error);
    return !error;
  }

  boost::system::error_code run() {
    http::async_write(stream_, request_, [this](const boost::system::error_code& error, std::size_t) {
      result_ = error;
      if (!error) read();
    });
    io_.run();
    return result_;
  }

  [[nodiscard]] const http::response<http::string_body>& response() const { return parser_.get(); }

 private:
  void read() {
    http::async_read(stream_, buffer_, parser_,
                     [this](const boost::system::error_code& error, std::size_t) { result_ = error; });
  }

  asio::io_context io_{1};
  beast::basic_stream<Protocol> stream_;
  http::request<http::empty_body> request_;
  http::response_parser<http::string_body> parser_;
  beast::flat_buffer buffer_;
  boost::system::error_code result_;
};

}  // namespace

std::string ControlAnswer::error_message() const {
  boost::system::error_code error;
  if (const auto* message = body.find_pointer("/error/message", error); message != nullptr && message->is_string()) {
    return std::string(message->as_string());
  }
  return "the supervisor answered with HTTP status " + std::to_string(status);
}

std::optional<ControlAnswer> ask(const std::string& socket, const std::string& method, const std::string& target,
                                 std::optional<Milliseconds> timeout) {
  Exchange exchange(method, target, timeout);
  if (!exchange.connect(socket)) return std::nullopt;
  if (const auto error = exchange.run()) {
    if (error == beast::error::timeout) throw Stop{exit_timed_out, "the supervisor does not answer on " + socket};
    throw Stop{exit_no_supervisor, "the supervisor went away while it was asked (" + error.message() + ")"};
  }
  boost::system::error_code error;
  // A resource that frees nothing before the end: the answer is read and thrown away as a whole.
  ControlAnswer answer{exchange.response().result_int(),
                       boost::json::parse(exchange.response().body(), error,
                                          boost::json::make_shared_resource<boost::json::monotonic_resource>())};
  if (error) throw Stop{exit_failed, "what answers on " + socket + " is no supervisor: " + error.message()};
  return answer;
}

ControlAnswer ask_running(const std::string& socket, const std::string& method, const std::string& target,
                          std::optional<Milliseconds> timeout) {
  auto answer = ask(socket, method, target, timeout);
  if (!answer) throw no_supervisor(socket);
  return std::move(*answer);
}

std::optional<pid_t> supervisor_pid(const std::string& socket) {
  asio::io_context io;
  Protocol::socket connection(io);
  boost::system::error_code error;
  connection.connect(Protocol::endpoint(socket), error);
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (error || ::getsockopt(connection.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return std::nullopt;
  return peer.pid > 0 ? std::optional(peer.pid) : std::nullopt;
}

std::string encoded(const std::string& text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.') {
      out += c;
    } else {
      out += {'%', digits[byte / 16], digits[byte % 16]};
    }
  }
  return out;
}

}  // namespace berth::cli
