// By which words do servers say that their port is taken? The texts are those of real servers; the berth is 50004.

#include "core/conflict.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

constexpr std::uint16_t berth = 50004;

void says(const char* line) {
  INFO(line);
  CHECK(says_port_taken(line, berth));
  CHECK_FALSE(other_port_said_taken(line, berth));
}

void says_nothing(const char* line) {
  INFO(line);
  CHECK_FALSE(says_port_taken(line, berth));
  CHECK_FALSE(other_port_said_taken(line, berth));
}

void says_of_another(const char* line, std::uint16_t other) {
  INFO(line);
  CHECK_FALSE(says_port_taken(line, berth));
  CHECK(other_port_said_taken(line, berth) == other);
}

TEST_CASE("Node and its frameworks say EADDRINUSE") {
  says("Error: listen EADDRINUSE: address already in use 127.0.0.1:50004");
  says("Error: listen EADDRINUSE: address already in use :::50004");
  says("Error: listen EADDRINUSE: address already in use ::1:50004");
  says("Error:  Error: listen EADDRINUSE: address already in use :::50004");
  says("    code: 'EADDRINUSE',");
  says_nothing("node:events:486");
}

TEST_CASE("The servers of the MCP world say it in their own words") {
  says("Failed to start: Port 50004 is already in use. Set PORT to a free port and try again.");
  says("could not start the proxy Error: listen EADDRINUSE: address already in use :::50004");
  says("Failed to start server: Error: listen EADDRINUSE: address already in use :::50004");
  says("Port 50004 is in use, trying port 50005...");
  says("Another instance is already listening on port 50004");
}

TEST_CASE("Python says errno 98") {
  says("ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 50004): address already in use");
  says("ERROR:    [Errno 98] error while attempting to bind on address ('::1', 50004, 0, 0): address already in use");
  says("OSError: [Errno 98] Address already in use");
  says("OSError: [Errno 98] error while attempting to bind on address ('0.0.0.0', 50004): address already in use");
  says(
      "Port 50004 is in use by another program. Either identify and stop that program, or start the server with a "
      "different port.");
}

TEST_CASE("Gunicorn says that a connection is in use") {
  says("[2026-11-21 10:00:00 +0000] [4711] [ERROR] Connection in use: ('127.0.0.1', 50004)");
}

TEST_CASE("Go names the address and Rust the kind") {
  says("listen tcp 127.0.0.1:50004: bind: address already in use");
  says("2026/11/21 10:00:00 main.go:1042: listen tcp :50004: bind: address already in use");
  says(R"(Error: Os { code: 98, kind: AddrInUse, message: "Address already in use" })");
  says("Error: Address already in use (os error 98)");
  says("error: Uncaught (in promise) AddrInUse: Address already in use (os error 98)");
}

TEST_CASE("The JVM and .NET and others say it too") {
  says("java.net.BindException: Address already in use");
  says("Web server failed to start. Port 50004 was already in use.");
  says("Failed to bind to address http://127.0.0.1:50004: address already in use.");
  says("System.Net.Sockets.SocketException (98): Address already in use");
  says("Only one usage of each socket address (protocol/network address/port) is normally permitted.");
  says("Address already in use - bind(2) for \"127.0.0.1\" port 50004 (Errno::EADDRINUSE)");
  says("nginx: [emerg] bind() to 0.0.0.0:50004 failed (98: Address already in use)");
  says("{:error, :eaddrinuse}");
}

TEST_CASE("A time at the head of the line and JSON around the words do not hide them") {
  says("2026-11-21T10:00:00.123Z ERROR listen EADDRINUSE: address already in use 127.0.0.1:50004");
  says("[10:00:00.123] Port 50004 is already in use");
  says("10:00:00 OSError: [Errno 98] Address already in use");
  says(R"({"level":60,"time":1790000000000,"pid":4711,"err":{"code":"EADDRINUSE","port":50004},"msg":"listen"})");
}

TEST_CASE("A process id in JSON is no port") {
  says(R"({"level":60,"time":1790000000000,"pid":4711,"msg":"bind failed: address already in use"})");
}

TEST_CASE("A line of the source in a trace is no port") {
  says("Error: listen EADDRINUSE: address already in use at file:///srv/app/index.js:1042:15");
}

TEST_CASE("Another port that is taken is not the berth") {
  says_of_another("port 3000 is already in use", 3000);
  says_of_another("Error: listen EADDRINUSE: address already in use :::3000", 3000);
  says_of_another("OTel: Error: listen EADDRINUSE: address already in use 127.0.0.1:9464", 9464);
  says_of_another("[Errno 98] error while attempting to bind on address ('127.0.0.1', 9464): address already in use",
                  9464);
  says_of_another("Port 50005 is in use, trying port 50006...", 50005);
  says_of_another("listen tcp :9464: bind: address already in use", 9464);
}

TEST_CASE("A port below 1024 that is named as such is another port too") {
  says_of_another("Port 443 is already in use", 443);
}

TEST_CASE("A longer number that begins with the berth is another one") {
  CHECK_FALSE(says_port_taken("port 500041 and port 5000 are in use: address already in use", berth));
  says_of_another("Error: listen EADDRINUSE: address already in use :::5000", 5000);
}

TEST_CASE("Ordinary lines say nothing") {
  says_nothing("");
  says_nothing("Server is running on port 50004");
  says_nothing("MCP Streamable HTTP Server listening on port 50004");
  says_nothing("starting server on port 50004");
  says_nothing("Streamable HTTP Server listening on http://localhost:50004/mcp");
  says_nothing("2026-11-21T10:00:00.123Z INFO ready");
  says_nothing(R"({"level":30,"time":1790000000000,"pid":4711,"port":50004,"msg":"listening"})");
  says_nothing("import in use");
  says_nothing("the key is already in use");
  says_nothing("memory in use: 50004 kB");
  says_nothing("Error: Cannot find module 'port'");
  says_nothing("connect ECONNREFUSED 127.0.0.1:50004");
}

TEST_CASE("A word that merely ends in port is no port") {
  says_nothing("the import is in use");
  says_nothing("transport is already in use by another session");
  says_nothing("this report is taken");
}

TEST_CASE("Whatever the case of the letters") {
  says("ADDRESS ALREADY IN USE");
  says("PORT 50004 IS ALREADY IN USE");
}

TEST_CASE("A long line without sense takes no long time and a strange one does no harm") {
  const std::string digits(65536, '1');
  CHECK_FALSE(says_port_taken(digits, berth));
  CHECK(says_port_taken("eaddrinuse " + digits, berth));
  const std::string colons = "eaddrinuse" + std::string(65000, ':') + "50004";
  CHECK(says_port_taken(colons, berth));
  CHECK(says_port_taken("eaddrinuse port" + std::string(30000, ' ') + "50004", berth));
  CHECK_FALSE(says_port_taken(std::string("\0\xff\xfe", 3), berth));
}

TEST_CASE("Words of success are told from those of failure and from those of a stdio server") {
  for (const char* line : {"Server is running on port 50004", "MCP Streamable HTTP Server listening on port 50004",
                           "Listening on http://localhost:50004/mcp", "INFO: Uvicorn running on http://127.0.0.1:50004",
                           "Server started on port 50004", "server listens on :50004"}) {
    INFO(line);
    CHECK(says_it_listens(line));
  }
  for (const char* line :
       {"Error: listen EADDRINUSE: address already in use 127.0.0.1:50004", "MCP server running on stdio",
        "Secure MCP Filesystem Server running on stdio", "Default (STDIO) server started on standard input",
        "not listening on any port", "Failed: error while running on port 50004",
        "port 50004 is already in use, listening failed", "hello", ""}) {
    INFO(line);
    CHECK_FALSE(says_it_listens(line));
  }
}

}  // namespace
}  // namespace berth::core::test
