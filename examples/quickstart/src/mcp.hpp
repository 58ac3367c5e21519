// The Model Context Protocol, without a transport: one message in, one answer out.
//
// Two eras are spoken on the same endpoint. Up to 2025-11-25 a client begins with `initialize`; since 2026-07-28 there
// is no beginning: every request names its version and capabilities in `_meta`, and headers repeat what a proxy needs.
// No session is kept in either, so a restart of this server goes unnoticed by clients of both.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rpc.hpp"
#include "tool.hpp"

namespace harbour {

// A POST, reduced to what the protocol looks at.
struct McpInput {
  std::string_view body;
  std::optional<std::string_view> protocol_version = {};  // MCP-Protocol-Version
  std::optional<std::string_view> method = {};            // Mcp-Method
  std::optional<std::string_view> name = {};              // Mcp-Name
};

struct McpOutput {
  unsigned status;      // of HTTP
  std::string body;     // empty for a notification
  std::string summary;  // for the log: made of this server's own words only
};

class Mcp {
 public:
  explicit Mcp(ToolSet tools) : tools_(std::move(tools)) {}
  McpOutput handle(const McpInput& input) const;
  const ToolSet& tools() const { return tools_; }

 private:
  McpOutput request(const rpc::Request& request, const McpInput& input) const;
  McpOutput classic(const rpc::Request& request) const;
  McpOutput modern(const rpc::Request& request, const McpInput& input) const;
  McpOutput initialize(const rpc::Request& request) const;
  McpOutput list_tools(const rpc::Request& request, bool is_modern) const;
  McpOutput call_tool(const rpc::Request& request, bool is_modern) const;
  McpOutput discover(const rpc::Request& request) const;
  McpOutput success(const rpc::Request& request, json::object result, bool is_modern) const;
  json::object server_info() const;

  ToolSet tools_;
};

}  // namespace harbour
