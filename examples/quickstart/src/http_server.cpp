// The only file that includes Beast: it takes longer to compile than all the others together.
#include "http_server.hpp"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace harbour {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::uint64_t body_limit = 1024 * 1024;
constexpr std::uint32_t header_limit = 16 * 1024;
constexpr std::size_t max_connections = 256;
constexpr auto request_time = 30s;  // for a whole request to arrive, the wait for its first byte included
constexpr auto reply_time = 30s;
constexpr auto linger_time = 2s;
constexpr auto farewell_time = 1s;  // for replies still being written when the process is asked to end

void note_line(std::string_view line) {
  std::cout << line << '\n' << std::flush;
}

class Session;

// The open connections. They report here when they are gone, so that the listener can take the next one.
struct Connections {
  std::set<Session*> open;
  std::function<void()> on_gone;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Connections& connections, const HttpHandler& handler)
      : stream_(std::move(socket)), connections_(connections), handler_(handler) {
    connections_.open.insert(this);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    connections_.open.erase(this);
    if (connections_.on_gone) connections_.on_gone();
  }

  void start() { read_header(); }

  // Lets a reply that is under way reach its client; nothing else is worth waiting for.
  void stop() {
    stopping_ = true;
    if (!writing_) stream_.close();
  }

 private:
  void read_header() {
    parser_.emplace();
    parser_->header_limit(header_limit);
    parser_->body_limit(body_limit);
    stream_.expires_after(request_time);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](ErrorCode failure, std::size_t) { self->on_header(failure); });
  }

  void on_header(ErrorCode failure) {
    if (failure) return on_read_failure(failure);
    // curl asks before it sends a large body, and waits a second for the answer.
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) return write_continue();
    read_body();
  }

  void write_continue() {
    go_ahead_.result(http::status::continue_);
    http::async_write(stream_, go_ahead_, [self = shared_from_this()](ErrorCode failure, std::size_t) {
      if (!failure) self->read_body();
    });
  }

  void read_body() {
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](ErrorCode failure, std::size_t) {
      failure ? self->on_read_failure(failure) : self->on_request();
    });
  }

  void on_read_failure(ErrorCode failure) {
    if (failure == http::error::body_limit) return refuse(413, "The body is larger than 1 MiB");
    if (failure == http::error::header_limit) return refuse(431, "The header is larger than 16 KiB");
    // What else Beast complains of is bad syntax; the rest is the connection itself, gone or too slow.
    const bool is_syntax = failure.category() == make_error_code(http::error::bad_method).category() &&
                           failure != http::error::end_of_stream && failure != http::error::partial_message;
    if (is_syntax) refuse(400, "Malformed HTTP");
  }

  void refuse(unsigned status, const std::string& message) {
    note_line("refused: HTTP " + std::to_string(status));
    HttpReply reply;
    reply.status = status;
    reply.body = R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":")" + message + "\"}}";
    write(reply, false, false);
  }

  void on_request() {
    const auto& message = parser_->get();
    HttpRequest request;
    request.method = std::string(std::string_view(message.method_string()));
    request.target = std::string(std::string_view(message.target()));
    for (const auto& field : message) {
      request.headers.emplace_back(std::string_view(field.name_string()), std::string_view(field.value()));
    }
    request.body = parser_->get().body();
    const auto reply = answer(request);
    if (!reply.log.empty()) note_line(reply.log);
    write(reply, message.keep_alive(), request.method == "HEAD");
  }

  // A bug in a tool must cost one answer, not the process.
  HttpReply answer(const HttpRequest& request) const {
    try {
      return handler_(request);
    } catch (const std::exception& bug) {
      std::cerr << "harbour-tools: internal error: " << bug.what() << '\n';
      HttpReply reply;
      reply.status = 500;
      reply.body = R"({"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"Internal error"}})";
      return reply;
    }
  }

  void write(const HttpReply& reply, bool keep_alive, bool head_only) {
    response_ = {};
    response_.result(reply.status);
    response_.set(http::field::server, "harbour-tools");
    if (!reply.allow.empty()) response_.set(http::field::allow, reply.allow);
    if (!reply.body.empty()) response_.set(http::field::content_type, "application/json");
    if (reply.status != 204) response_.content_length(reply.body.size());
    if (!head_only) response_.body() = reply.body;
    response_.keep_alive(keep_alive && !stopping_);
    writing_ = true;
    stream_.expires_after(reply_time);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](ErrorCode failure, std::size_t) { self->on_written(failure); });
  }

  void on_written(ErrorCode failure) {
    writing_ = false;
    if (failure) return;
    if (response_.keep_alive() && !stopping_) return read_header();
    ErrorCode ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(linger_time);
    if (!stopping_) drain(0);
  }

  // Closing while the client still sends makes the kernel throw the reply away: read on until it has stopped.
  void drain(std::size_t so_far) {
    if (so_far > 8 * body_limit) return;
    stream_.async_read_some(asio::buffer(scrap_),
                            [self = shared_from_this(), so_far](ErrorCode failure, std::size_t count) {
                              if (!failure) self->drain(so_far + count);
                            });
  }

  beast::tcp_stream stream_;
  Connections& connections_;
  const HttpHandler& handler_;
  beast::flat_buffer buffer_{64 * 1024};
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::empty_body> go_ahead_;
  http::response<http::string_body> response_;
  std::array<char, 16 * 1024> scrap_{};
  bool writing_ = false;
  bool stopping_ = false;
};

class Server {
 public:
  Server(const Options& options, std::string name, const HttpHandler& handler)
      : options_(options), name_(std::move(name)), handler_(handler) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Connections that are still open end with the io_context, when there is nobody left to report to.
  ~Server() { connections_.on_gone = nullptr; }

  int run() {
    connections_.on_gone = [this] { on_connection_gone(); };
    signals_.async_wait([this](ErrorCode failure, int) {
      if (!failure) stop();
    });
    if (options_.delay == 0ms) {
      listen();
    } else {
      timer_.expires_after(options_.delay);
      timer_.async_wait([this](ErrorCode failure) {
        if (!failure) listen();
      });
    }
    io_.run();
    return exit_code_;
  }

 private:
  void listen() {
    const tcp::endpoint wanted(asio::ip::make_address(options_.host), options_.port);
    ErrorCode failure;
    acceptor_.open(wanted.protocol(), failure);
    // Without this, a restart would have to wait for the connections of the process before it to be forgotten.
    if (!failure) acceptor_.set_option(asio::socket_base::reuse_address(true), failure);
    if (!failure) acceptor_.bind(wanted, failure);
    if (!failure) acceptor_.listen(asio::socket_base::max_listen_connections, failure);
    if (failure) return fail(wanted, failure);

    const bool is_v6 = wanted.address().is_v6();
    note_line(name_ + " listening on http://" + (is_v6 ? "[" + options_.host + "]" : options_.host) + ":" +
              std::to_string(acceptor_.local_endpoint(failure).port()) + "/mcp");
    accept();
  }

  void fail(const tcp::endpoint& wanted, ErrorCode failure) {
    const bool taken = failure == asio::error::address_in_use;
    std::cerr << "harbour-tools: cannot listen on " << wanted << ": "
              << (taken ? "address already in use" : failure.message()) << '\n';
    exit_code_ = 1;
    stop();
  }

  void accept() {
    accepting_ = true;
    acceptor_.async_accept([this](ErrorCode failure, tcp::socket socket) {
      accepting_ = false;
      if (stopping_) return;
      if (failure) return retry_later();
      std::make_shared<Session>(std::move(socket), connections_, handler_)->start();
      if (connections_.open.size() < max_connections) accept();
    });
  }

  // Out of descriptors, most likely: what is open needs time to end, and trying at once would spin.
  void retry_later() {
    timer_.expires_after(100ms);
    timer_.async_wait([this](ErrorCode failure) {
      if (!failure && !accepting_ && !stopping_) accept();
    });
  }

  void on_connection_gone() {
    if (stopping_ && connections_.open.empty()) timer_.cancel();
    if (!stopping_ && !accepting_) accept();
  }

  void stop() {
    stopping_ = true;
    signals_.cancel();
    ErrorCode ignored;
    acceptor_.close(ignored);
    timer_.cancel();
    const auto open = connections_.open;  // a copy: stopping one takes it out of the set
    for (auto* session : open) session->stop();
    if (open.empty()) return;
    timer_.expires_after(farewell_time);
    timer_.async_wait([this](ErrorCode failure) {
      if (!failure) io_.stop();
    });
  }

  // Before io_: the sessions that it destroys at its end still take themselves out.
  Connections connections_;
  const Options& options_;
  std::string name_;
  const HttpHandler& handler_;
  asio::io_context io_{1};
  asio::signal_set signals_{io_, SIGINT, SIGTERM};
  tcp::acceptor acceptor_{io_};
  asio::steady_timer timer_{io_};
  int exit_code_ = 0;
  bool accepting_ = false;
  bool stopping_ = false;
};

}  // namespace

int serve(const Options& options, const std::string& name, const HttpHandler& handler) {
  // A reader of stdout that has gone away is no reason to stop serving.
  std::signal(SIGPIPE, SIG_IGN);
  return Server(options, name, handler).run();
}

}  // namespace harbour
