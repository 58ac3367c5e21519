#pragma once
// The status document (schema 1) from the status value.

#include <berth/status.hpp>
#include <boost/json/object.hpp>
#include <string>

#include "app/mcp_client.hpp"

namespace berth::app {

boost::json::object to_json(const SupervisorStatus& status);
boost::json::object to_json(const ServerStatus& status);
// What came of asking a server itself.
boost::json::object to_json(const std::string& server, const McpResult& result, const std::string& url);
boost::json::array to_json(const std::vector<DeadPort>& dead);

}  // namespace berth::app
