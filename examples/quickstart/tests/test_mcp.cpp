#include "calls.hpp"
#include "mcp.hpp"
#include "support/catch.hpp"

using namespace harbour;

namespace {

struct Answer {
  unsigned status;
  json::value body;
  const json::value& result() const { return body.at("result"); }
  int error() const { return static_cast<int>(body.at("error").at("code").as_int64()); }
};

Answer ask(const McpInput& input) {
  const Mcp mcp(clock_tools(test_instant));
  const auto output = mcp.handle(input);
  return {output.status, output.body.empty() ? json::value() : json::parse(output.body)};
}

Answer classic(std::string_view body) {
  return ask({.body = body});
}

// A request of the 2026-07-28 era, as a correct client sends it; `more` is the rest of its params.
Answer modern(const std::string& method, const std::string& more = "", const char* name = nullptr) {
  const auto body = R"({"jsonrpc":"2.0","id":7,"method":")" + method + R"(","params":{)" + more +
                    R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)" +
                    R"("io.modelcontextprotocol/clientCapabilities":{}}}})";
  McpInput input{.body = body, .protocol_version = "2026-07-28", .method = method};
  if (name != nullptr) input.name = name;
  return ask(input);
}

std::string initialize(const std::string& version) {
  return R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":")" + version +
         R"(","capabilities":{},"clientInfo":{"name":"t","version":"0"}}})";
}

}  // namespace

TEST_CASE("initialize echoes a version that is spoken, else offers the latest", "[mcp]") {
  const auto [wanted, agreed] = GENERATE(table<std::string, std::string>({{"2025-11-25", "2025-11-25"},
                                                                          {"2025-06-18", "2025-06-18"},
                                                                          {"2025-03-26", "2025-03-26"},
                                                                          {"2024-11-05", "2024-11-05"},
                                                                          {"2026-07-28", "2025-11-25"},
                                                                          {"1999-01-01", "2025-11-25"}}));
  const auto answer = classic(initialize(wanted));
  CHECK(answer.status == 200);
  CHECK(answer.result().at("protocolVersion") == json::value(agreed));
  CHECK(answer.result().at("serverInfo").at("name") == "harbour-clock");
  CHECK(answer.result().at("capabilities").as_object().contains("tools"));
}

TEST_CASE("an id comes back as it was sent", "[mcp]") {
  const auto id = GENERATE("0", "-1", "9007199254740993", "18446744073709551615", R"("a-1")", R"("")");
  const auto answer = classic(R"({"jsonrpc":"2.0","method":"ping","id":)" + std::string(id) + "}");
  CHECK(answer.body.at("id") == json::parse(id));
  CHECK(answer.result().as_object().empty());
}

TEST_CASE("notifications and answers are accepted in silence", "[mcp]") {
  const auto body = GENERATE(R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
                             R"({"jsonrpc":"2.0","method":"made/up"})", R"({"jsonrpc":"2.0","id":3,"result":{}})",
                             R"({"jsonrpc":"2.0","id":3,"error":{"code":1,"message":""}})");
  const auto answer = classic(body);
  CHECK(answer.status == 202);
  CHECK(answer.body.is_null());
}

TEST_CASE("what is not a JSON-RPC message is refused with the fitting code", "[mcp]") {
  const auto [body, code] = GENERATE(table<std::string, int>({
      {"", -32700},
      {"{nope", -32700},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping"} x)", -32700},
      {"\"\xff\"", -32700},
      {std::string(100000, '['), -32700},
      {"42", -32600},
      {"[]", -32600},
      {R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", -32600},
      {R"({"id":1,"method":"ping"})", -32600},
      {R"({"jsonrpc":"1.0","id":1,"method":"ping"})", -32600},
      {R"({"jsonrpc":"2.0","id":null,"method":"ping"})", -32600},
      {R"({"jsonrpc":"2.0","id":{},"method":"ping"})", -32600},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", -32600},
      {R"({"jsonrpc":"2.0","id":1,"method":5})", -32600},
      {R"({"jsonrpc":"2.0","id":1})", -32600},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[1]})", -32602},
  }));
  const auto answer = classic(body);
  CHECK(answer.status == 400);
  CHECK(answer.error() == code);
}

TEST_CASE("tools/list describes every tool", "[mcp]") {
  const auto answer = classic(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
  const auto& tools = answer.result().at("tools").as_array();
  CHECK(tools.size() == 3);
  for (const auto& tool : tools) {
    CHECK_FALSE(tool.at("description").as_string().empty());
    CHECK(tool.at("inputSchema").at("type") == "object");
    CHECK(tool.at("outputSchema").at("type") == "object");
  }
  CHECK(tools.at(1).at("inputSchema").at("required") == json::parse(R"(["from","to"])"));
  CHECK(classic(R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}})").error() == -32602);
}

TEST_CASE("tools/call answers with text and with data", "[mcp]") {
  const auto answer = classic(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"now"}})");
  CHECK(answer.result().at("content").at(0).at("text") == "Saturday, 2026-11-21T10:00:00.250Z");
  CHECK(answer.result().at("structuredContent").at("weekday") == "Saturday");
  CHECK_FALSE(answer.result().as_object().contains("resultType"));  // a word of the later era
}

TEST_CASE("a tool's own error is a result that the model can read", "[mcp]") {
  const auto answer = classic(
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"now","arguments":{"utc_offset":"?"}}})");
  CHECK(answer.result().at("isError") == true);
  CHECK_FALSE(answer.result().as_object().contains("structuredContent"));
}

TEST_CASE("a call that names no tool is an error of the protocol", "[mcp]") {
  const auto params = GENERATE(R"({})", R"({"name":1})", R"({"name":"nope"})", R"({"name":"now","arguments":[]})");
  const auto answer = classic(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":)" + std::string(params) + "}");
  CHECK(answer.error() == -32602);
}

TEST_CASE("an unknown method and an unknown version are refused", "[mcp]") {
  CHECK(classic(R"({"jsonrpc":"2.0","id":1,"method":"server/discover"})").error() == -32601);
  const auto answer =
      ask({.body = R"({"jsonrpc":"2.0","id":1,"method":"ping"})", .protocol_version = std::string_view("1999-01-01")});
  CHECK(answer.status == 400);
  CHECK(answer.error() == -32000);
}

TEST_CASE("2026-07-28: discover, list and call need no beginning", "[mcp]") {
  auto answer = modern("server/discover");
  CHECK(answer.status == 200);
  CHECK(answer.result().at("supportedVersions") == json::parse(R"(["2026-07-28"])"));
  CHECK(answer.result().at("resultType") == "complete");
  CHECK(answer.result().at("_meta").at("io.modelcontextprotocol/serverInfo").at("name") == "harbour-clock");

  answer = modern("tools/list");
  CHECK(answer.result().at("tools").as_array().size() == 3);
  CHECK(answer.result().at("cacheScope") == "private");

  answer = modern("tools/call", R"("name":"now",)", "now");
  CHECK(answer.result().at("structuredContent").at("weekday") == "Saturday");
}

TEST_CASE("2026-07-28: headers must repeat the body", "[mcp]") {
  CHECK(modern("tools/call", R"("name":"now",)").error() == -32020);
  CHECK(modern("tools/call", R"("name":"now",)", "later").error() == -32020);

  const std::string body =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":)"
      R"("2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}})";
  CHECK(ask({.body = body, .method = "tools/list"}).error() == -32020);
  CHECK(ask({.body = body, .protocol_version = "2026-07-28"}).error() == -32020);
  CHECK(ask({.body = body, .protocol_version = "2026-07-28", .method = "tools/call"}).error() == -32020);
  CHECK(ask({.body = body, .protocol_version = "2025-11-25", .method = "tools/list"}).status == 400);
  CHECK(ask({.body = body, .protocol_version = "2026-07-28", .method = "tools/list"}).status == 200);
}

TEST_CASE("2026-07-28: the envelope must be whole and of this version", "[mcp]") {
  const auto with_params = [](const std::string& params) {
    const auto body = R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":)" + params + "}";
    return ask({.body = body, .protocol_version = "2026-07-28", .method = "tools/list"});
  };
  CHECK(with_params("{}").error() == -32602);
  CHECK(with_params(R"({"_meta":5})").error() == -32602);
  CHECK(with_params(R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}})").error() == -32602);
  const auto later = with_params(R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2099-01-01"}})");
  CHECK(later.error() == -32022);
  CHECK(later.body.at("error").at("data").at("requested") == "2099-01-01");
}

TEST_CASE("2026-07-28: methods of the earlier era are gone", "[mcp]") {
  const auto method = GENERATE("initialize", "ping", "resources/list");
  const auto answer = modern(method);
  CHECK(answer.status == 404);
  CHECK(answer.error() == -32601);
}
