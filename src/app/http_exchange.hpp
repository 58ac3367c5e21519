#pragma once
// One HTTP/1.1 request over TCP and its answer, which is handed on as it comes: an event stream never ends by itself.
// The connection is closed as soon as nobody wants more of it. Redirects are answers like any other.

#include <berth/config.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/prober.hpp"

namespace berth::app {

struct HttpQuestion {
  std::string method;  // "POST"
  Approach approach;
  Port port = 0;
  std::string target;       // path and query
  EnvironmentList headers;  // beside Host, User-Agent, Connection and Content-Length
  std::string body;
};

struct HttpHead {
  unsigned status = 0;
  std::string reason;
  std::string content_type;  // in lower case, without parameters
  std::string session;       // Mcp-Session-Id
  std::string location;
};

enum class HttpEnd { whole, unreachable, silent, broken };

class HttpExchange {
 public:
  static constexpr std::uint32_t largest_head = 64 * 1024;           // bytes
  static constexpr std::uint64_t largest_body = 4U * 1024U * 1024U;  // bytes

  struct Listener {
    std::function<void(const HttpHead&)> head;
    std::function<void(std::string_view)> body;              // a piece of it
    std::function<void(HttpEnd, const std::string&)> ended;  // once, and last; with words unless it is whole
  };

  // `limit`: for all of it. The listener is called from the loop, never from within this constructor, and not after
  // the destructor; it may destroy the exchange.
  HttpExchange(const boost::asio::any_io_executor& executor, HttpQuestion question, Milliseconds limit,
               Listener listener);
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

 private:
  class Run;
  std::shared_ptr<Run> run_;
};

}  // namespace berth::app
