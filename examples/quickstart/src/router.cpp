#include "router.hpp"

#include "http_rules.hpp"

namespace harbour {
namespace {

// Errors are JSON-RPC errors at every level: MCP clients show their message.
HttpReply refuse(unsigned status, std::string_view message, std::string_view allow = "") {
  HttpReply reply;
  reply.status = status;
  reply.body = rpc::error(nullptr, static_cast<int>(rpc::Error::server_error), message);
  reply.allow = allow;
  // Every client tries GET once to see whether there is a stream; that is not worth a line.
  if (status != 405) reply.log = "refused: HTTP " + std::to_string(status);
  return reply;
}

HttpReply post(const Mcp& mcp, const HttpRequest& request) {
  if (!is_json(request.header("Content-Type").value_or(""))) {
    return refuse(415, "Content-Type must be application/json");
  }
  // Lenient: a client that names nothing takes what there is.
  if (!accepts_json(request.header("Accept").value_or("*/*"))) {
    return refuse(406, "This server answers in application/json");
  }
  auto answer = mcp.handle({.body = request.body,
                            .protocol_version = request.header("MCP-Protocol-Version"),
                            .method = request.header("Mcp-Method"),
                            .name = request.header("Mcp-Name")});
  return {.status = answer.status, .body = std::move(answer.body), .log = std::move(answer.summary)};
}

HttpReply mcp_endpoint(const Mcp& mcp, const HttpRequest& request) {
  if (request.method == "POST") return post(mcp, request);
  if (request.method == "OPTIONS") return {.status = 204, .allow = "POST, OPTIONS"};
  // GET would open a stream of the server's own messages, DELETE would end a session: there is neither.
  return refuse(405, "Method not allowed", "POST, OPTIONS");
}

HttpReply health(const Mcp& mcp, const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return refuse(405, "Method not allowed", "GET, HEAD");
  json::object body;
  body["status"] = "ok";
  body["tools"] = mcp.tools().name;
  return {.status = 200, .body = json::serialize(body)};
}

}  // namespace

HttpReply route(const Mcp& mcp, const HttpRequest& request) {
  // Two Host headers are how one proxy is made to check the one and the server to obey the other.
  if (request.count("Host") != 1) return refuse(400, "Exactly one Host header is needed");
  if (!is_local_authority(*request.header("Host"))) return refuse(403, "This Host is not served here");
  if (const auto origin = request.header("Origin"); origin && !is_local_origin(*origin)) {
    return refuse(403, "This Origin is not welcome here");
  }
  const auto path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (path == "/mcp") return mcp_endpoint(mcp, request);
  if (path == "/health") return health(mcp, request);
  return refuse(404, "Not found: the endpoint is /mcp");
}

}  // namespace harbour
