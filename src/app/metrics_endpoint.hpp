#pragma once
// GET /metrics, for those who scrape: on the control socket, and on a TCP port where nothing else is served.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/http_server.hpp"

namespace berth::app {

class MetricsEndpoint {
 public:
  // One text serves all who ask within this time while somebody is still taking it: a crowd of slow scrapers costs one
  // look at the servers a second, and no more memory than that.
  static constexpr std::chrono::seconds shared_for{1};

  explicit MetricsEndpoint(std::function<std::string()> render) : render_(std::move(render)) {}

  // A path, without query.
  static bool is_at(std::string_view path) { return path == "/metrics"; }
  // Whatever was asked there: 200, or 405 for what is neither GET nor HEAD.
  void answer(const ControlRequest& request, const Respond& respond);

 private:
  std::function<std::string()> render_;
  std::weak_ptr<const std::string> text_;
  std::chrono::steady_clock::time_point made_at_{};
};

// The header Host names this machine and, if any, this port: a web page whose name was made to lead here (DNS
// rebinding) says its own. `address`: where it is listened on.
bool host_is_here(std::string_view host, std::string_view address, unsigned port);

}  // namespace berth::app
