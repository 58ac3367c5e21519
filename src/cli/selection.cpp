#include "cli/selection.hpp"

#include <algorithm>
#include <boost/json/value.hpp>

#include "cli/context.hpp"
#include "config/names.hpp"

namespace berth::cli {

namespace json = boost::json;

json::array select(const json::array& servers, const std::vector<std::string>& names) {
  if (names.empty()) return servers;
  json::array chosen;
  std::vector<std::string_view> known;
  for (const auto& server : servers) known.push_back(server.at("name").as_string());
  for (const std::string& name : names) {
    const auto at = std::find(known.begin(), known.end(), name);
    if (at == known.end()) {
      throw Stop{exit_usage, config::unknown_server(name, known)};
    }
    chosen.push_back(servers[static_cast<std::size_t>(at - known.begin())]);
  }
  return chosen;
}

bool all_ready(const json::array& servers, bool asked) {
  return std::all_of(servers.begin(), servers.end(), [&](const json::value& server) {
    return server.at("ready").as_bool() || (!asked && server.at("wanted").as_string() != "up");
  });
}

}  // namespace berth::cli
