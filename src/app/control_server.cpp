#include "app/control_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cstdio>
#include <optional>
#include <utility>

namespace berth::app {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::local::stream_protocol;
using namespace std::chrono_literals;

namespace {

bool may_ask(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

std::string peer_pid(Protocol::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return std::to_string(peer.pid);
}

}  // namespace

class ControlServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  class Session;

  Impl(asio::io_context& io, std::string path, ControlHandler handler, std::chrono::milliseconds patience)
      : acceptor_(io), retry_(io), path_(std::move(path)), handler_(std::move(handler)), patience_(patience) {}

  std::string open() {
    boost::system::error_code error;
    // The lock says that we are alone, but its file may have been tidied away while its holder lived.
    Protocol::socket other(acceptor_.get_executor());
    other.connect(Protocol::endpoint(path_), error);
    if (!error) return "another supervisor answers on the control socket `" + path_ + "`, as pid " + peer_pid(other);
    error.clear();
    ::unlink(path_.c_str());
    acceptor_.open(Protocol(), error);
    const mode_t before = ::umask(0177);
    if (!error) acceptor_.bind(Protocol::endpoint(path_), error);
    ::umask(before);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return "cannot listen on the control socket `" + path_ + "`: " + error.message();
    accept();
    return {};
  }

  void close() {
    boost::system::error_code ignored;
    retry_.cancel();
    if (acceptor_.is_open()) ::unlink(path_.c_str());
    acceptor_.close(ignored);
  }

  void accept();

  Protocol::acceptor acceptor_;
  asio::steady_timer retry_;
  std::string path_;
  ControlHandler handler_;
  std::chrono::milliseconds patience_;
  std::size_t answering_ = 0;  // requests that were read and whose answer is not written yet
};

class ControlServer::Impl::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Protocol::socket socket, std::shared_ptr<Impl> server)
      : stream_(std::move(socket)), server_(std::move(server)) {}

  void read() {
    parser_.emplace();
    parser_->header_limit(16 * 1024);
    parser_->body_limit(1024 * 1024);
    stream_.expires_after(30s);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                       if (!error) self->handle();
                     });
  }

 private:
  void handle() {
    const auto& request = parser_->get();
    keep_alive_ = request.keep_alive();
    stream_.expires_never();
    ++server_->answering_;
    answered_ = false;
    watch_for_hangup();
    const ControlRequest asked{std::string(request.method_string()), std::string(request.target()),
                               std::string(request["Last-Event-ID"])};
    server_->handler_(
        asked,
        {[self = shared_from_this()](unsigned status, std::string body) { self->respond(status, std::move(body)); },
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
    stream_.expires_after(server_->patience_);
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

  void respond(unsigned status, std::string body) {
    if (answered_) return;
    answered_ = true;
    boost::system::error_code ignored;
    stream_.socket().cancel(ignored);  // the watch for a hang-up
    response_ = {static_cast<http::status>(status), 11};
    response_.set(http::field::server, "berth");
    response_.set(http::field::content_type, "application/json");
    response_.keep_alive(keep_alive_);
    response_.body() = std::move(body);
    response_.prepare_payload();
    stream_.expires_after(server_->patience_);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                        --self->server_->answering_;
                        if (error || !self->keep_alive_) return self->close();
                        self->read();
                      });
  }

  void close() {
    boost::system::error_code ignored;
    stream_.socket().shutdown(Protocol::socket::shutdown_both, ignored);
    stream_.close();
  }

  beast::basic_stream<Protocol> stream_;
  std::shared_ptr<Impl> server_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::function<std::optional<std::string>()> next_;  // as long as an answer goes on
  std::string piece_;                                 // on its way
  bool chunked_ = false;
  bool sending_ = false;
  bool keep_alive_ = false;
  bool answered_ = true;
  bool connected_ = true;
};

void ControlServer::Impl::accept() {
  acceptor_.async_accept([self = shared_from_this()](const boost::system::error_code& error, Protocol::socket socket) {
    if (error == asio::error::operation_aborted || !self->acceptor_.is_open()) return;
    if (error) {  // out of descriptors: trying at once would spin
      self->retry_.expires_after(200ms);
      return self->retry_.async_wait([self](const boost::system::error_code& cancelled) {
        if (!cancelled) self->accept();
      });
    }
    if (may_ask(socket.native_handle())) std::make_shared<Session>(std::move(socket), self)->read();
    self->accept();
  });
}

ControlServer::ControlServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

ControlServer::~ControlServer() {
  close();
}

void ControlServer::close() {
  impl_->close();
}

bool ControlServer::idle() const {
  return impl_->answering_ == 0;
}

Expected<std::unique_ptr<ControlServer>, std::string> ControlServer::listen(asio::io_context& io,
                                                                            const std::string& path,
                                                                            ControlHandler handler,
                                                                            std::chrono::milliseconds patience) {
  auto impl = std::make_shared<Impl>(io, path, std::move(handler), patience);
  if (auto trouble = impl->open(); !trouble.empty()) return Unexpected<std::string>(std::move(trouble));
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(impl)));
}

}  // namespace berth::app
