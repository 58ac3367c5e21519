// JSON-RPC 2.0: from the text of a message to what it is, and from an answer to text. Knows nothing of MCP.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <variant>

namespace harbour::rpc {

namespace json = boost::json;

enum class Error : int {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal_error = -32603,
  server_error = -32000,
};

struct Request {
  json::value id;  // a string or an integer, sent back as it came
  std::string method;
  json::object params;
};
struct Notification {
  std::string method;
};
struct Response {};  // a client's answer to a question that this server never asks
struct Malformed {
  json::value id;  // null when it cannot be told
  int code;
  std::string message;
};
using Message = std::variant<Request, Notification, Response, Malformed>;

// Never throws on bad input: that is what Malformed is for.
Message parse(std::string_view text);

std::string result(const json::value& id, json::object value);
std::string error(const json::value& id, int code, std::string_view message, json::object data = {});

}  // namespace harbour::rpc
