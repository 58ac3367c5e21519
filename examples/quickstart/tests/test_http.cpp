#include "calls.hpp"
#include "http_rules.hpp"
#include "router.hpp"
#include "support/catch.hpp"

using namespace harbour;

namespace {

HttpReply send(const HttpRequest& request) {
  static const Mcp mcp(clock_tools(test_instant));
  return route(mcp, request);
}

HttpRequest ping() {
  return {.method = "POST",
          .target = "/mcp",
          .headers = {{"Host", "127.0.0.1:50000"},
                      {"content-type", "application/json; charset=utf-8"},
                      {"ACCEPT", "application/json, text/event-stream"}},
          .body = R"({"jsonrpc":"2.0","id":1,"method":"ping"})"};
}

HttpRequest plain(const std::string& method, const std::string& target) {
  return {.method = method, .target = target, .headers = {{"Host", "localhost"}}, .body = ""};
}

}  // namespace

TEST_CASE("only names of this machine are served", "[http]") {
  for (const auto* good : {"localhost", "LocalHost:1", "127.0.0.1", "127.0.0.1:50000", "[::1]", "[::1]:65535"}) {
    CHECK(is_local_authority(good));
  }
  for (const auto* bad : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:",
                          "localhost:x", "localhost:123456", "::1", "[::1", "[::1]x", "user@localhost", "0.0.0.0"}) {
    CHECK_FALSE(is_local_authority(bad));
  }
  CHECK(is_local_origin("http://localhost:6274"));
  CHECK(is_local_origin("HTTPS://127.0.0.1"));
  for (const auto* bad : {"", "null", "localhost", "file://localhost", "http://evil.example", "http://localhost/"}) {
    CHECK_FALSE(is_local_origin(bad));
  }
}

TEST_CASE("an Accept header is read as HTTP means it", "[http]") {
  for (const auto* good : {"application/json", "text/event-stream, application/json", "*/*", "Application/*;q=0.1",
                           "text/html, */*;q=0.8", " application/json ; q=1.0 ", "application/json;v=1"}) {
    CHECK(accepts_json(good));
  }
  for (const auto* bad : {"", "text/html", "text/event-stream", "application/jsonx", "application/json;q=0",
                          "application/json; q=0.000", ",,;,"}) {
    CHECK_FALSE(accepts_json(bad));
  }
  CHECK(is_json("application/json;charset=utf-8"));
  CHECK_FALSE(is_json("text/plain; application/json"));
}

TEST_CASE("a POST to /mcp is answered in JSON", "[http]") {
  auto request = ping();
  CHECK(send(request).status == 200);
  CHECK(send(request).body == R"({"jsonrpc":"2.0","id":1,"result":{}})");
  request.target = "/mcp?x=1";
  CHECK(send(request).status == 200);
  request.headers.pop_back();  // no Accept at all
  CHECK(send(request).status == 200);
}

TEST_CASE("requests that a browser could be tricked into are refused", "[http]") {
  auto request = ping();
  request.headers.emplace_back("Origin", "https://evil.example");
  CHECK(send(request).status == 403);
  request = ping();
  request.headers[0].second = "evil.example:50000";
  CHECK(send(request).status == 403);
  request.headers.erase(request.headers.begin());
  CHECK(send(request).status == 400);
  request = ping();
  request.headers.emplace_back("host", "127.0.0.1");
  CHECK(send(request).status == 400);
  request = ping();
  request.headers[1].second = "text/plain";
  CHECK(send(request).status == 415);
  request = ping();
  request.headers[2].second = "text/event-stream";
  CHECK(send(request).status == 406);
}

TEST_CASE("each path knows its methods", "[http]") {
  CHECK(send(plain("OPTIONS", "/mcp")).status == 204);
  CHECK(send(plain("OPTIONS", "/mcp")).allow == "POST, OPTIONS");
  for (const auto* method : {"GET", "HEAD", "DELETE", "PUT", "BREW"}) {
    CHECK(send(plain(method, "/mcp")).status == 405);
    CHECK(send(plain(method, "/mcp")).allow == "POST, OPTIONS");
  }
  CHECK(send(plain("GET", "/health")).status == 200);
  CHECK(send(plain("POST", "/health")).status == 405);
  for (const auto* target : {"/", "/mcp/", "/mcpx", "/sse", "", "*", "/health/x", "http://localhost/mcp"}) {
    CHECK(send(plain("GET", target)).status == 404);
  }
}
