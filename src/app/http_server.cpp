#include "app/http_server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdio>
#include <deque>

namespace berth::app {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::generic::stream_protocol;
using namespace std::chrono_literals;

class HttpServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  class Session;

  Impl(asio::io_context& io, ControlHandler handler, Options options)
      : acceptor_(io), retry_(io), handler_(std::move(handler)), options_(std::move(options)) {}

  void open(os::Fd listener) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
    acceptor_.assign(Protocol(address.ss_family, 0), listener.release());
    accept();
  }

  void close() {
    boost::system::error_code ignored;
    retry_.cancel();
    acceptor_.close(ignored);
  }

  void accept();
  void begin(Protocol::socket socket);

  asio::basic_socket_acceptor<Protocol> acceptor_;
  asio::steady_timer retry_;
  ControlHandler handler_;
  Options options_;
  std::deque<std::weak_ptr<Session>> sessions_;  // oldest first; only where there is a limit
  std::size_t answering_ = 0;                    // requests that were read and whose answer is not written yet
};

class HttpServer::Impl::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Protocol::socket socket, std::shared_ptr<Impl> server)
      : stream_(std::move(socket)), server_(std::move(server)) {}

  void read() {
    parser_.emplace();
    parser_->header_limit(16 * 1024);
    parser_->body_limit(1024 * 1024);
    stream_.expires_after(server_->options_.request);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                       if (!error) self->handle();
                     });
  }

  void close() {
    boost::system::error_code ignored;
    stream_.socket().shutdown(Protocol::socket::shutdown_both, ignored);
    stream_.close();
  }

 private:
  void handle() {
    const auto& request = parser_->get();
    keep_alive_ = request.keep_alive();
    stream_.expires_never();
    ++server_->answering_;
    answered_ = false;
    watch_for_hangup();
    ControlRequest asked{std::string(request.method_string()), std::string(request.target()),
                         std::string(request["Last-Event-ID"])};
    if (request.count(http::field::host) == 1) asked.host = request[http::field::host];
    head_only_ = request.method() == http::verb::head;
    server_->handler_(asked,
                      {[self = shared_from_this()](Answer answer) { self->respond(std::move(answer)); },
                       [self = shared_from_this()](StreamedAnswer answer) { return self->stream(std::move(answer)); }},
                      [weak = weak_from_this()] {
                        const auto self = weak.lock();
                        return self && self->connected_;
                      });
  }

  // A client that gives up while it waits is noticed. What it sends meanwhile is kept for its next request, as far as
  // one may be long; behind that nobody looks.
  void watch_for_hangup() {
    stream_.socket().async_wait(Protocol::socket::wait_read, [self = shared_from_this()](const auto& error) {
      if (error || (self->answered_ && !self->next_)) return;
      constexpr std::size_t most = 64 * 1024;
      const auto room = self->buffer_.prepare(4096);
      const ssize_t got = ::recv(self->stream_.socket().native_handle(), room.data(), room.size(), MSG_DONTWAIT);
      if (got > 0) self->buffer_.commit(static_cast<std::size_t>(got));
      const bool nothing = got < 0 && (errno == EAGAIN || errno == EINTR);
      if (got > 0 || nothing) {
        if (self->buffer_.size() < most) self->watch_for_hangup();
        return;
      }
      self->connected_ = false;
      if (self->next_) return self->end_stream();
      --self->server_->answering_;
      self->answered_ = true;
      self->close();
    });
  }

  // ---- an answer that goes on

  Wake stream(StreamedAnswer answer) {
    if (answered_) return [] {};
    answered_ = true;
    keep_alive_ = false;
    chunked_ = parser_->get().version() >= 11;
    next_ = std::move(answer.next);
    piece_ = "HTTP/1.1 200 OK\r\nServer: berth\r\nContent-Type: " + answer.content_type +
             "\r\nCache-Control: no-store\r\nConnection: close\r\n" +
             (chunked_ ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    send_piece(false);
    return [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->pull();
    };
  }

  void pull() {
    if (!next_ || sending_) return;
    auto piece = next_();
    if (piece && piece->empty()) return;
    const bool over = !piece;
    piece_ = over ? std::string() : std::move(*piece);
    if (chunked_) {
      std::array<char, 20> size{};
      std::snprintf(size.data(), size.size(), "%zx\r\n", piece_.size());
      piece_ = size.data() + piece_ + "\r\n";  // one of no bytes is the last
    }
    send_piece(over);
  }

  void send_piece(bool last) {
    sending_ = true;
    stream_.expires_after(server_->options_.patience);
    asio::async_write(stream_, asio::buffer(piece_),
                      [self = shared_from_this(), last](const boost::system::error_code& error, std::size_t) {
                        self->sending_ = false;
                        if (!self->next_) return;  // it has hung up
                        if (error || last) return self->end_stream();
                        self->stream_.expires_never();
                        self->pull();
                      });
  }

  void end_stream() {
    if (!std::exchange(next_, nullptr)) return;
    --server_->answering_;
    close();
  }

  void respond(Answer answer) {
    if (answered_) return;
    answered_ = true;
    boost::system::error_code ignored;
    stream_.socket().cancel(ignored);  // the watch for a hang-up
    body_ = std::move(answer.body);
    head_ = "HTTP/1.1 " + std::to_string(answer.status) + " " +
            std::string(http::obsolete_reason(static_cast<http::status>(answer.status))) +
            "\r\nServer: berth\r\nContent-Type: " + answer.content_type +
            (answer.allow.empty() ? "" : "\r\nAllow: " + answer.allow) + (keep_alive_ ? "" : "\r\nConnection: close") +
            "\r\nContent-Length: " + std::to_string(body_->size()) + "\r\n\r\n";
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head_),
                                                  head_only_ ? asio::const_buffer() : asio::buffer(*body_)};
    stream_.expires_after(server_->options_.patience);
    asio::async_write(stream_, parts, [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
      --self->server_->answering_;
      self->body_.reset();
      if (error || !self->keep_alive_) return self->close();
      self->read();
    });
  }

  beast::basic_stream<Protocol> stream_;
  std::shared_ptr<Impl> server_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::string head_;  // of an answer on its way, and its body
  std::shared_ptr<const std::string> body_;
  std::function<std::optional<std::string>()> next_;  // as long as an answer goes on
  std::string piece_;                                 // on its way
  bool chunked_ = false;
  bool sending_ = false;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool answered_ = true;
  bool connected_ = true;
};

void HttpServer::Impl::accept() {
  acceptor_.async_accept([self = shared_from_this()](const boost::system::error_code& error, Protocol::socket socket) {
    if (error == asio::error::operation_aborted || !self->acceptor_.is_open()) return;
    if (error) {  // out of descriptors: trying at once would spin
      self->retry_.expires_after(200ms);
      return self->retry_.async_wait([self](const boost::system::error_code& cancelled) {
        if (!cancelled) self->accept();
      });
    }
    if (!self->options_.admit || self->options_.admit(socket.native_handle())) self->begin(std::move(socket));
    self->accept();
  });
}

void HttpServer::Impl::begin(Protocol::socket socket) {
  const auto session = std::make_shared<Session>(std::move(socket), shared_from_this());
  session->read();
  if (options_.most == 0) return;
  std::erase_if(sessions_, [](const auto& other) { return other.expired(); });
  sessions_.push_back(session);
  if (sessions_.size() <= options_.most) return;
  if (const auto oldest = sessions_.front().lock()) oldest->close();
  sessions_.pop_front();
}

HttpServer::HttpServer(asio::io_context& io, os::Fd listener, ControlHandler handler, Options options)
    : impl_(std::make_shared<Impl>(io, std::move(handler), std::move(options))) {
  impl_->open(std::move(listener));
}

HttpServer::~HttpServer() {
  close();
}

void HttpServer::close() {
  impl_->close();
}

bool HttpServer::idle() const {
  return impl_->answering_ == 0;
}

}  // namespace berth::app
