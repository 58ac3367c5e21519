#include "app/metrics_server.hpp"

#include <algorithm>

#include "os/tcp_listener.hpp"

namespace berth::app {

MetricsServer::MetricsServer(boost::asio::io_context& io, const MetricsConfig& config, MetricsEndpoint& endpoint,
                             Hooks hooks)
    : io_(io),
      port_(static_cast<Port>(config.port)),
      address_(config.host),
      in_url_(address_.find(':') == std::string::npos ? address_ : "[" + address_ + "]"),
      authority_(in_url_ + ":" + std::to_string(port_)),
      endpoint_(endpoint),
      hooks_(std::move(hooks)),
      retry_(io) {}

MetricsServer::~MetricsServer() = default;

std::string MetricsServer::listen() {
  if (auto refused = hooks_.leased(port_); !refused.empty()) return refused;
  auto listener = os::listen_on_tcp(address_, port_);
  if (!listener) return std::move(listener.error());
  server_ = std::make_unique<HttpServer>(
      io_, std::move(*listener),
      [this](const ControlRequest& request, const Respond& respond, const Connected&) { handle(request, respond); },
      HttpServer::Options{.request = patience, .patience = patience, .most = most_connections});
  return {};
}

void MetricsServer::start() {
  auto trouble = listen();
  if (trouble.empty()) {
    hooks_.info("metrics are served at " + url());
  } else if (trouble != trouble_) {
    hooks_.warn("metrics cannot be served at " + url() + ": " + trouble +
                "; the servers run all the same, the control socket has the metrics too, and it is tried again every " +
                std::to_string(between_tries.count()) + " s");
  }
  trouble_ = std::move(trouble);
  if (trouble_.empty()) return;
  retry_.expires_after(between_tries);
  retry_.async_wait([this](const boost::system::error_code& error) {
    if (!error) start();
  });
}

void MetricsServer::close() {
  retry_.cancel();
  server_.reset();
}

void MetricsServer::handle(const ControlRequest& request, const Respond& respond) {
  const auto refuse = [&](unsigned status, std::string why) {
    respond(Answer{.status = status,
                   .body = std::make_shared<const std::string>(std::move(why) + "\n"),
                   .content_type = "text/plain; charset=utf-8"});
  };
  if (!host_is_here(request.host, in_url_, port_)) {
    return refuse(421, "this is " + authority_ + ", for programs of this machine that call it so");
  }
  const std::string_view target = request.target;
  if (!MetricsEndpoint::is_at(target.substr(0, target.find('?')))) return refuse(404, "there is only /metrics here");
  endpoint_.answer(request, respond);
}

}  // namespace berth::app
