// Every file in tests/import/samples is imported and compared with its expectation: all that is said, and the config,
// word by word. BERTH_REGENERATE=1 writes the .expect files: read the difference.

#include <algorithm>

#include "config/import/import.hpp"
#include "config/jsonc.hpp"
#include "config/support.hpp"
#include "support/catch.hpp"

namespace berth::config::test {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> samples() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(source_folder() / "tests/import/samples")) {
    if (entry.is_regular_file() && entry.path().extension() != ".expect") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

ImportOptions options() {
  ImportOptions options;
  options.target_folder = "/home/me/harbour";
  options.home = "/home/me";
  options.exists = [](const std::string&) { return false; };
  return options;
}

// As if the sample lay in the folder of a user.
ImportInput input(const fs::path& path) {
  const std::string under = fs::relative(path, source_folder() / "tests/import/samples").string();
  return {read(path), under, (fs::path("/home/me") / under).parent_path().string()};
}

Import import_text(const std::string& text, const std::string& file = "mcp.json") {
  const ImportInput one{text, file, "/home/me/app"};
  return import_configs({&one, 1}, options());
}

std::string said(const Import& import) {
  std::string text;
  for (const Diagnostic& diagnostic : import.found) text += to_string(diagnostic) + "\n";
  return text;
}

// The loader's view of it, with every variable set.
LoadResult checked(const std::string& toml) {
  LoadOptions load_options;
  load_options.environment = [](std::string_view) { return std::optional<std::string>("a-value"); };
  return parse(toml, "/home/me/harbour/berth.toml", load_options);
}

const ServerConfig& only_server(const LoadResult& result) {
  REQUIRE(result.config);
  REQUIRE(result.config->servers.size() == 1);
  return result.config->servers[0];
}

LoadResult loaded(const Import& import) {
  INFO(said(import));
  REQUIRE_FALSE(import.failed);
  const std::string toml = to_toml(import);
  LoadResult result = checked(toml);
  INFO(toml << lines(result));
  REQUIRE(result.config);
  return result;
}

}  // namespace

TEST_CASE("each sample is imported as expected, passes the check, and shows no secret") {
  const auto paths = samples();
  CHECK(paths.size() >= 9);
  for (const fs::path& path : paths) {
    const ImportInput one = input(path);
    const Import import = import_configs({&one, 1}, options());
    const std::string outcome = said(import) + (import.failed ? "" : "\n" + to_toml(import));
    const fs::path expectation = path.string() + ".expect";
    INFO(path.string());
    if (regenerating()) {
      write(expectation, outcome);
    } else {
      CHECK(outcome == read(expectation));
    }
    const LoadResult result = loaded(import);
    CHECK(result.config->servers.size() == import.servers.size());
    for (const char* secret :
         {"ghp_", "s3cr3t", "lin_api", "ctx7sk", "xoxb-", "not-for-your-eyes", "0123456789abcdef"}) {
      CHECK(outcome.find(secret) == std::string::npos);
    }
  }
}

TEST_CASE("all samples together are one config") {
  std::vector<ImportInput> inputs;
  for (const fs::path& path : samples()) inputs.push_back(input(path));
  const Import import = import_configs(inputs, options());
  CHECK(loaded(import).config->servers.size() == import.servers.size());
}

TEST_CASE("the same server in two files is taken once, another one of that name gets a new one") {
  const std::string one = R"({"mcpServers": {"a": {"command": "x", "env": {"K": "1"}}, "b": {"command": "y"}}})";
  const std::string two = R"({"mcpServers": {"a": {"command": "x", "env": {"K": "1"}}, "b": {"command": "z"}}})";
  const std::vector<ImportInput> inputs{{one, "claude_desktop_config.json", "/c"},
                                        {two, ".cursor/mcp.json", "/p/.cursor"}};
  const Import import = import_configs(inputs, options());
  REQUIRE(import.servers.size() == 3);
  CHECK(import.servers[2].name == "b-cursor");
  CHECK(said(import).find("taken once") != std::string::npos);
  CHECK(said(import).find("is called `b-cursor`") != std::string::npos);
}

TEST_CASE("names are made legal, and stay apart") {
  const Import import =
      import_text(R"({"mcpServers": {"a b": {"command": "x"}, "a/b": {"command": "y"}, "é": {"command": "z"},
      "": {"command": "w"}, "-lead": {"command": "v"}, "berth": {"command": "u"}}})");
  std::vector<std::string> names;
  for (const auto& server : import.servers) names.push_back(server.name);
  CHECK(names == std::vector<std::string>{"a-b", "a-b-2", "server", "server-2", "lead", "berth-server"});
  static_cast<void>(loaded(import));
}

TEST_CASE("a very long name is cut") {
  const std::string name(200, 'n');
  const Import import = import_text("{\"mcpServers\": {\"" + name + "\": {\"command\": \"x\"}, \"" + name +
                                    "!\": {\"command\": \"y\"}}}");
  static_cast<void>(loaded(import));
}

TEST_CASE("CRLF, a byte order mark and other alphabets are read") {
  const Import import = import_text(
      "\xEF\xBB\xBF{\r\n \"mcpServers\": {\r\n  // müde\r\n  \"x\": { \"command\": \"日本\", \"args\": [\"ü\\u0000\"] "
      "}\r\n }\r\n}\r\n");
  CHECK(import.failed);  // of the NUL
  const Import good = import_text(
      "\xEF\xBB\xBF{\r\n \"mcpServers\": {\r\n  // müde\r\n  \"x\": { \"command\": \"日本\", \"args\": [\"ü\\t\"] "
      "}\r\n }\r\n}\r\n");
  const std::string toml = to_toml(good);
  CHECK(toml.find("# müde\n") != std::string::npos);
  CHECK(only_server(loaded(good)).args.back() == "ü\t");
}

TEST_CASE("what is wrong with a file is told at its place, and nothing is made of it") {
  const auto wrong = [](const std::string& text, const std::string& file, const std::string& words) {
    const Import import = import_text(text, file);
    INFO(text << "\n" << said(import));
    CHECK(import.failed);
    CHECK(said(import).find(words) != std::string::npos);
  };
  wrong("", "mcp.json", "mcp.json:1:1: error: the file is empty");
  wrong("{\n  \"mcpServers\": {\n    \"a\": { \"command\": }\n", "x.json", "x.json:3:23: error: not valid JSON");
  wrong("{}", "x.json", "x.json:1:1: error: no MCP servers in here");
  wrong("[]", "x.json", "must be an object, not a list");
  wrong("{\"mcpServers\": []}", "x.json", "x.json:1:16: error: the servers must be an object");
  wrong("{\"mcpServers\": {\"a\": {}}}", "x.json",
        "x.json:1:17: error: the server `a` has neither a command nor a url");
  wrong("{\"mcpServers\": {\"a\": {\"command\": \"\"}}}", "x.json", "`command` is empty");
  wrong("{\"mcpServers\": {\"a\": {\"command\": \"x\", \"args\": \"y\"}}}", "x.json",
        "`args` must be a list of strings");
  wrong("{\"mcpServers\": {\"a\": {\"command\": 7, \"env\": {\"B\": []}}}}", "x.json",
        "`B` must be a string, not a list");
  wrong("model = \"x\"\n", "config.toml", "config.toml:1:1: error: no MCP servers in here");
  wrong("[mcp_servers.a]\ncommand = \n", "config.toml", "config.toml:2:");
  wrong("[[servers]]\nname = \"a\"\ncommand = \"b\"\n", "berth.toml", "Berth's own already");
}

TEST_CASE("a key that is there twice is told, and the last one counts") {
  const Import import =
      import_text(R"({"mcpServers": {"a": {"command": "x"}, "a": {"command": "y", "args": ["1"], "args": ["2"]}}})");
  CHECK(said(import).find("1:17: warning: `a` is there twice") != std::string::npos);
  CHECK(only_server(loaded(import)).args.back() == "2");
}

TEST_CASE("commented-out servers keep their secrets to themselves") {
  const Import import = import_text(R"({"mcpServers": {
    // "old": { "command": "x", "env": { "API_KEY": "abcdef123456" } }
    "a": { "command": "x" }
  }})");
  const std::string toml = to_toml(import);
  CHECK(toml.find("abcdef") == std::string::npos);
  CHECK(toml.find("# \"old\": { \"command\": \"x\", \"env\": { \"API_KEY\": \"…\" } }") != std::string::npos);
}

TEST_CASE("a default that is a secret is not written") {
  const Import import = import_text(
      R"({"mcpServers": {"a": {"command": "x", "type": "stdio", "env": {"API_KEY": "${API_KEY:-abcdef123456}"}}}})",
      ".mcp.json");
  CHECK(to_toml(import).find("abcdef") == std::string::npos);
  CHECK(to_toml(import).find("API_KEY = \"${API_KEY}\"") != std::string::npos);
}

TEST_CASE("a folder whose name cannot name a project gets one in the file") {
  ImportOptions other = options();
  other.target_folder = "/home/me/My Tools";
  const ImportInput one{R"({"mcpServers": {"a": {"command": "x"}}})", "mcp.json", "/x"};
  CHECK(to_toml(import_configs({&one, 1}, other)).find("\nname = \"My-Tools\"\n") != std::string::npos);
}

TEST_CASE("an env_file is kept when there is one") {
  ImportOptions with_file = options();
  with_file.exists = [](const std::string& path) { return path == "/home/me/app/.env"; };
  const ImportInput one{R"({"mcpServers": {"a": {"command": "x", "envFile": "${workspaceFolder}/.env"}}})",
                        ".cursor/mcp.json", "/home/me/app/.cursor"};
  CHECK(to_toml(import_configs({&one, 1}, with_file)).find("env_file = \"/home/me/app/.env\"") != std::string::npos);
}

TEST_CASE("what berth client writes for Claude Desktop is not taken for a server to start") {
  const Import import = import_text(
      R"({"mcpServers": {"a": {"command": "npx", "args": ["-y", "mcp-remote", "http://127.0.0.1:50000/mcp", "--allow-http"]}}})");
  CHECK(import.servers.empty());
  REQUIRE(import.not_launched.size() == 1);
  CHECK(import.not_launched[0].url == "http://127.0.0.1:50000/mcp");
}

}  // namespace berth::config::test
