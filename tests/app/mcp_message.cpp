// JSON-RPC of the handshake: bodies as they were captured from real servers.

#include "app/mcp_message.hpp"

#include "support/catch.hpp"

namespace berth::app {
namespace {

using core::McpAsk;
using core::McpMethod;
using core::McpReply;

McpAsk asking(McpMethod method, unsigned id = 1) {
  McpAsk ask;
  ask.method = method;
  ask.id = id;
  return ask;
}

}  // namespace

TEST_CASE("a list of millions is not read to its end, and what has no name is no tool") {
  std::string body = R"({"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},0,{},{"name":3})";
  for (unsigned i = 0; i < 2 * core::McpHandshake::most_tools; ++i) body += R"(,{"name":"b"})";
  McpReply reply;
  REQUIRE(take_answer(body + "]}}", asking(McpMethod::list_tools), false, reply));
  CHECK(reply.tools.size() == core::McpHandshake::most_tools + 1);
  CHECK(reply.tools.front() == "a");
  CHECK(reply.tools.at(1) == "b");
}

TEST_CASE("an answer that is nested beyond all use is no answer, and costs no stack") {
  const std::string deep(100'000, GENERATE('[', '{'));
  McpReply reply;
  CHECK_FALSE(take_answer(deep, asking(McpMethod::list_tools), false, reply));
  CHECK_FALSE(take_answer(R"({"jsonrpc":"2.0","id":1,"result":{"tools":)" + std::string(100'000, '['),
                          asking(McpMethod::list_tools), false, reply));
}

TEST_CASE("the modern question carries its version and who asks") {
  McpAsk ask = asking(McpMethod::discover);
  ask.modern = true;
  ask.version = "2026-07-28";
  CHECK(question_text(ask, "0.1.0") == R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{)"
                                       R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                                       R"("io.modelcontextprotocol/clientInfo":{"name":"berth","version":"0.1.0"},)"
                                       R"("io.modelcontextprotocol/clientCapabilities":{}}}})");
}

TEST_CASE("the older questions are those of the older protocol") {
  CHECK(question_text(asking(McpMethod::initialize, 2), "0.1.0") ==
        R"({"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},)"
        R"("clientInfo":{"name":"berth","version":"0.1.0"}}})");
  CHECK(question_text(asking(McpMethod::initialized, 0), "") ==
        R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  McpAsk list = asking(McpMethod::list_tools, 3);
  list.cursor = "n\"ext";
  CHECK(question_text(list, "") == R"({"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"cursor":"n\"ext"}})");
  CHECK(question_text(asking(McpMethod::end_session), "").empty());
}

TEST_CASE("an answer to initialize tells version, name and whether there are tools") {
  McpReply reply;
  REQUIRE(take_answer(
      R"({"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"chart\u001b","version":"0.9.10"}},"jsonrpc":"2.0","id":1})",
      asking(McpMethod::initialize), true, reply));
  CHECK(reply.body == McpReply::Body::result);
  CHECK(reply.version == "2025-06-18");
  CHECK(reply.name.starts_with("chart"));
  CHECK(reply.name.find('\x1b') == std::string::npos);
  CHECK(reply.server_version == "0.9.10");
  CHECK(reply.offers_tools);
}

TEST_CASE("a discovery tells versions, and the name in its envelope") {
  McpReply reply;
  REQUIRE(take_answer(
      R"({"result":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}},"resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"v2","version":"1"}}},"jsonrpc":"2.0","id":1})",
      asking(McpMethod::discover), true, reply));
  CHECK(reply.versions == std::vector<std::string>{"2026-07-28"});
  CHECK(reply.name == "v2");
}

TEST_CASE("an error without an id counts where it is the whole reply, and nowhere else") {
  const std::string text =
      R"({"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"id":null})";
  McpReply reply;
  CHECK_FALSE(take_answer(text, asking(McpMethod::list_tools), false, reply));
  REQUIRE(take_answer(text, asking(McpMethod::list_tools), true, reply));
  CHECK(reply.error_code == -32000);
  CHECK(reply.error_message == "Bad Request: No valid session ID provided");
}

TEST_CASE("what answers something else is passed over") {
  McpReply reply;
  const auto passed = [&](const char* text) {
    return !take_answer(text, asking(McpMethod::list_tools, 3), false, reply) && reply.body == McpReply::Body::none;
  };
  CHECK(passed(R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})"));
  CHECK(passed(R"({"jsonrpc":"2.0","id":3,"method":"roots/list"})"));
  CHECK(passed(R"({"jsonrpc":"2.0","id":2,"result":{"tools":[]}})"));
  CHECK(passed(R"({"jsonrpc":"2.0","id":"3","result":{"tools":[]}})"));
  CHECK(passed(R"({"jsonrpc":"2.0","id":3,"result":7})"));
  CHECK(passed("no JSON"));
  CHECK(passed(""));
}

TEST_CASE("an answer is found in a batch") {
  McpReply reply;
  REQUIRE(take_answer(
      R"([{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","id":3,"result":{"tools":[{"name":"a"}],"nextCursor":"c"}}])",
      asking(McpMethod::list_tools, 3), false, reply));
  CHECK(reply.tools == std::vector<std::string>{"a"});
  CHECK(reply.cursor == "c");
}

TEST_CASE("a list without a list is none") {
  McpReply reply;
  REQUIRE(take_answer(R"({"jsonrpc":"2.0","id":3,"result":{}})", asking(McpMethod::list_tools, 3), false, reply));
  CHECK(reply.body == McpReply::Body::other);
}

}  // namespace berth::app
