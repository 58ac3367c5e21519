#include "config/client/client.hpp"
#include "config/import/foreign.hpp"
#include "config/support.hpp"
#include "support/catch.hpp"

namespace berth::config::test {
namespace {

using Kind = ClientChange::Kind;

const Client& client(std::string_view name) {
  const Client* found = find_client(name);
  REQUIRE(found != nullptr);
  return *found;
}

std::string changed(std::string_view name, const std::string& text, const std::vector<ClientChange>& changes) {
  const auto result = change_client_text(client(name), text, changes);
  INFO(text << "\n" << (result ? "" : result.error().message));
  REQUIRE(result);
  return *result;
}

const std::string url = "http://127.0.0.1:50000/mcp";
const std::string other_url = "http://127.0.0.1:50001/mcp";

}  // namespace

TEST_CASE("client: a whole config reads as what was put in, and is no server to start") {
  for (const Client& each : clients()) {
    const std::string text =
        client_text(each, std::vector<ClientEntry>{{"notes", url}, {"a.b", "http://127.0.0.1:50001/sse"}});
    INFO(text);
    const auto entries = read_client_entries(each, text);
    REQUIRE(entries);
    REQUIRE(entries->size() == 2);
    CHECK((*entries)[0].url == url);
    CHECK((*entries)[1].url == "http://127.0.0.1:50001/sse");
    std::vector<Diagnostic> found;
    const auto foreign = read_foreign(text, each.toml ? "config.toml" : "settings.json", found);
    REQUIRE(foreign);
    CHECK(foreign->servers.size() == 2);
    CHECK(client_text(each, {}).find("http") == std::string::npos);
  }
}

TEST_CASE("client: the shape of an entry is the client's own") {
  const auto entry = [](std::string_view name, const std::string& address) {
    return client_text(client(name), std::vector<ClientEntry>{{"x", address}});
  };
  CHECK(entry("claude-desktop", url)
            .find(R"("args": ["-y", "mcp-remote", "http://127.0.0.1:50000/mcp", "--allow-http"])") !=
        std::string::npos);
  CHECK(entry("claude-code", url).find("\"type\": \"http\"") != std::string::npos);
  CHECK(entry("claude-code", "http://h:1/sse").find("\"type\": \"sse\"") != std::string::npos);
  CHECK(entry("cursor", url).find("\"url\"") != std::string::npos);
  CHECK(entry("vscode", url).starts_with("{\n  \"servers\""));
  CHECK(entry("windsurf", url).find("\"serverUrl\"") != std::string::npos);
  CHECK(entry("zed", url).find("\"context_servers\"") != std::string::npos);
  CHECK(entry("gemini", url).find("\"httpUrl\"") != std::string::npos);
  CHECK(entry("gemini", "http://h:1/sse").find("\"url\"") != std::string::npos);
  CHECK(entry("codex", url) == "[mcp_servers.x]\nurl = \"http://127.0.0.1:50000/mcp\"\n");
}

TEST_CASE("client: an entry added, changed and removed leaves every sample as it was") {
  for (const auto& [name, path] :
       std::vector<std::pair<std::string, std::string>>{{"claude-desktop", "desktop/claude_desktop_config.json"},
                                                        {"claude-code", "project/.mcp.json"},
                                                        {"claude-code", "home/claude.json"},
                                                        {"cursor", "cursor/.cursor/mcp.json"},
                                                        {"vscode", "vscode/.vscode/mcp.json"},
                                                        {"windsurf", "windsurf/mcp_config.json"},
                                                        {"gemini", "gemini/.gemini/settings.json"},
                                                        {"codex", "codex/.codex/config.toml"},
                                                        {"zed", "zed/settings.json"}}) {
    const std::string text = read(source_folder() / "tests/import/samples" / path);
    INFO(path);
    const std::string one = changed(name, text, {{Kind::add, "berth one", url}});
    const std::string two = changed(name, one, {{Kind::add, "berth-two", url}});
    const std::string moved = changed(name, two, {{Kind::update, "berth one", other_url}});
    CHECK(moved.size() == two.size());
    CHECK(moved.find(other_url) != std::string::npos);
    CHECK(changed(name, moved, {{Kind::remove, "berth one", ""}, {Kind::remove, "berth-two", ""}}) == text);
    CHECK(changed(name, moved, {{Kind::remove, "berth-two", ""}, {Kind::remove, "berth one", ""}}) == text);
    // The same with the line breaks of Windows and a byte order mark.
    std::string windows = "\xEF\xBB\xBF";
    for (const char c : text) windows += c == '\n' ? "\r\n" : std::string(1, c);
    const std::string added = changed(name, windows, {{Kind::add, "berth-one", url}});
    CHECK(added.find("\r\n") != std::string::npos);
    for (std::size_t at = added.find('\n'); at != std::string::npos; at = added.find('\n', at + 1))
      CHECK(added[at - 1] == '\r');
    CHECK(changed(name, added, {{Kind::remove, "berth-one", ""}}) == windows);
  }
}

TEST_CASE("client: a member is added in the layout that is there") {
  struct Case {
    std::string before;
    std::string after;
  };
  const std::string entry = "{\n      \"url\": \"" + url + "\"\n    }";
  for (const Case& c : std::vector<Case>{
           {"", "{\n  \"mcpServers\": {\n    \"x\": " + entry + "\n  }\n}\n"},
           {" \n", "{\n  \"mcpServers\": {\n    \"x\": " + entry + "\n  }\n}\n"},
           {"{}", "{\n  \"mcpServers\": {\n    \"x\": " + entry + "\n  }\n}"},
           {"{\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\n  \"mcpServers\": {\n    \"x\": " + entry + "\n  }\n}\n"},
           {"{\n  \"a\": 1, // one\n  // end\n}\n",
            "{\n  \"a\": 1, // one\n  \"mcpServers\": {\n    \"x\": " + entry + "\n  },\n  // end\n}\n"},
           {"{\n  \"a\": 1 // one\n}\n",
            "{\n  \"a\": 1, // one\n  \"mcpServers\": {\n    \"x\": " + entry + "\n  }\n}\n"},
           {"{\n  \"mcpServers\": {}\n}\n", "{\n  \"mcpServers\": {\n    \"x\": " + entry + "\n  }\n}\n"},
           {"{\n  \"mcpServers\": { // none yet\n  }\n}\n",
            "{\n  \"mcpServers\": { // none yet\n    \"x\": " + entry + "\n  }\n}\n"},
           {"{\n\t\"mcpServers\": {\n\t\t\"a\": {}\n\t}\n}\n",
            "{\n\t\"mcpServers\": {\n\t\t\"a\": {},\n\t\t\"x\": {\n\t\t\t\"url\": \"" + url + "\"\n\t\t}\n\t}\n}\n"},
       }) {
    CHECK(changed("cursor", c.before, {{Kind::add, "x", url}}) == c.after);
  }
  // On one line it stays one document, whatever it looks like.
  const std::string line =
      changed("cursor", "{\"mcpServers\": {\"a\": {\"url\": \"http://x/\"}}}", {{Kind::add, "x", url}});
  CHECK(changed("cursor", line, {{Kind::remove, "x", ""}}) == "{\"mcpServers\": {\"a\": {\"url\": \"http://x/\"}}}");
}

TEST_CASE("client: an update changes the URL and leaves what its user has added") {
  const std::string text =
      "{\"mcpServers\": {\"x\": {\n  \"url\": \"" + url + "\", // here\n  \"headers\": { \"A\": \"b\" } }}}";
  const std::string after = changed("cursor", text, {{Kind::update, "x", other_url}});
  CHECK(after ==
        "{\"mcpServers\": {\"x\": {\n  \"url\": \"" + other_url + "\", // here\n  \"headers\": { \"A\": \"b\" } }}}");
  // Of another transport, all of the entry changes.
  CHECK(changed("claude-code", client_text(client("claude-code"), std::vector<ClientEntry>{{"x", url}}),
                {{Kind::update, "x", "http://h:1/sse"}}) ==
        client_text(client("claude-code"), std::vector<ClientEntry>{{"x", "http://h:1/sse"}}));
}

TEST_CASE("client: a comment outlives the entry that it stands at") {
  const std::string text = "{\n  \"mcpServers\": {\n    // mine\n    \"x\": { \"url\": \"" + url +
                           "\" }, // of Berth\n    \"y\": {}\n  }\n}\n";
  CHECK(changed("cursor", text, {{Kind::remove, "x", ""}}) ==
        "{\n  \"mcpServers\": {\n    // mine\n    // of Berth\n    \"y\": {}\n  }\n}\n");
}

TEST_CASE("client: Codex's other tables, comments and forms of a table are left as they are") {
  const std::string text =
      "model = \"x\" # [mcp_servers.no]\n[mcp_servers.x]\nurl = \"" + url +
      "\" # ours\n[mcp_servers.x.tools]\na = 1\n\n# of the next\n[profiles.a]\nb = '''\n[mcp_servers.x]\n'''\n";
  CHECK(changed("codex", text, {{Kind::remove, "x", ""}}) ==
        "model = \"x\" # [mcp_servers.no]\n# of the next\n[profiles.a]\nb = '''\n[mcp_servers.x]\n'''\n");
  CHECK(changed("codex", text, {{Kind::update, "x", other_url}}).find(other_url + "\" # ours\n") != std::string::npos);
  CHECK(changed("codex", "mcp_servers.x.url = '" + url + "'\n", {{Kind::update, "x", other_url}}) ==
        "mcp_servers.x.url = \"" + other_url + "\"\n");
  // What cannot be changed alone is an error.
  const auto refused = change_client_text(client("codex"), "mcp_servers.x.url = '" + url + "'\n",
                                          std::vector<ClientChange>{{Kind::remove, "x", ""}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("by hand") == std::string::npos);
  CHECK(refused.error().hint == "remove it by hand");
  CHECK_FALSE(
      change_client_text(client("codex"), "mcp_servers = {}\n", std::vector<ClientChange>{{Kind::add, "x", url}}));
}

TEST_CASE("client: a broken file is told with line and column") {
  const auto at = [](std::string_view name, const std::string& text) {
    const auto entries = read_client_entries(client(name), text);
    INFO(text);
    REQUIRE_FALSE(entries);
    return entries.error().at;
  };
  CHECK(at("cursor", "{\n  \"mcpServers\": {\n    \"a\": \n  }\n}") == Position{4, 3});
  CHECK(at("cursor", "[]") == Position{1, 1});
  CHECK(at("cursor", "{\"mcpServers\": null}") == Position{1, 16});
  CHECK(at("cursor", "{\"mcpServers\": {\"a\": {}, \"a\": {}}}") == Position{1, 26});
  CHECK(at("cursor", "{\"mcpServers\": {}, \"mcpServers\": {}}") == Position{1, 20});
  CHECK(at("codex", "a = 1\n[mcp_servers\n").line == 2);
}

}  // namespace berth::config::test
