#include "rpc.hpp"

#include <boost/system/error_code.hpp>
#include <utility>

namespace harbour::rpc {
namespace {

Malformed invalid(json::value id, std::string message) {
  return {std::move(id), static_cast<int>(Error::invalid_request), std::move(message)};
}

bool is_id(const json::value& value) {
  return value.is_string() || value.is_int64() || value.is_uint64();
}

std::string compact(json::object members) {
  return json::serialize(json::value(std::move(members)));
}

}  // namespace

Message parse(std::string_view text) {
  boost::system::error_code failure;
  const json::value document = json::parse(text, failure);
  if (failure) {
    return Malformed{nullptr, static_cast<int>(Error::parse_error), "Parse error: " + failure.message()};
  }
  if (document.is_array()) return invalid(nullptr, "Batches are not supported: send one message at a time");
  if (!document.is_object()) return invalid(nullptr, "A message must be an object");

  const auto& message = document.get_object();
  const auto* id = message.if_contains("id");
  const json::value known_id = id != nullptr && is_id(*id) ? *id : json::value(nullptr);
  const auto* version = message.if_contains("jsonrpc");
  if (version == nullptr || *version != "2.0") return invalid(known_id, "jsonrpc must be \"2.0\"");
  if (id != nullptr && known_id.is_null()) return invalid(nullptr, "id must be a string or an integer");

  const auto* method = message.if_contains("method");
  if (method == nullptr) {
    if (message.contains("result") || message.contains("error")) return Response{};
    return invalid(known_id, "method is missing");
  }
  if (!method->is_string()) return invalid(known_id, "method must be a string");
  const std::string name(std::string_view(method->get_string()));
  if (id == nullptr) return Notification{name};

  const auto* params = message.if_contains("params");
  if (params != nullptr && !params->is_object()) {
    return Malformed{known_id, static_cast<int>(Error::invalid_params), "params must be an object"};
  }
  return Request{known_id, name, params == nullptr ? json::object() : params->get_object()};
}

std::string result(const json::value& id, json::object value) {
  json::object answer;
  answer["jsonrpc"] = "2.0";
  answer["id"] = id;
  answer["result"] = std::move(value);
  return compact(std::move(answer));
}

std::string error(const json::value& id, int code, std::string_view message, json::object data) {
  json::object answer;
  answer["jsonrpc"] = "2.0";
  answer["id"] = id;
  auto& body = answer["error"].emplace_object();
  body["code"] = code;
  body["message"] = message;
  if (!data.empty()) body["data"] = std::move(data);
  return compact(std::move(answer));
}

}  // namespace harbour::rpc
