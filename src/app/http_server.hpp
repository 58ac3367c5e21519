#pragma once
// HTTP/1.1 for those on this machine who ask the supervisor: takes requests from a listening stream socket, of whatever
// family, and hands them on. It knows nothing of what is asked; see control_api.hpp and metrics_endpoint.hpp for that.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "os/fd.hpp"

namespace berth::app {

struct ControlRequest {
  std::string method;              // "GET", "POST" …
  std::string target;              // path and query, as sent
  std::string last_event_id = {};  // the header of this name, of server-sent events; empty: there is none
  std::string host = {};           // the header of this name; empty also when there are several
};

// The whole of an answer. The body of one to HEAD is measured and not sent.
struct Answer {
  unsigned status = 200;
  std::shared_ptr<const std::string> body;  // kept until it was taken, or given up
  std::string content_type = "application/json";
  std::string allow = {};  // with 405: the methods that are possible
};

// An answer that goes on. It is pulled: `next` is asked for a piece when the client has taken the one before, so that
// a client that reads slowly, or not at all, costs one piece of memory and stalls nobody. One that does not take a
// piece within the server's patience is dropped.
struct StreamedAnswer {
  std::string content_type;
  // Empty: nothing at present. Nothing: it is over. Pieces should be of 64 KiB at most. Called from the loop, never
  // again once the client has gone; it is destroyed then.
  std::function<std::optional<std::string>()> next;
};
// Asks for a piece again: to be called when there may be more. Does nothing once the answer is over.
using Wake = std::function<void()>;

// Answers a request, once, now or later. Nothing happens when whoever asked has gone.
class Respond {
 public:
  using Once = std::function<void(Answer)>;
  using Stream = std::function<Wake(StreamedAnswer)>;

  Respond() = default;
  template <class F, class = std::enable_if_t<std::is_invocable_v<F&, Answer>>>
  Respond(F once, Stream stream = {})  // NOLINT(google-explicit-constructor): any function that takes an answer
      : once_(std::move(once)), stream_(std::move(stream)) {}
  // JSON is all that it takes.
  template <class F, std::enable_if_t<std::is_invocable_v<F&, unsigned, std::string>, int> = 0>
  Respond(F once, Stream stream = {})  // NOLINT(google-explicit-constructor)
      : once_([once = std::move(once)](const Answer& answer) mutable { once(answer.status, *answer.body); }),
        stream_(std::move(stream)) {}

  void operator()(Answer answer) const { once_(std::move(answer)); }
  void operator()(unsigned status, std::string json) const {
    once_({.status = status, .body = std::make_shared<const std::string>(std::move(json))});
  }
  // With status 200. `next` is not called before this returns.
  [[nodiscard]] Wake stream(StreamedAnswer answer) const {
    return stream_ ? stream_(std::move(answer)) : Wake([] {});
  }

 private:
  Once once_;
  Stream stream_;
};
// Still there? For those who answer later.
using Connected = std::function<bool()>;
using ControlHandler = std::function<void(const ControlRequest&, Respond, Connected)>;

class HttpServer {
 public:
  struct Options {
    std::chrono::milliseconds request = std::chrono::seconds(30);   // for a request to come, from the one before
    std::chrono::milliseconds patience = std::chrono::seconds(30);  // with a client that does not take its answer
    // Connections at once; whoever comes then takes the place of the one that has been there longest. 0: as many as
    // there are descriptors.
    std::size_t most = 0;
    std::function<bool(int socket)> admit = {};  // who may ask; empty: whoever comes
  };

  // `listener`: a socket that listens.
  HttpServer(boost::asio::io_context& io, os::Fd listener, ControlHandler handler, Options options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Takes no more connections; answers those that wait for an answer.
  void close();
  // Nothing is left to be written.
  [[nodiscard]] bool idle() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace berth::app
