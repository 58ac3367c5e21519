#pragma once
// HTTP/1.1 over the Unix socket: takes requests from the same user (or root) and hands them on. It knows nothing of
// what is asked; see control_api.hpp for that.

#include <berth/expected.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

namespace berth::app {

struct ControlRequest {
  std::string method;              // "GET", "POST" …
  std::string target;              // path and query, as sent
  std::string last_event_id = {};  // the header of this name, of server-sent events; empty: there is none
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
  using Once = std::function<void(unsigned status, std::string body)>;
  using Stream = std::function<Wake(StreamedAnswer)>;

  Respond() = default;
  template <class F, class = std::enable_if_t<std::is_invocable_v<F&, unsigned, std::string>>>
  Respond(F once, Stream stream = {})  // NOLINT(google-explicit-constructor): any function that takes an answer
      : once_(std::move(once)), stream_(std::move(stream)) {}

  void operator()(unsigned status, std::string body) const { once_(status, std::move(body)); }
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

class ControlServer {
 public:
  // `patience`: with a client that does not take what it has asked for. Binds `path` (mode 0600); a socket file left by
  // a dead supervisor is replaced: the project's lock is held by now, so nobody answers there.
  static Expected<std::unique_ptr<ControlServer>, std::string> listen(
      boost::asio::io_context& io, const std::string& path, ControlHandler handler,
      std::chrono::milliseconds patience = std::chrono::seconds(30));
  ~ControlServer();  // closes, and removes the socket file

  // Takes no more requests; answers those that wait for one.
  void close();
  // Nothing is left to be written.
  [[nodiscard]] bool idle() const;

 private:
  class Impl;
  explicit ControlServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace berth::app
