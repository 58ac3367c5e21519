#include "app/whole_config.hpp"

#include <algorithm>

namespace berth::app {

std::vector<std::string> all_secrets(const Config& config) {
  std::vector<std::string> secrets;
  for (const ServerConfig& server : config.servers) {
    secrets.insert(secrets.end(), server.secret_values.begin(), server.secret_values.end());
  }
  return secrets;
}

std::vector<Port> kept_ports(const Config& config) {
  std::vector<Port> ports;
  if (config.metrics.port != 0) ports.push_back(static_cast<Port>(config.metrics.port));
  for (const ServerConfig& server : config.servers) {
    if (server.fixed_port) ports.push_back(*server.fixed_port);
  }
  return ports;
}

std::size_t longest_name(const Config& config) {
  std::size_t longest = 0;
  for (const ServerConfig& server : config.servers) longest = std::max(longest, server.name.size());
  return longest;
}

}  // namespace berth::app
