#pragma once
// HTTP/1.1 over the Unix socket: takes requests from the same user (or root) and hands them on. It knows nothing of
// what is asked; see control_api.hpp for that.

#include <berth/expected.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

namespace berth::app {

struct ControlRequest {
  std::string method;  // "GET", "POST" …
  std::string target;  // path and query, as sent
};

// Answers a request, once, now or later. False when whoever asked has gone.
using Respond = std::function<void(unsigned status, std::string body)>;
// Still there? For those who answer later.
using Connected = std::function<bool()>;
using ControlHandler = std::function<void(const ControlRequest&, Respond, Connected)>;

class ControlServer {
 public:
  // Binds `path` (mode 0600); a socket file left by a dead supervisor is replaced: the project's lock is held by now,
  // so nobody answers there.
  static Expected<std::unique_ptr<ControlServer>, std::string> listen(boost::asio::io_context& io,
                                                                      const std::string& path, ControlHandler handler);
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
