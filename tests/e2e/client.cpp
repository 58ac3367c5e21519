// The configs of MCP clients, printed, written and checked against what runs.

#include <sys/stat.h>

#include <filesystem>

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> clients{"claude-desktop", "claude-code", "cursor", "vscode",
                                       "windsurf",       "zed",         "codex",  "gemini"};

void run_two(Sandbox& sandbox, const std::string& second = "two") {
  auto config = sandbox.config();
  config.server("one");
  config.server(second);
  config.server("off").set("enabled", false);
  sandbox.write(config);
  sandbox.up({"--wait"});
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

std::string url_of(Sandbox& sandbox, const std::string& name) {
  return text(sandbox.server(name), "url");
}

}  // namespace

TEST_CASE("client prints, writes and checks the config of every client") {
  Sandbox sandbox;
  run_two(sandbox);
  for (const std::string& client : clients) {
    INFO(client);
    const std::string file = sandbox.file("of-" + client).string();
    const Result printed = sandbox.berth({"client", client});
    CHECK(printed.code == 0);
    CHECK(printed.out.find(url_of(sandbox, "one")) != std::string::npos);
    CHECK(printed.out.find("off") == std::string::npos);
    CHECK(printed.err.find("`off` is left out") != std::string::npos);

    const Result drift = sandbox.berth({"client", client, "--check", "--file", file});
    CHECK(drift.code == 1);
    CHECK(drift.out.find("missing: `one` is at " + url_of(sandbox, "one")) != std::string::npos);
    CHECK_FALSE(fs::exists(file));

    CHECK(sandbox.berth({"client", client, "--write", "--file", file}).code == 0);
    CHECK(read_file(file) == printed.out);
    CHECK(sandbox.berth({"client", client, "--check", "--file", file}).code == 0);

    const Result json = sandbox.berth({"client", client, "--check", "--file", file, "--json"});
    CHECK(is_one_json_document(json.out));
    CHECK(is_one_json_document(sandbox.berth({"client", client, "--json"}).out));
    CHECK(is_one_json_document(sandbox.berth({"client", client, "--write", "--file", file, "--json"}).out));
  }
  sandbox.down();
}

TEST_CASE("client --write goes to the client's own place, keeps the rest, and a copy") {
  Sandbox sandbox;
  run_two(sandbox);
  const fs::path folder = sandbox.file(".cursor");
  fs::create_directory(folder);
  const std::string before =
      "{\n  // mine\n  \"theme\": \"dark\",\n  \"mcpServers\": {\n    \"github\": { \"url\": \"https://x.example/\" }, "
      "// theirs\n  }\n}\n";
  write_file(folder / "mcp.json", before);
  ::chmod((folder / "mcp.json").c_str(), 0640);
  const Result written = sandbox.berth({"client", "cursor", "--write"});
  INFO(written.out << written.err);
  CHECK(written.code == 0);
  const std::string after = read_file(folder / "mcp.json");
  CHECK(after.find("// mine\n  \"theme\": \"dark\",") != std::string::npos);
  CHECK(after.find("// theirs") != std::string::npos);
  CHECK(after.find("\"one\": {") != std::string::npos);
  struct stat facts {};
  REQUIRE(::stat((folder / "mcp.json").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777U) == 0640);
  auto names = names_in(folder);
  REQUIRE(names.size() == 2);
  for (const std::string& name : names) {
    if (name != "mcp.json") {
      CHECK(name.starts_with("mcp.json.bak-"));
      CHECK(read_file(folder / name) == before);
    }
  }
  // Nothing to change: no write and no copy.
  const auto at = fs::last_write_time(folder / "mcp.json");
  CHECK(sandbox.berth({"client", "cursor", "--write"}).code == 0);
  CHECK(fs::last_write_time(folder / "mcp.json") == at);
  CHECK(names_in(folder).size() == 2);
  sandbox.down();
}

TEST_CASE("client --write takes out what it has put in, and nothing else") {
  Sandbox sandbox;
  run_two(sandbox);
  for (const std::string& client : {std::string("cursor"), std::string("codex")}) {
    const std::string file = sandbox.file("of-" + client).string();
    REQUIRE(sandbox.berth({"client", client, "--write", "--file", file}).code == 0);
  }
  const std::string old_two = url_of(sandbox, "two");
  sandbox.down();
  run_two(sandbox, "three");  // `two` is gone
  for (const std::string& client : {std::string("cursor"), std::string("codex")}) {
    const std::string file = sandbox.file("of-" + client).string();
    INFO(client);
    const Result drift = sandbox.berth({"client", client, "--check", "--file", file});
    CHECK(drift.code == 1);
    CHECK(drift.out.find("surplus: there is no server `two` any more") != std::string::npos);
    CHECK(drift.out.find("missing: `three`") != std::string::npos);
    REQUIRE(sandbox.berth({"client", client, "--write", "--file", file}).code == 0);
    CHECK(read_file(file) == sandbox.berth({"client", client}).out);
  }
  sandbox.down();
}

TEST_CASE("client --write leaves an entry of that name alone that is not its own, and says so") {
  Sandbox sandbox;
  run_two(sandbox);
  const std::string before = R"({"mcpServers": {"one": {"command": "mine", "env": {"TOKEN": "abcdef123456"}}}})";
  write_file(sandbox.file("x.json"), before);
  const Result result = sandbox.berth({"client", "cursor", "--write", "--file", "x.json"});
  CHECK(result.code == 1);
  CHECK(result.err.find("x.json:1:17: foreign: the entry `one` is not Berth's") != std::string::npos);
  const std::string after = read_file(sandbox.file("x.json"));
  CHECK(after.find(R"("one": {"command": "mine")") != std::string::npos);
  CHECK(after.find("\"two\"") != std::string::npos);
  for (const char* mode : {"--check", "--write"}) {
    const Result json = sandbox.berth({"client", "cursor", mode, "--file", "x.json", "--json"});
    CHECK((json.out + json.err).find("abcdef123456") == std::string::npos);
  }
  sandbox.down();
}

TEST_CASE("client leaves a broken, a read-only and a strange file as it is") {
  Sandbox sandbox;
  run_two(sandbox);
  write_file(sandbox.file("broken.json"), "{\n  \"mcpServers\": {\n    \"a\" 1\n  }\n}\n");
  for (const char* mode : {"--write", "--check"}) {
    const Result broken = sandbox.berth({"client", "cursor", mode, "--file", "broken.json"});
    CHECK(broken.code == 2);
    CHECK(broken.err.find("broken.json:3:9: error: not valid JSON") != std::string::npos);
  }
  CHECK(read_file(sandbox.file("broken.json")) == "{\n  \"mcpServers\": {\n    \"a\" 1\n  }\n}\n");
  write_file(sandbox.file("fixed.json"), "{}\n");
  ::chmod(sandbox.file("fixed.json").c_str(), 0444);
  const Result fixed = sandbox.berth({"client", "cursor", "--write", "--file", "fixed.json"});
  CHECK(fixed.code == 1);
  CHECK(fixed.err.find("read-only") != std::string::npos);
  CHECK(read_file(sandbox.file("fixed.json")) == "{}\n");
  CHECK(sandbox.berth({"client", "cursor", "--write", "--file", "/dev/null"}).code == 1);
  sandbox.down();
}

TEST_CASE("client takes the URL of a server that waits for its restart, and says that it is not ready") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--exit-code=3"}).set("backoff.initial", "100s").set("backoff.max", "100s");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("web", "backoff");
  const Result printed = sandbox.berth({"client", "cursor"});
  CHECK(printed.code == 0);
  CHECK(printed.out.find(url_of(sandbox, "web")) != std::string::npos);
  CHECK(printed.err.find("`web` is not ready") != std::string::npos);
  sandbox.down();
}

TEST_CASE("client: an unknown client, no supervisor, and secrets") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("one").set("headers.Authorization", "Bearer abcdef123456");
  sandbox.write(config);
  const Result unknown = sandbox.berth({"client", "cursr"});
  CHECK(unknown.code == 2);
  CHECK(unknown.err.find("did you mean `cursor`") != std::string::npos);
  CHECK(sandbox.berth({"client", "cursor"}).code == 4);
  CHECK(sandbox.berth({"client", "cursor", "--check", "--write"}).code == 2);
  sandbox.up({"--wait"});
  const Result printed = sandbox.berth({"client", "cursor"});
  CHECK(printed.code == 0);
  CHECK((printed.out + printed.err).find("abcdef123456") == std::string::npos);
  CHECK(printed.err.find("headers (Authorization), which are not copied") != std::string::npos);
  sandbox.down();
}

}  // namespace e2e
