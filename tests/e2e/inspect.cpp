// What Berth finds out by asking a server itself, and what it leaves behind there: nothing.

#include <csignal>
#include <sstream>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

// A project with one actor, `web`, whose journal tells what it was asked.
class Stage {
 public:
  explicit Stage(const Arguments& args, const Keys& keys = {}) { add("web", args, keys); }

  ServerText& add(const std::string& name, Arguments args, const Keys& keys = {}) {
    args.push_back("--journal=" + journal_file(name));
    ServerText& server = config_.server(name).set("command", MCP_SERVER_PROGRAM).args(args);
    for (const auto& [key, value] : keys) server.set(key, value);
    return server;
  }

  Stage& up(const Arguments& more = {"--wait"}) {
    sandbox.write(config_);
    sandbox.up(more);
    return *this;
  }

  // The document of `inspect --json`; `code` is what the command must end with.
  Object inspect(int code, Arguments more = {}) {
    more.insert(more.begin(), {"inspect", "web", "--json"});
    const Result result = sandbox.berth(more);
    INFO(result.out << result.err << journal());
    REQUIRE(result.code == code);
    REQUIRE(is_one_json_document(result.out));
    return json_lines(result.out).at(0);
  }

  [[nodiscard]] std::string journal(const std::string& name = "web") const { return read_file(journal_file(name)); }

  [[nodiscard]] int count(const std::string& word) const {
    std::istringstream lines(journal());
    int found = 0;
    for (std::string line; std::getline(lines, line);) found += line.starts_with(word) ? 1 : 0;
    return found;
  }

  // An actor notes the end of a stream when it sees it, which is after the command has ended.
  [[nodiscard]] bool no_session_left() const {
    return eventually([this] { return count("opened") == count("ended"); });
  }

  Sandbox sandbox;

 private:
  [[nodiscard]] std::string journal_file(const std::string& name) const {
    return sandbox.file(name + ".journal").string();
  }

  ConfigText config_ = sandbox.config();
};

std::string tools_of(const Object& found) {
  std::string all;
  for (const auto& tool : found.at("tools").as_array()) all += (all.empty() ? "" : " ") + std::string(tool.as_string());
  return all;
}

void check_actor(const Object& found) {
  CHECK(found.at("ok").as_bool());
  CHECK_FALSE(found.at("sign_in_needed").as_bool());
  CHECK(text(found, "server") == "web");
  CHECK(text(found, "name") == "actor");
  CHECK(text(found, "version") == "1.2.3");
  CHECK(tools_of(found) == "alpha beta");
}

// A server of sessions, however it frames its answers.
void speaks(const Arguments& args) {
  Stage stage(args);
  stage.up();
  const Object found = stage.inspect(0);
  check_actor(found);
  CHECK(text(found, "protocol") == "2025-11-25");
  CHECK(text(found, "era") == "legacy");
  CHECK(text(found, "transport") == "streamable-http");
  CHECK(stage.count("opened") == 1);
  CHECK(stage.no_session_left());
  CHECK(stage.journal().find("Origin") == std::string::npos);
  stage.sandbox.down();
}

// What is said of a server with which no handshake is possible.
std::string failure(const Arguments& args, const Arguments& more = {}, const Keys& keys = {}) {
  Stage stage(args, keys);
  stage.up();
  const Object found = stage.inspect(1, more);
  CHECK_FALSE(found.at("ok").as_bool());
  CHECK_FALSE(found.at("sign_in_needed").as_bool());
  CHECK(text(stage.sandbox.server("web"), "state") == "ready");
  CHECK(stage.no_session_left());
  stage.sandbox.down();
  return text(found, "message");
}

std::string sandbox_log(const Sandbox& sandbox) {
  return read_file(sandbox.log_dir() / "berth.log");
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("A server of 2026-07-28 is asked in its own way") {
  Stage stage({"--era=modern"});
  stage.up();
  CHECK(is_null(stage.sandbox.server("web"), "mcp"));
  const Object found = stage.inspect(0);
  check_actor(found);
  CHECK(text(found, "protocol") == "2026-07-28");
  CHECK(text(found, "era") == "modern");
  CHECK(stage.count("POST /mcp initialize") == 0);

  const Object known = stage.sandbox.server("web").at("mcp").as_object();
  CHECK(text(known, "protocol") == "2026-07-28");
  CHECK(text(known, "server") == "actor");
  CHECK(text(known, "version") == "1.2.3");
  CHECK(number(known, "tools") == 2);
  stage.sandbox.down();
}

TEST_CASE("A session with JSON replies is opened, asked and ended") {
  speaks({});
}
TEST_CASE("A server that does not end sessions is asked to all the same") {
  speaks({"--no-delete"});
}
TEST_CASE("An answer on an event stream with a length is read without waiting for its end") {
  speaks({"--reply=sse"});
}
TEST_CASE("An answer on a chunked event stream is found behind an empty event and other messages") {
  speaks({"--reply=sse", "--framing=chunked", "--empty-event", "--noise"});
}
TEST_CASE("A chunked JSON answer is read") {
  speaks({"--framing=chunked"});
}
TEST_CASE("An answer that ends with its connection is read") {
  speaks({"--framing=close"});
}

TEST_CASE("A server without sessions is left alone afterwards") {
  Stage stage({"--stateless"});
  stage.up();
  check_actor(stage.inspect(0));
  CHECK(stage.count("DELETE") == 0);
  stage.sandbox.down();
}

TEST_CASE("The old transport is asked on its stream, which is closed afterwards") {
  Stage stage({"--era=sse", "--path=/sse"}, {{"path", "/sse"}});
  stage.up();
  const Object found = stage.inspect(0);
  check_actor(found);
  CHECK(text(found, "transport") == "sse");
  CHECK(stage.count("opened") == 1);
  CHECK(stage.no_session_left());
  stage.sandbox.down();
}

TEST_CASE("An endpoint elsewhere is not asked") {
  const std::string said =
      failure({"--era=sse", "--endpoint=http://192.0.2.1:80/message?sessionId="}, {"--timeout", "20s"});
  CHECK(has(said, "names no endpoint of its own"));
}

TEST_CASE("All pages of tools are read") {
  Stage stage({"--tools=e,d,c,b,a", "--page=2"});
  stage.up();
  CHECK(tools_of(stage.inspect(0)) == "a b c d e");
  CHECK(stage.count("POST /mcp tools/list") == 3);
  stage.sandbox.down();
}

TEST_CASE("A list of tools without an end is given up, and how many there are is not known") {
  Stage stage({"--endless-pages", "--page=1"});
  stage.up();
  const Object found = stage.inspect(0, {"--timeout", "60s"});
  CHECK(is_null(found, "tools"));
  CHECK(has(text(found, "message"), "longer than what is read"));
  CHECK(is_null(stage.sandbox.server("web").at("mcp").as_object(), "tools"));
  CHECK(stage.no_session_left());
  stage.sandbox.down();
}

TEST_CASE("A JSON-RPC error in a reply of 200 is a failure") {
  CHECK(has(failure({"--error=MCP server process failed"}), "-32603: MCP server process failed"));
}
TEST_CASE("A server whose tools cannot be listed has failed") {
  CHECK(has(failure({"--list-error=child is gone"}), "tools/list with the error -32603: child is gone"));
}
TEST_CASE("A server error is told") {
  CHECK(has(failure({"--status=500"}), "500 Told So"));
}
TEST_CASE("A long token that a server sends back is hidden before it is cut") {
  std::string token = "eyJhbGciOiJIUzI1NiJ9.";
  while (token.size() < 541) token += "c2VjcmV0IQ";
  Stage stage({"--error=Invalid token: " + token}, {{"headers.Authorization", "Bearer " + token}});
  stage.up();
  const std::string said = text(stage.inspect(1), "message");
  CHECK(has(said, "Invalid token: [redacted]"));
  CHECK_FALSE(has(said, "eyJhbGci"));
  stage.sandbox.down();
}
TEST_CASE("A redirect is told and not followed") {
  const std::string said = failure({"--status=307", "--location=/elsewhere"});
  CHECK(has(said, "`/elsewhere`"));
  CHECK(has(said, "not followed"));
}
TEST_CASE("A web page is no MCP server") {
  CHECK(has(failure({"--html"}), "no MCP in it (text/html)"));
}
TEST_CASE("Where nothing is at the path, the path that answers is named") {
  CHECK(has(failure({"--path=/sse"}), "try `path = \"/sse\"`"));
}
TEST_CASE("A body without an end is given up") {
  CHECK(has(failure({"--endless"}, {"--timeout", "60s"}), "more than 4 MiB"));
}
TEST_CASE("A stream without an end and without an answer is given up") {
  CHECK(has(failure({"--endless", "--reply=sse"}, {"--timeout", "60s"}), "more than 4 MiB"));
}
TEST_CASE("An answer that breaks off is told") {
  CHECK(has(failure({"--cut=tools/list"}), "breaks off its answer to tools/list"));
}
TEST_CASE("A server that falls silent costs the timeout and leaves no session") {
  CHECK(has(failure({"--reply=sse", "--silent-on=initialize"}, {"--timeout", "2s"}),
            "does not answer initialize within 2000 ms"));
  CHECK(has(failure({"--silent-on=tools/list"}, {"--timeout", "2s"}), "does not answer tools/list within 2000 ms"));
}

TEST_CASE("A server that says nothing at all is told") {
  const std::string said =
      failure({"--silent"}, {"--timeout", "1s"}, {{"ready.probe", "listen"}, {"health.probe", "none"}});
  CHECK(has(said, "does not answer initialize within 1000 ms"));
}

TEST_CASE("A server that wants a sign-in is alive and not asked again") {
  Stage stage({"--need=Authorization:Bearer tok-secret"});
  stage.up();
  const Object found = stage.inspect(1);
  CHECK(found.at("sign_in_needed").as_bool());
  CHECK(is_null(found, "protocol"));
  CHECK(stage.count("POST") == 1);
  stage.sandbox.down();
}

TEST_CASE("Configured headers are sent, and their values never shown") {
  Stage stage({"--need=Authorization:Bearer tok-secret", "--tools=tok-secret"},
              {{"headers.Authorization", "Bearer tok-secret"}});
  stage.up();
  const Object found = stage.inspect(0);
  CHECK(tools_of(found) == "[redacted]");
  CHECK_FALSE(has(sandbox_log(stage.sandbox), "tok-secret"));
  stage.sandbox.down();
}

TEST_CASE("A server that knows itself by another name is asked by that") {
  Stage stage({"--host=localhost"});
  stage.up();
  check_actor(stage.inspect(0));
  CHECK(has(text(stage.sandbox.server("web"), "url"), "//localhost:"));
  stage.sandbox.down();
}

TEST_CASE("With the mcp probe a server is ready once it has introduced itself, and asked once") {
  Stage stage({}, {{"ready.probe", "mcp"}});
  stage.up();
  const Object known = stage.sandbox.server("web").at("mcp").as_object();
  CHECK(text(known, "protocol") == "2025-11-25");
  CHECK(number(known, "tools") == 2);
  CHECK(stage.count("POST /mcp initialize") == 1);
  CHECK(stage.no_session_left());
  stage.sandbox.berth({"stop", "web"});
  CHECK(is_null(stage.sandbox.server("web"), "mcp"));
  stage.sandbox.down();
}

TEST_CASE("With the mcp probe a server without a handshake is not ready") {
  Stage stage({"--error=broken inside"}, {{"ready.probe", "mcp"}, {"ready.timeout", "2s"}});
  stage.up({});
  const Object web =
      stage.sandbox.await("web", "a second start", [](const Object& server) { return number(server, "starts") >= 2; });
  CHECK(text(last_exit(web), "cause") == "probe_failed");
  CHECK(has(text(last_exit(web), "message"), "broken inside"));
  CHECK_FALSE(ever_ready(stage.sandbox, "web"));
  stage.sandbox.down();
}

TEST_CASE("With the mcp probe a server that wants a sign-in is ready") {
  Stage stage({"--need=Authorization:Bearer x"}, {{"ready.probe", "mcp"}});
  stage.up();
  CHECK(is_null(stage.sandbox.server("web"), "mcp"));
  CHECK(stage.count("POST") == 1);
  stage.sandbox.down();
}

TEST_CASE("Another list of tools is an event, also after a restart") {
  Stage stage({}, {{"ready.probe", "mcp"}});
  const std::string tools = stage.sandbox.file("tools").string();
  stage.add("other", {"--tools-file=" + tools}, {{"ready.probe", "mcp"}});
  write_file(tools, "one\ntwo\n");
  stage.up();
  CHECK_FALSE(has(sandbox_log(stage.sandbox), "tools changed"));
  write_file(tools, "two\nthree\n");
  REQUIRE(stage.sandbox.berth({"inspect", "other"}).code == 0);
  CHECK(eventually([&] { return has(sandbox_log(stage.sandbox), "tools changed: +three, -one"); }));
  write_file(tools, "");
  REQUIRE(stage.sandbox.berth({"restart", "other", "--wait"}).code == 0);
  CHECK(eventually([&] { return has(sandbox_log(stage.sandbox), "tools changed: -three, -two"); }));
  stage.sandbox.down();
}

TEST_CASE("Only what runs and listens can be inspected") {
  Stage stage({"--tools=a"});
  stage.add("late", {}).set("command", HOSTILE_PROGRAM).args({"--never-listen"});
  stage.up({});
  stage.sandbox.await("web", "ready");
  CHECK(stage.sandbox.berth({"inspect", "late"}).code == 3);
  CHECK(stage.sandbox.berth({"inspect", "nobody"}).code == 2);
  CHECK(stage.sandbox.berth({"stop", "web"}).code == 0);
  const Result stopped = stage.sandbox.berth({"inspect", "web"});
  CHECK(stopped.code == 3);
  CHECK(has(stopped.err, "not running"));
  stage.sandbox.down();
  CHECK(stage.sandbox.berth({"inspect", "web"}).code == 4);
}

TEST_CASE("An inspection that nobody waits for any more is in nobody's way") {
  Stage stage({"--silent-on=tools/list"});
  stage.up();
  Program first = stage.sandbox.start_berth({"inspect", "web", "--timeout", "60s"});
  REQUIRE(eventually([&] { return stage.count("POST /mcp tools/list") == 1; }));
  REQUIRE(::kill(first.pid(), SIGKILL) == 0);
  REQUIRE(first.wait());
  const Result second = stage.sandbox.berth({"inspect", "web", "--timeout", "1s"});
  CHECK(second.code == 1);
  CHECK(has(second.err, "does not answer tools/list within 1000 ms"));
  CHECK(stage.no_session_left());
  stage.sandbox.down();
}

TEST_CASE("A stop does not wait for an inspection, and its session is ended all the same") {
  Stage stage({"--silent-on=tools/list"});
  stage.up();
  Program asking = stage.sandbox.start_berth({"inspect", "web", "--timeout", "60s"});
  REQUIRE(eventually([&] { return stage.count("POST /mcp tools/list") == 1; }));
  CHECK(stage.sandbox.berth({"stop", "web"}).code == 0);
  const auto ended = asking.wait();
  REQUIRE(ended);
  CHECK(ended->code == 1);
  stage.sandbox.down();
}

TEST_CASE("A session of a probe that is called off is ended") {
  Stage stage({"--silent-on=tools/list", "--ignore-sigterm"},
              {{"ready.probe", "mcp"}, {"ready.timeout", "1s"}, {"restart", "never"}});
  stage.up({});
  REQUIRE(eventually([&] { return stage.count("opened") == 1; }));
  CHECK(stage.no_session_left());  // within stop.timeout
  stage.sandbox.await("web", "failed");
  stage.sandbox.down();
}

TEST_CASE("What an inspection finds is readable") {
  Stage stage({});
  stage.up();
  const Result result = stage.sandbox.berth({"inspect", "web"});
  CHECK(result.code == 0);
  CHECK(has(result.out, "server     actor 1.2.3\n"));
  CHECK(has(result.out, "protocol   2025-11-25 (legacy), streamable-http\n"));
  CHECK(has(result.out, "tools      2\n  alpha\n  beta\n"));
  stage.sandbox.down();
}

}  // namespace e2e
