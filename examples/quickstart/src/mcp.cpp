#include "mcp.hpp"

#include <algorithm>
#include <array>
#include <variant>

namespace harbour {
namespace {

constexpr std::array<std::string_view, 4> classic_versions{"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
constexpr std::string_view modern_version = "2026-07-28";
constexpr std::string_view version_key = "io.modelcontextprotocol/protocolVersion";
constexpr std::string_view capabilities_key = "io.modelcontextprotocol/clientCapabilities";
constexpr std::string_view server_info_key = "io.modelcontextprotocol/serverInfo";

// Codes that MCP 2026-07-28 adds to those of JSON-RPC.
constexpr int header_mismatch = -32020;
constexpr int unsupported_version = -32022;

bool is_classic(std::string_view version) {
  return std::find(classic_versions.begin(), classic_versions.end(), version) != classic_versions.end();
}

std::optional<std::string_view> text_member(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string());
}

McpOutput failure(const rpc::Request& request, unsigned status, int code, std::string_view message,
                  json::object data = {}) {
  return {status, rpc::error(request.id, code, message, std::move(data)), "refused: error " + std::to_string(code)};
}

McpOutput failure(const rpc::Request& request, unsigned status, rpc::Error code, std::string_view message) {
  return failure(request, status, static_cast<int>(code), message);
}

const json::object* meta_of(const rpc::Request& request) {
  const auto* meta = request.params.if_contains("_meta");
  return meta == nullptr ? nullptr : meta->if_object();
}

// The version that a request of the modern era carries in itself.
std::optional<std::string_view> envelope_version(const rpc::Request& request) {
  const auto* meta = meta_of(request);
  return meta == nullptr ? std::nullopt : text_member(*meta, version_key);
}

McpOutput bad_version(const rpc::Request& request, std::string_view version) {
  json::object data;
  data["supported"].emplace_array().emplace_back(modern_version);
  data["requested"] = version;
  return failure(request, 400, unsupported_version, "Unsupported protocol version: " + std::string(version),
                 std::move(data));
}

// A header must repeat what the body says, so that proxies may rely on it. Empty when it does.
std::string mismatch(std::string_view header, std::optional<std::string_view> value, std::string_view in_body) {
  if (value == in_body) return "";
  const auto names = value ? "names \"" + std::string(*value) + "\"" : std::string("is missing");
  return "The body names \"" + std::string(in_body) + "\", but the header " + std::string(header) + " " + names;
}

std::string modern_mismatch(const rpc::Request& request, const McpInput& input, std::string_view version) {
  if (auto wrong = mismatch("MCP-Protocol-Version", input.protocol_version, version); !wrong.empty()) return wrong;
  if (auto wrong = mismatch("Mcp-Method", input.method, request.method); !wrong.empty()) return wrong;
  if (request.method != "tools/call") return "";
  const auto name = text_member(request.params, "name");
  return name ? mismatch("Mcp-Name", input.name, *name) : "";
}

}  // namespace

McpOutput Mcp::handle(const McpInput& input) const {
  const auto message = rpc::parse(input.body);
  if (const auto* wrong = std::get_if<rpc::Malformed>(&message)) {
    return {400, rpc::error(wrong->id, wrong->code, wrong->message), "refused: error " + std::to_string(wrong->code)};
  }
  if (const auto* call = std::get_if<rpc::Request>(&message)) return request(*call, input);
  return {202, "", ""};
}

McpOutput Mcp::request(const rpc::Request& request, const McpInput& input) const {
  const auto& header = input.protocol_version;
  if (envelope_version(request) || header == modern_version) return modern(request, input);
  // `initialize` is where the version is agreed upon; before that a header cannot be wrong.
  if (header && !is_classic(*header) && request.method != "initialize") {
    return failure(request, 400, rpc::Error::server_error, "Unsupported protocol version: " + std::string(*header));
  }
  return classic(request);
}

McpOutput Mcp::classic(const rpc::Request& request) const {
  if (request.method == "initialize") return initialize(request);
  if (request.method == "ping") return {200, rpc::result(request.id, {}), ""};
  if (request.method == "tools/list") return list_tools(request, false);
  if (request.method == "tools/call") return call_tool(request, false);
  return failure(request, 200, rpc::Error::method_not_found, "Method not found");
}

McpOutput Mcp::modern(const rpc::Request& request, const McpInput& input) const {
  const auto version = envelope_version(request);
  if (!version) {
    return failure(request, 400, rpc::Error::invalid_params,
                   "params._meta." + std::string(version_key) + " is missing");
  }
  if (*version != modern_version) return bad_version(request, *version);
  const auto* capabilities = meta_of(request)->if_contains(capabilities_key);
  if (capabilities == nullptr || !capabilities->is_object()) {
    return failure(request, 400, rpc::Error::invalid_params,
                   "params._meta." + std::string(capabilities_key) + " must be an object");
  }
  if (const auto wrong = modern_mismatch(request, input, *version); !wrong.empty()) {
    return failure(request, 400, header_mismatch, wrong);
  }
  if (request.method == "server/discover") return discover(request);
  if (request.method == "tools/list") return list_tools(request, true);
  if (request.method == "tools/call") return call_tool(request, true);
  return failure(request, 404, rpc::Error::method_not_found, "Method not found");
}

McpOutput Mcp::initialize(const rpc::Request& request) const {
  const auto wanted = text_member(request.params, "protocolVersion");
  if (!wanted) return failure(request, 200, rpc::Error::invalid_params, "protocolVersion must be a string");
  json::object result;
  result["protocolVersion"] = is_classic(*wanted) ? *wanted : classic_versions.front();
  result["capabilities"].emplace_object()["tools"].emplace_object();
  result["serverInfo"] = server_info();
  result["instructions"] = tools_.instructions;
  auto output = success(request, std::move(result), false);
  output.summary = "initialize";
  return output;
}

McpOutput Mcp::discover(const rpc::Request& request) const {
  json::object result;
  result["supportedVersions"].emplace_array().emplace_back(modern_version);
  result["capabilities"].emplace_object()["tools"].emplace_object();
  result["instructions"] = tools_.instructions;
  result["ttlMs"] = 0;
  result["cacheScope"] = "private";
  auto output = success(request, std::move(result), true);
  output.summary = "server/discover";
  return output;
}

McpOutput Mcp::list_tools(const rpc::Request& request, bool is_modern) const {
  // Everything fits on one page, so no cursor was ever given out.
  if (request.params.contains("cursor")) return failure(request, 200, rpc::Error::invalid_params, "Unknown cursor");
  json::object result;
  auto& entries = result["tools"].emplace_array();
  for (const auto& tool : tools_.tools) entries.emplace_back(describe(tool));
  if (is_modern) {
    result["ttlMs"] = 0;
    result["cacheScope"] = "private";
  }
  auto output = success(request, std::move(result), is_modern);
  output.summary = "tools/list";
  return output;
}

McpOutput Mcp::call_tool(const rpc::Request& request, bool is_modern) const {
  const auto name = text_member(request.params, "name");
  if (!name) return failure(request, 200, rpc::Error::invalid_params, "name must be a string");
  const auto tool = std::find_if(tools_.tools.begin(), tools_.tools.end(),
                                 [&name](const Tool& candidate) { return candidate.name == *name; });
  if (tool == tools_.tools.end()) {
    return failure(request, 200, rpc::Error::invalid_params, "Unknown tool: " + std::string(*name));
  }
  const auto* arguments = request.params.if_contains("arguments");
  if (arguments != nullptr && !arguments->is_object()) {
    return failure(request, 200, rpc::Error::invalid_params, "arguments must be an object");
  }

  auto answer = call(*tool, arguments == nullptr ? json::object() : arguments->get_object());
  json::object result;
  auto& part = result["content"].emplace_array().emplace_back(json::object()).get_object();
  part["type"] = "text";
  part["text"] = answer.text;
  if (answer.is_error) {
    result["isError"] = true;
  } else {
    result["structuredContent"] = std::move(answer.structured);
  }
  auto output = success(request, std::move(result), is_modern);
  output.summary = "tools/call " + tool->name + (answer.is_error ? ": error" : "");
  return output;
}

McpOutput Mcp::success(const rpc::Request& request, json::object result, bool is_modern) const {
  if (is_modern) {
    result["resultType"] = "complete";
    result["_meta"].emplace_object()[server_info_key] = server_info();
  }
  return {200, rpc::result(request.id, std::move(result)), ""};
}

json::object Mcp::server_info() const {
  json::object info;
  info["name"] = "harbour-" + tools_.name;
  info["version"] = "0.1.0";
  return info;
}

}  // namespace harbour
