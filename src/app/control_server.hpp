#pragma once
// The control socket: HTTP over a Unix socket, for the same user (or root).

#include <berth/expected.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "app/http_server.hpp"

namespace berth::app {

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
  [[nodiscard]] bool idle() const { return server_->idle(); }

 private:
  ControlServer(std::unique_ptr<HttpServer> server, std::string path);
  std::unique_ptr<HttpServer> server_;
  std::string path_;
  bool closed_ = false;
};

}  // namespace berth::app
