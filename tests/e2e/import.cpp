// From another program's config to servers that are ready.

#include <filesystem>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

namespace fs = std::filesystem;

struct Format {
  std::string file;
  std::string text;
};

// Each program's own way to say: start the hostile child with PORT=3001, and a stdio server named `stdio`.
std::vector<Format> formats() {
  const std::string child =
      std::string("\"command\": \"") + HOSTILE_PROGRAM + "\", \"env\": { \"PORT\": \"3001\", \"API_KEY\": ";
  const std::string stdio = R"("stdio": { "command": "a program", "args": ["it's", "{port}"] })";
  return {
      {"claude_desktop_config.json",
       "{ \"mcpServers\": { \"web\": { " + child + "\"abcdef123456\" } }, " + stdio + " } }"},
      {".mcp.json",
       "{ \"mcpServers\": { \"web\": { \"type\": \"stdio\", " + child + "\"${API_KEY}\" } }, " + stdio + " } }"},
      {"cursor/mcp.json", "{ \"mcpServers\": { \"web\": { " + child + "\"${env:API_KEY}\" } }, " + stdio + " } }"},
      {".vscode/mcp.json",
       "{ // VS Code\n \"inputs\": [{ \"type\": \"promptString\", \"id\": \"api-key\", \"password\": true }],\n"
       " \"servers\": { \"web\": { " +
           child + "\"${input:api-key}\" } }, " + stdio + ", } }"},
      {"mcp_config.json",
       "{ \"mcpServers\": { \"web\": { " + child + "\"${env:API_KEY}\" }, \"disabled\": false }, " + stdio + " } }"},
      {"settings.json",
       "{ \"mcpServers\": { \"web\": { " + child + "\"$API_KEY\" }, \"trust\": true }, " + stdio + " } }"},
      {"zed/settings.json", "{ \"context_servers\": { \"web\": { " + child + "\"abcdef123456\" } }, " + stdio + " } }"},
      {"config.toml",
       std::string("[mcp_servers.web]\ncommand = \"") + HOSTILE_PROGRAM +
           "\"\nenv = { PORT = \"3001\" }\nenv_vars = [\"API_KEY\"]\n[mcp_servers.stdio]\ncommand = \"a program\"\n"
           "args = [\"it's\", \"{port}\"]\n"}};
}

// Stands for npm's: checks that it is asked for the bridge with the server's own words, and serves on the port.
void write_npx(const fs::path& folder) {
  fs::create_directories(folder);
  write_file(
      folder / "npx",
      std::string(
          "#!/bin/sh\n"
          "[ \"$1|$2|$3|$4|$5|$7|$8|$9\" = \"-y|mcp-proxy|--host|127.0.0.1|--port|--|a program|it's\" ] || exit 9\n"
          "[ \"$6\" = \"$PORT\" ] && shift 9 && [ \"$1\" = '{port}' ] || exit 8\n"
          "exec ") +
          HOSTILE_PROGRAM + "\n");
  fs::permissions(folder / "npx", fs::perms::owner_all);
}

Result run_with(Sandbox& sandbox, const Arguments& args) {
  ProgramPlan plan = sandbox.plan(BERTH_PROGRAM, args);
  plan.environment["PATH"] = sandbox.file("bin").string() + ":" + plan.environment["PATH"];
  plan.environment["API_KEY"] = "abcdef123456";
  return run(plan);
}

}  // namespace

TEST_CASE("Imported servers of every program pass the check and become ready") {
  for (const Format& format : formats()) {
    Sandbox sandbox;
    INFO(format.file);
    write_npx(sandbox.file("bin"));
    const fs::path file = sandbox.file("from") / format.file;
    fs::create_directories(file.parent_path());
    write_file(file, format.text);
    const Result imported = sandbox.berth({"import", file.string(), "-o", "imported.toml"});
    INFO(imported.out << imported.err);
    REQUIRE(imported.code == 0);
    CHECK(imported.err.find("API_KEY") != std::string::npos);
    const std::string toml = read_file(sandbox.file("imported.toml"));
    CHECK(toml.find("abcdef123456") == std::string::npos);
    INFO(toml);
    const Result unset = sandbox.berth({"check", "imported.toml"});
    CHECK(unset.code == 2);
    CHECK(unset.err.find("`${API_KEY}` is not set") != std::string::npos);
    // In a range of the test's own.
    const std::string head = "name = \"" + sandbox.project() + "\"\nports.range = [" + std::to_string(sandbox.port(0)) +
                             ", " + std::to_string(sandbox.port(7)) + "]\n";
    sandbox.write(head + toml);
    const Result checked = run_with(sandbox, {"check"});
    INFO(checked.err);
    CHECK(checked.code == 0);
    const Result up = run_with(sandbox, {"up", "--detach", "--wait", "--timeout", "60"});
    INFO(up.err << sandbox.server_log("stdio"));
    CHECK(up.code == 0);
    CHECK(text(sandbox.server("web"), "state") == "ready");
    CHECK(text(sandbox.server("stdio"), "state") == "ready");
    sandbox.down();
  }
}

TEST_CASE("import writes over nothing, and prints nothing of a broken file") {
  Sandbox sandbox;
  write_file(sandbox.file("mcp.json"), R"({"mcpServers": {"a": {"command": "x"}}})");
  write_file(sandbox.file("broken.json"), "{\n  \"mcpServers\": {\n");
  write_file(sandbox.file("there.toml"), "mine");
  const Result there = sandbox.berth({"import", "mcp.json", "-o", "there.toml"});
  CHECK(there.code == 1);
  CHECK(there.err.find("there.toml already") != std::string::npos);
  CHECK(read_file(sandbox.file("there.toml")) == "mine");
  const Result broken = sandbox.berth({"import", "mcp.json", "broken.json", "-o", "new.toml"});
  CHECK(broken.code == 2);
  CHECK(broken.err.find("broken.json:3:1: error: not valid JSON") != std::string::npos);
  CHECK(broken.out.empty());
  CHECK_FALSE(fs::exists(sandbox.file("new.toml")));
  const Result missing = sandbox.berth({"import", "nowhere.json"});
  CHECK(missing.code == 2);
  CHECK(missing.err.find("nowhere.json:1:1: error: cannot be read") != std::string::npos);
  CHECK(sandbox.berth({"import"}).code == 2);
}

TEST_CASE("import --json is one document, without secrets") {
  Sandbox sandbox;
  write_file(
      sandbox.file("mcp.json"),
      R"({"mcpServers": {"a": {"command": "x", "env": {"TOKEN": "abcdef123456"}}, "b": {"url": "https://x.example/?k=abcdef123456"}}})");
  const Result result = sandbox.berth({"import", "mcp.json", "--json"});
  CHECK(result.code == 0);
  REQUIRE(is_one_json_document(result.out));
  CHECK((result.out + result.err).find("abcdef123456") == std::string::npos);
  const auto document = boost::json::parse(result.out).as_object();
  CHECK(document.at("ok").as_bool());
  CHECK(document.at("servers").as_array().at(0).at("wrapped").as_bool());
  CHECK(document.at("not_launched").as_array().at(0).at("name").as_string() == "b");
  CHECK(document.at("set").as_array().at(0).at("name").as_string() == "TOKEN");
  const Result broken = sandbox.berth({"import", "run-1.out", "--json"});
  CHECK(broken.code == 2);
  CHECK(is_one_json_document(broken.out));
}

}  // namespace e2e
