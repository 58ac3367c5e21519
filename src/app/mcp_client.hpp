#pragma once
// Asks a server itself, once, and cleans up after: carries out what the handshake (core/mcp_handshake.hpp) wants asked.
// One connection at a time, but for the old transport, whose answers come on an event stream of their own; none is left
// open at the end. No Origin is sent, no redirect followed, and no connection made to anybody else.

#include <berth/config.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/prober.hpp"
#include "core/mcp_handshake.hpp"

namespace berth::app {

struct McpResult {
  core::McpFindings findings;
  std::string host;  // of the approach that got through; for URLs
};

class McpClient {
 public:
  using Done = std::function<void(const McpResult&)>;

  struct Target {
    std::vector<Approach> approaches;
    Port port = 0;
    std::string path;
    EnvironmentList headers;  // sent with every request
    // For all that the server says of itself, before any of it is cut; never called after the client is gone.
    std::function<std::string(std::string_view)> redacted;
    std::string client_version;
    Milliseconds pause{0};  // before the first question; no part of the timeout
  };

  // For the end of a session, beyond the time for everything else.
  static constexpr Milliseconds clean_up_time{2'000};

  // `done` is called once, from the loop, within `timeout` and `clean_up_time` after the pause, unless the client is
  // destroyed before.
  McpClient(const boost::asio::any_io_executor& executor, Target target, Milliseconds timeout, Done done);
  // Asks no more. A session that is open, or being opened, is still ended, within `clean_up_time`, in the background.
  ~McpClient();
  McpClient(const McpClient&) = delete;
  McpClient& operator=(const McpClient&) = delete;

  // The server has gone: leaves nothing to be done. `done` is not called.
  void forget();

 private:
  class Run;
  std::shared_ptr<Run> run_;
};

}  // namespace berth::app
