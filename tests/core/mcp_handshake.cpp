// The ladder of the handshake, on what real servers were recorded to answer.

#include "core/mcp_handshake.hpp"

#include "support/catch.hpp"

namespace berth::core {
namespace {

using Body = McpReply::Body;
using Trouble = McpReply::Trouble;
using Outcome = McpFindings::Outcome;

// Replies, by what they are.

McpReply plain(unsigned status, const std::string& reason = "") {
  McpReply reply;
  reply.status = status;
  reply.reason = reason;
  reply.body = Body::other;
  reply.content_type = "text/plain";
  return reply;
}

McpReply error(unsigned status, long long code, const std::string& message) {
  McpReply reply;
  reply.status = status;
  reply.body = Body::error;
  reply.error_code = code;
  reply.error_message = message;
  return reply;
}

McpReply discovered(const std::vector<std::string>& versions) {
  McpReply reply;
  reply.status = 200;
  reply.body = Body::result;
  reply.versions = versions;
  reply.name = "v2-app";
  reply.server_version = "1.0.0";
  reply.offers_tools = true;
  return reply;
}

McpReply initialized(const std::string& session, const std::string& version = "2025-11-25") {
  McpReply reply = discovered({});
  reply.version = version;
  reply.session = session;
  reply.name = "everything";
  return reply;
}

McpReply page(const std::vector<std::string>& tools, const std::string& cursor = "") {
  McpReply reply;
  reply.status = 200;
  reply.body = Body::result;
  reply.tools = tools;
  reply.cursor = cursor;
  return reply;
}

McpReply trouble(Trouble what, const std::string& text = "", unsigned status = 0) {
  McpReply reply;
  reply.trouble = what;
  reply.trouble_text = text;
  reply.status = status;
  return reply;
}

McpReply stream(const std::string& endpoint) {
  McpReply reply;
  reply.status = 200;
  reply.content_type = "text/event-stream";
  reply.endpoint = endpoint;
  return reply;
}

std::string told(const McpAsk& ask) {
  static constexpr const char* words[] = {"discover", "initialize", "initialized", "list", "stream", "delete", "look"};
  std::string text = words[static_cast<std::size_t>(ask.method)];
  if (ask.method == McpMethod::look) text += " " + ask.path;
  if (!ask.cursor.empty()) text += " " + ask.cursor;
  if (ask.approach > 0) text += " @" + std::to_string(ask.approach);
  return text;
}

using Words = std::vector<std::string>;

// Answers the questions one after the other; what was asked, and then what is still asked.
Words play(McpHandshake& handshake, const std::vector<McpReply>& replies) {
  Words asked;
  for (const McpReply& reply : replies) {
    if (!handshake.ask()) break;
    asked.push_back(told(*handshake.ask()));
    handshake.on(reply);
  }
  if (handshake.ask()) asked.push_back(told(*handshake.ask()));
  return asked;
}

McpHandshake usual() {
  return {2, "/mcp", false};
}

}  // namespace

TEST_CASE("a server of 2026-07-28 is asked two questions and has no session") {
  auto handshake = usual();
  REQUIRE(handshake.ask()->version == "2026-07-28");
  REQUIRE(handshake.ask()->modern);
  CHECK(play(handshake, {discovered({"2026-07-28"}), page({"b", "a"})}) == Words{"discover", "list"});
  CHECK(handshake.findings().outcome == Outcome::ok);
  CHECK(handshake.findings().modern);
  CHECK(handshake.findings().protocol == "2026-07-28");
  CHECK(handshake.findings().name == "v2-app");
  CHECK(*handshake.findings().tools == Words{"a", "b"});
}

TEST_CASE("a stateful server of the SDK is initialized, asked and its session ended") {
  auto handshake = usual();
  handshake.on(error(400, -32000, "Bad Request: Unsupported protocol version: 2026-07-28"));
  CHECK(handshake.ask()->version.empty());
  handshake.on(initialized("d6bd615b"));
  CHECK(handshake.ask()->version == "2025-11-25");
  CHECK(handshake.ask()->session == "d6bd615b");
  CHECK(handshake.ask()->id == 0);
  CHECK(play(handshake, {plain(202), page({"echo"})}) == Words{"initialized", "list", "delete"});
  CHECK(handshake.ask()->session == "d6bd615b");
  handshake.on(plain(405));
  CHECK_FALSE(handshake.ask());
  CHECK(handshake.findings().outcome == Outcome::ok);
  CHECK_FALSE(handshake.findings().modern);
}

TEST_CASE("whatever version an older server answers is taken") {
  auto handshake = usual();
  CHECK(play(handshake, {plain(404), initialized("", "2024-11-05"), plain(202), page({})}) ==
        Words{"discover", "initialize", "initialized", "list"});
  CHECK(handshake.findings().protocol == "2024-11-05");
  CHECK(handshake.findings().tools->empty());
}

TEST_CASE("an older server that answers 200 to what it does not know is asked in the older way") {
  auto handshake = usual();
  CHECK(play(handshake, {error(200, -32601, "Method not found"), initialized(""), plain(202), page({"a"})}).size() ==
        4);
  CHECK(handshake.findings().outcome == Outcome::ok);
}

TEST_CASE("200 with an error is a failure, and its message is told") {
  auto handshake = usual();
  CHECK(play(handshake, {plain(404), error(200, -32603, "MCP server process failed")}) ==
        Words{"discover", "initialize"});
  CHECK(handshake.findings().outcome == Outcome::failed);
  CHECK(handshake.findings().message == "answers initialize with the error -32603: MCP server process failed");
}

TEST_CASE("a session is ended also when what follows fails") {
  auto handshake = usual();
  CHECK(play(handshake, {plain(400), initialized("s"), plain(202), error(200, -32603, "child is gone")}).back() ==
        "delete");
  handshake.on(trouble(Trouble::unreachable));
  CHECK_FALSE(handshake.ask());
  CHECK(handshake.findings().message == "answers tools/list with the error -32603: child is gone");
  CHECK(handshake.findings().protocol == "2025-11-25");
  CHECK_FALSE(handshake.findings().tools);
}

TEST_CASE("a session whose opening is broken off is ended") {
  auto handshake = usual();
  McpReply reply = trouble(Trouble::silent, "within 9 ms", 200);
  reply.session = "s";
  CHECK(play(handshake, {plain(400), reply}).back() == "delete");
  CHECK(handshake.findings().message == "does not answer initialize within 9 ms");
}

TEST_CASE("a session that nobody has asked for is ended too") {
  auto handshake = usual();
  McpReply refusal = error(400, -32600, "Missing session");
  refusal.session = "stray";
  CHECK(play(handshake, {refusal, initialized("s"), plain(202), page({"a"}), plain(200)}) ==
        Words{"discover", "initialize", "initialized", "list", "delete", "delete"});
  CHECK(handshake.ask()->session == "stray");
  handshake.on(plain(200));
  CHECK_FALSE(handshake.ask());
  CHECK(handshake.findings().outcome == Outcome::ok);

  auto failing = usual();
  CHECK(play(failing, {refusal, error(200, -32603, "no")}) == Words{"discover", "initialize", "delete"});
}

TEST_CASE("one that is only reached by another name is asked by that") {
  auto handshake = usual();
  CHECK(play(handshake,
             {plain(403), error(400, -32000, "no session"), initialized("s"), plain(202), page({}), plain(200)}) ==
        Words{"discover", "discover @1", "initialize @1", "initialized @1", "list @1", "delete @1"});
  CHECK(handshake.findings().approach == 1);
}

TEST_CASE("421 is said to the name, as 403 is") {
  auto handshake = usual();
  CHECK(play(handshake, {plain(421), plain(400), initialized(""), plain(202), page({})}) ==
        Words{"discover", "discover @1", "initialize @1", "initialized @1", "list @1"});
  auto never = usual();
  play(never, {plain(421), plain(421)});
  CHECK(never.findings().message.starts_with("refuses this client (421)"));
}

TEST_CASE("one that refuses under every name is alive, and wants a sign-in") {
  auto handshake = usual();
  CHECK(play(handshake, {plain(403), plain(403), plain(200)}) == Words{"discover", "discover @1"});
  CHECK(handshake.findings().outcome == Outcome::sign_in_needed);
  CHECK(handshake.findings().approach == 0);
}

TEST_CASE("one that refuses under one name and is not there under the other wants a sign-in") {
  auto handshake = usual();
  CHECK(play(handshake, {plain(403), trouble(Trouble::unreachable)}) == Words{"discover", "discover @1"});
  CHECK(handshake.findings().outcome == Outcome::sign_in_needed);
  CHECK(handshake.findings().approach == 0);
}

TEST_CASE("401 is asked once, and says how to sign in") {
  auto handshake = usual();
  CHECK(play(handshake, {plain(401), plain(200)}) == Words{"discover"});
  CHECK(handshake.findings().outcome == Outcome::sign_in_needed);
  CHECK(handshake.findings().message.find("headers") != std::string::npos);
  McpHandshake with_token(1, "/mcp", true);
  play(with_token, {plain(401)});
  CHECK(with_token.findings().message == "needs a sign-in (401), with the Authorization of `headers`");
}

TEST_CASE("the next address is tried when one does not connect") {
  auto handshake = usual();
  CHECK(play(handshake, {trouble(Trouble::unreachable, "refused"), trouble(Trouble::unreachable, "refused")}) ==
        Words{"discover", "discover @1"});
  CHECK(handshake.findings().message == "does not accept connections: refused");
  CHECK(handshake.findings().outcome == Outcome::failed);
}

TEST_CASE("the old transport is the last rung, and its session ends with its stream") {
  McpHandshake handshake(1, "/sse", false);
  CHECK(play(handshake,
             {plain(404), plain(404), stream("/message?sessionId=1"), initialized(""), plain(202), page({"x"})}) ==
        Words{"discover", "initialize", "stream", "initialize", "initialized", "list"});
  CHECK(handshake.findings().on_stream);
  CHECK(handshake.findings().outcome == Outcome::ok);
}

TEST_CASE("questions of the old transport go to the endpoint that the stream names") {
  McpHandshake handshake(1, "/sse", false);
  play(handshake, {plain(405), plain(405), stream("/message?sessionId=1")});
  REQUIRE(handshake.ask());
  CHECK(handshake.ask()->path == "/message?sessionId=1");
  CHECK(handshake.ask()->on_stream);
  CHECK(handshake.ask()->version.empty());
}

TEST_CASE("no stream is opened where a server has answered in JSON-RPC") {
  auto handshake = usual();
  CHECK(play(handshake, {plain(400), error(400, -32602, "bad params")}) == Words{"discover", "initialize"});
  CHECK(handshake.findings().message == "answers initialize with 400: bad params");
}

TEST_CASE("one that misses a session in the question that opens one may be of the old transport") {
  auto handshake = usual();
  const McpReply refusal = error(400, -32000, "Bad Request: sessionId query parameter required");
  CHECK(play(handshake, {refusal, refusal, plain(405)}) == Words{"discover", "initialize", "stream"});
  CHECK(handshake.findings().message == "answers initialize with 400: Bad Request: sessionId query parameter required");
}

TEST_CASE("a stream that names no endpoint of its own is no way") {
  McpHandshake handshake(1, "/sse", false);
  play(handshake, {plain(404), plain(404), stream("")});
  CHECK_FALSE(handshake.ask());
  CHECK(handshake.findings().message == "opens an event stream at /sse, and names no endpoint of its own there");
}

TEST_CASE("where nothing is, the well-known paths are looked at until one answers") {
  auto handshake = usual();
  CHECK(play(handshake, {plain(404), plain(404, "Not Found"), plain(404), plain(404), plain(204)}) ==
        Words{"discover", "initialize", "stream", "look /mcp", "look /sse"});
  CHECK(handshake.findings().message ==
        "no MCP at /mcp: POST is answered with 404 Not Found, GET with 404; something answers at /sse: try "
        "`path = \"/sse\"`");
}

TEST_CASE("a server that answers OPTIONS anywhere tells nothing by that") {
  auto handshake = usual();
  CHECK(play(handshake, {plain(404), plain(404), plain(404), plain(204)}).back() == "look /mcp");
  CHECK_FALSE(handshake.ask());
  CHECK(handshake.findings().message.find("set `path`") != std::string::npos);
}

TEST_CASE("few paths are looked at") {
  auto handshake = usual();
  std::size_t asked = 0;
  for (; handshake.ask(); ++asked) handshake.on(plain(404));
  CHECK(asked <= 3 + 6);
  CHECK(handshake.findings().outcome == Outcome::failed);
}

TEST_CASE("a redirect is told and not followed") {
  auto handshake = usual();
  McpReply reply = plain(307, "Temporary Redirect");
  reply.location = "/mcp/";
  CHECK(play(handshake, {reply}) == Words{"discover"});
  CHECK(handshake.findings().message ==
        "redirects /mcp to `/mcp/` (307 Temporary Redirect), which is not followed; set `path` to that");
}

TEST_CASE("a server that fails is told, and one that is overloaded is not asked again") {
  auto broken = usual();
  CHECK(play(broken, {plain(500), plain(500, "Internal Server Error")}) == Words{"discover", "initialize"});
  CHECK(broken.findings().message == "answers initialize with 500 Internal Server Error");
  auto overloaded = usual();
  CHECK(play(overloaded, {plain(503), plain(200)}) == Words{"discover"});
  auto locked = usual();
  CHECK(play(locked, {error(429, -32000, "Session limit reached")}) == Words{"discover"});
  CHECK(locked.findings().message.find("Session limit reached") != std::string::npos);
}

TEST_CASE("an error of a modern server is not mistaken for an older one") {
  auto handshake = usual();
  CHECK(play(handshake, {error(400, -32020, "Header mismatch")}) == Words{"discover"});
  CHECK(handshake.findings().message == "answers server/discover with 400: Header mismatch");
  auto other = usual();
  McpReply refusal = error(400, -32022, "Unsupported protocol version");
  refusal.versions = {"2025-11-25"};
  CHECK(play(other, {refusal, initialized("")}).at(1) == "initialize");
}

TEST_CASE("who lets the modern question lie is asked the older one") {
  auto handshake = usual();
  CHECK(play(handshake, {trouble(Trouble::silent, "within 3 ms"), trouble(Trouble::silent, "within 9 ms")}) ==
        Words{"discover", "initialize"});
  CHECK(handshake.findings().message.starts_with("does not answer initialize within 9 ms"));
}

TEST_CASE("a web page is no MCP") {
  auto handshake = usual();
  McpReply html = plain(200, "OK");
  html.content_type = "text/html";
  play(handshake, {html, html});
  CHECK(handshake.findings().message == "answers initialize with 200 OK and no MCP in it (text/html)");
}

TEST_CASE("a server without tools is not asked for them") {
  auto handshake = usual();
  McpReply reply = initialized("s");
  reply.offers_tools = false;
  CHECK(play(handshake, {plain(400), reply, plain(202), plain(200)}) ==
        Words{"discover", "initialize", "initialized", "delete"});
  CHECK(handshake.findings().outcome == Outcome::ok);
  CHECK(handshake.findings().tools->empty());
}

TEST_CASE("pages are followed to the end") {
  auto handshake = usual();
  CHECK(play(handshake, {discovered({"2026-07-28"}), page({"a"}, "1"), page({"b"}, "2"), page({"c"})}) ==
        Words{"discover", "list", "list 1", "list 2"});
  CHECK(handshake.findings().tools->size() == 3);
}

TEST_CASE("a list without end is bounded, and how many there are is not known") {
  auto handshake = usual();
  handshake.on(discovered({"2026-07-28"}));
  unsigned pages = 0;
  for (; handshake.ask(); ++pages) handshake.on(page({"t" + std::to_string(pages)}, std::to_string(pages)));
  CHECK(pages == McpHandshake::most_pages);
  CHECK(handshake.findings().outcome == Outcome::ok);
  CHECK_FALSE(handshake.findings().tools);
  auto wide = usual();
  CHECK(play(wide, {discovered({"2026-07-28"}), page({"a"}, std::string(5'000'000, 'c'))}).size() == 2);
  CHECK_FALSE(wide.findings().tools);
  auto turning = usual();
  CHECK(play(turning, {discovered({"2026-07-28"}), page({"a"}, "1"), page({"b"}, "1")}).size() == 3);
  CHECK_FALSE(turning.findings().tools);
}

TEST_CASE("when nobody wants to know any more, only what was opened is closed") {
  auto early = usual();
  early.abandon();
  REQUIRE(early.ask());  // some servers open a session for whatever comes
  early.on(plain(400));
  CHECK_FALSE(early.ask());

  auto opening = usual();
  opening.on(plain(400));
  opening.abandon();
  REQUIRE(opening.ask());  // its answer tells whether there is a session
  opening.on(initialized("s"));
  CHECK(told(*opening.ask()) == "delete");
  opening.on(plain(200));
  CHECK_FALSE(opening.ask());

  auto open = usual();
  play(open, {plain(400), initialized("s")});
  open.abandon();
  CHECK(told(*open.ask()) == "delete");
}

TEST_CASE("what has changed among tools is told in bounded length") {
  CHECK(tools_changed({"a", "b"}, {"a", "b"}).empty());
  CHECK(tools_changed({"a", "b"}, {"b", "c"}) == "tools changed: +c, -a");
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) many.push_back(std::string(500, 'x') + std::to_string(1000 + i));
  const std::string text = tools_changed(many, {});
  CHECK(text.size() < 2000);
  CHECK(text.ends_with("and 90 more"));
}

TEST_CASE("an endpoint leads to the same server or nowhere") {
  const std::vector<std::string> hosts{"127.0.0.1", "localhost"};
  const auto path = [&](std::string_view endpoint) { return same_origin_path(endpoint, "/a/sse?x", hosts, 5000); };
  CHECK(path("/message?sessionId=1") == "/message?sessionId=1");
  CHECK(path("message?s=1") == "/a/message?s=1");
  CHECK(path("?s=1") == "/a/sse?s=1");
  CHECK(path("http://localhost:5000/m") == "/m");
  CHECK(path("HTTP://LocalHost:5000?s=1#f") == "/?s=1");
  CHECK(path("//127.0.0.1:5000/m") == "/m");
  CHECK(path("http://localhost:5001/m").empty());
  CHECK(path("http://localhost/m").empty());
  CHECK(path("http://evil.example:5000/m").empty());
  CHECK(path("http://localhost:5000@evil.example/m").empty());
  CHECK(path("//evil.example/m").empty());
  CHECK(path("https://localhost:5000/m").empty());
  CHECK(path("file:/etc/passwd").empty());
  CHECK(path("/m\r\nX: y").empty());
  CHECK(path("/a b").empty());
  CHECK(path("").empty());
}

}  // namespace berth::core
