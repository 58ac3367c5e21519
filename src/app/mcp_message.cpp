#include "app/mcp_message.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "app/output.hpp"
#include "os/json_parse.hpp"

namespace berth::app {

namespace json = boost::json;
using core::McpMethod;
using core::McpReply;

namespace {

constexpr std::size_t deepest = 200;  // schemas of tools are nested

const json::value* member(const json::value* value, std::string_view key) {
  const json::object* object = value == nullptr ? nullptr : value->if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

// What a server says is shown and logged: without control characters.
std::string word(const json::value* value) {
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? "" : printable(std::string_view(text->data(), text->size()));
}

// As it came: a cursor is given back.
std::string raw(const json::value* value) {
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? "" : std::string(text->data(), text->size());
}

std::vector<std::string> words(const json::value* value) {
  std::vector<std::string> all;
  const json::array* list = value == nullptr ? nullptr : value->if_array();
  if (list == nullptr) return all;
  for (const json::value& item : *list) {
    if (item.is_string()) all.push_back(word(&item));
  }
  return all;
}

bool is_number(const json::value& value, unsigned number) {
  if (value.is_int64()) return value.get_int64() == number;
  if (value.is_uint64()) return value.get_uint64() == number;
  return value.is_double() && value.get_double() == number;
}

void take_name(const json::value* info, McpReply& reply) {
  reply.name = word(member(info, "name"));
  reply.server_version = word(member(info, "version"));
}

void take_result(const json::value& result, McpMethod method, McpReply& reply) {
  reply.body = McpReply::Body::result;
  reply.offers_tools = member(member(&result, "capabilities"), "tools") != nullptr;
  if (method == McpMethod::discover) {
    reply.versions = words(member(&result, "supportedVersions"));
    const json::value* info = member(member(&result, "_meta"), "io.modelcontextprotocol/serverInfo");
    take_name(info != nullptr ? info : member(&result, "serverInfo"), reply);
  } else if (method == McpMethod::initialize) {
    reply.version = word(member(&result, "protocolVersion"));
    take_name(member(&result, "serverInfo"), reply);
  } else if (method == McpMethod::list_tools) {
    const json::value* tools = member(&result, "tools");
    if (tools == nullptr || !tools->is_array()) {
      reply.body = McpReply::Body::other;
      return;
    }
    for (const json::value& tool : tools->get_array()) {
      if (reply.tools.size() > core::McpHandshake::most_tools) break;
      if (auto name = word(member(&tool, "name")); !name.empty()) reply.tools.push_back(std::move(name));
    }
    reply.cursor = raw(member(&result, "nextCursor"));
  }
}

void take_error(const json::value& error, McpReply& reply) {
  reply.body = McpReply::Body::error;
  reply.error_message = word(member(&error, "message"));
  const json::value* code = member(&error, "code");
  if (code != nullptr && code->is_int64()) reply.error_code = code->get_int64();
  reply.versions = words(member(member(&error, "data"), "supported"));
}

bool take_message(const json::value& message, const core::McpAsk& ask, bool anonymous, McpReply& reply) {
  const json::value* id = member(&message, "id");
  const json::value* result = member(&message, "result");
  const json::value* error = member(&message, "error");
  const bool ours = id != nullptr && is_number(*id, ask.id);
  if (ours && result != nullptr && result->is_object()) {
    take_result(*result, ask.method, reply);
    return true;
  }
  const bool nobodys = anonymous && (id == nullptr || id->is_null());
  if (error == nullptr || !error->is_object() || !(ours || nobodys)) return false;
  take_error(*error, reply);
  return true;
}

json::object client_info(const std::string& version) {
  return {{"name", "berth"}, {"version", version.empty() ? "0" : version}};
}

std::string method_name(McpMethod method) {
  switch (method) {
    case McpMethod::discover: return "server/discover";
    case McpMethod::initialize: return "initialize";
    case McpMethod::initialized: return "notifications/initialized";
    case McpMethod::list_tools: return "tools/list";
    default: return "";
  }
}

}  // namespace

std::string question_text(const core::McpAsk& ask, const std::string& client_version) {
  const std::string method = method_name(ask.method);
  if (method.empty()) return "";
  json::object message{{"jsonrpc", "2.0"}};
  if (ask.id != 0) message["id"] = ask.id;
  message["method"] = method;
  json::object params;
  if (ask.modern) {
    params["_meta"] = json::object{{"io.modelcontextprotocol/protocolVersion", ask.version},
                                   {"io.modelcontextprotocol/clientInfo", client_info(client_version)},
                                   {"io.modelcontextprotocol/clientCapabilities", json::object{}}};
  }
  if (ask.method == McpMethod::initialize) {
    params["protocolVersion"] = core::proposed_mcp;
    params["capabilities"] = json::object{};
    params["clientInfo"] = client_info(client_version);
  }
  if (!ask.cursor.empty()) params["cursor"] = ask.cursor;
  if (!params.empty()) message["params"] = std::move(params);
  return json::serialize(message);
}

bool take_answer(std::string_view text, const core::McpAsk& ask, bool anonymous, McpReply& reply) {
  json::error_code error;
  const json::value message = os::parse_json(text, deepest, error);
  if (error) return false;
  const json::array* batch = message.if_array();
  if (batch == nullptr) return take_message(message, ask, anonymous, reply);
  for (const json::value& one : *batch) {
    if (take_message(one, ask, anonymous, reply)) return true;
  }
  return false;
}

}  // namespace berth::app
