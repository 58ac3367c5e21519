#include "app/http_exchange.hpp"

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>

namespace berth::app {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

std::string media_type(beast::string_view header) {
  std::string type(header.substr(0, header.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  for (char& c : type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return type;
}

}  // namespace

class HttpExchange::Run : public std::enable_shared_from_this<Run> {
 public:
  Run(const asio::any_io_executor& executor, HttpQuestion question, Milliseconds limit, Listener listener)
      : stream_(executor), question_(std::move(question)), limit_(limit), listener_(std::move(listener)) {}

  void start() {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(question_.approach.address, error);
    if (error) {
      return asio::post(stream_.get_executor(), [self = shared_from_this(), error] { self->connected(error); });
    }
    stream_.expires_after(limit_);
    stream_.async_connect(asio::ip::tcp::endpoint(address, question_.port),
                          [self = shared_from_this()](const boost::system::error_code& ec) { self->connected(ec); });
  }

  void close() {
    closed_ = true;
    stream_.close();
  }

 private:
  void connected(const boost::system::error_code& error) {
    if (closed_) return;
    if (error) return end(error == beast::error::timeout ? HttpEnd::silent : HttpEnd::unreachable, error);
    boost::system::error_code ignored;
    stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);  // no TIME_WAIT: see prober.cpp
    request_.method_string(question_.method);
    request_.target(question_.target);
    request_.version(11);
    request_.set(http::field::host, question_.approach.host + ":" + std::to_string(question_.port));
    request_.set(http::field::user_agent, "berth");
    request_.set(http::field::connection, "close");
    for (const auto& [name, value] : question_.headers) request_.insert(name, value);
    request_.body() = std::move(question_.body);
    if (!request_.body().empty()) request_.content_length(request_.body().size());
    http::async_write(stream_, request_, [self = shared_from_this()](const boost::system::error_code& ec, std::size_t) {
      self->written(ec);
    });
  }

  void written(const boost::system::error_code& error) {
    if (closed_) return;
    if (error) return end(HttpEnd::broken, error);
    read_head();
  }

  void read_head() {
    parser_.emplace();
    parser_->header_limit(largest_head);
    parser_->body_limit(largest_body);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](const boost::system::error_code& ec, std::size_t) { self->head_read(ec); });
  }

  void head_read(const boost::system::error_code& error) {
    if (closed_) return;
    if (error) return end(HttpEnd::broken, error);
    const auto& head = parser_->get();
    // 1xx: the answer proper is still to come.
    if (head.result_int() < 200 && ++preliminaries_ < 10) return read_head();
    HttpHead told;
    told.status = head.result_int();
    told.reason = std::string(head.reason());
    told.content_type = media_type(head[http::field::content_type]);
    told.session = std::string(head["Mcp-Session-Id"]);
    told.location = std::string(head[http::field::location]);
    listener_.head(told);
    if (closed_) return;
    if (parser_->is_done()) return end(HttpEnd::whole, {});
    read_body();
  }

  void read_body() {
    parser_->get().body().data = piece_.data();
    parser_->get().body().size = piece_.size();
    http::async_read_some(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](const boost::system::error_code& ec, std::size_t) { self->body_read(ec); });
  }

  void body_read(boost::system::error_code error) {
    if (closed_) return;
    if (error == http::error::need_buffer) error.clear();
    const std::size_t size = piece_.size() - parser_->get().body().size;
    if (size > 0) listener_.body(std::string_view(piece_.data(), size));
    if (closed_) return;
    if (error) return end(HttpEnd::broken, error);
    if (parser_->is_done()) return end(HttpEnd::whole, {});
    read_body();
  }

  void end(HttpEnd how, const boost::system::error_code& error) {
    close();
    if (error == beast::error::timeout) how = HttpEnd::silent;
    std::string text = error ? error.message() : "";
    if (how == HttpEnd::silent) text = "within " + std::to_string(limit_.count()) + " ms";
    if (error == http::error::body_limit) text = "more than " + std::to_string(largest_body >> 20U) + " MiB";
    if (error == http::error::header_limit)
      text = "a head of more than " + std::to_string(largest_head >> 10U) + " KiB";
    listener_.ended(how, text);
  }

  beast::tcp_stream stream_;
  HttpQuestion question_;
  Milliseconds limit_;
  Listener listener_;
  bool closed_ = false;
  unsigned preliminaries_ = 0;
  http::request<http::string_body> request_;
  std::optional<http::response_parser<http::buffer_body>> parser_;
  beast::flat_buffer buffer_;
  std::array<char, 16 * 1024> piece_{};
};

HttpExchange::HttpExchange(const asio::any_io_executor& executor, HttpQuestion question, Milliseconds limit,
                           Listener listener)
    : run_(std::make_shared<Run>(executor, std::move(question), limit, std::move(listener))) {
  run_->start();
}

HttpExchange::~HttpExchange() {
  run_->close();
}

}  // namespace berth::app
