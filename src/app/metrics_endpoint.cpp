#include "app/metrics_endpoint.hpp"

#include <algorithm>

#include "app/prometheus_text.hpp"

namespace berth::app {

void MetricsEndpoint::answer(const ControlRequest& request, const Respond& respond) {
  if (request.method != "GET" && request.method != "HEAD") {
    return respond(Answer{.status = 405,
                          .body = std::make_shared<const std::string>("metrics can only be read: GET or HEAD\n"),
                          .content_type = "text/plain; charset=utf-8",
                          .allow = "GET, HEAD"});
  }
  const auto now = std::chrono::steady_clock::now();
  auto text = text_.lock();
  if (!text || now - made_at_ > shared_for) {
    text = std::make_shared<const std::string>(render_());
    text_ = text;
    made_at_ = now;
  }
  respond(Answer{.status = 200, .body = std::move(text), .content_type = PrometheusText::content_type});
}

bool host_is_here(std::string_view host, std::string_view address, unsigned port) {
  const std::string ending = ":" + std::to_string(port);
  if (host.ends_with(ending)) {
    host.remove_suffix(ending.size());
  } else if (host.find(':') != std::string_view::npos && !host.ends_with(']')) {
    return false;  // another port; without one, the name is what counts
  }
  std::string name(host);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]" || name == address;
}

}  // namespace berth::app
