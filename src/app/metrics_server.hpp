#pragma once
// The TCP port of the metrics. It is no reason for a server not to run: while somebody else has the port, that is said,
// and it is tried again every now and then.

#include <berth/config.hpp>
#include <berth/expected.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "app/http_server.hpp"
#include "app/metrics_endpoint.hpp"

namespace berth::app {

class MetricsServer {
 public:
  static constexpr std::chrono::seconds between_tries{5};
  // A scraper has one. One that holds many costs this many descriptors, and keeps nobody else out.
  static constexpr std::size_t most_connections = 32;
  static constexpr std::chrono::seconds patience{15};  // with those who do not ask, and those who do not read

  struct Hooks {
    std::function<std::string(Port)> leased;  // whose the port is among supervisors, as a sentence; empty: nobody's
    std::function<void(const std::string&)> info;
    std::function<void(const std::string&)> warn;
  };

  // `port` is not 0.
  MetricsServer(boost::asio::io_context& io, const MetricsConfig& config, MetricsEndpoint& endpoint, Hooks hooks);
  ~MetricsServer();

  // Tries, and goes on trying. What is in the way is in `trouble` then, and was told to `warn`.
  void start();
  void close();

  [[nodiscard]] std::string url() const { return "http://" + authority_ + "/metrics"; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }  // empty: it is served

 private:
  void handle(const ControlRequest& request, const Respond& respond);
  std::string listen();

  boost::asio::io_context& io_;
  Port port_;
  std::string address_;
  std::string in_url_;  // the address, in brackets for IPv6
  std::string authority_;
  MetricsEndpoint& endpoint_;
  Hooks hooks_;
  boost::asio::steady_timer retry_;
  std::unique_ptr<HttpServer> server_;
  std::string trouble_;
};

}  // namespace berth::app
