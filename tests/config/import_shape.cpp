#include "config/import/shape.hpp"

#include <cstdio>
#include <memory>

#include "support/catch.hpp"

namespace berth::config {
namespace {

using Env = std::vector<std::pair<std::string, std::string>>;

Draft draft(const std::string& command, const std::vector<std::string>& args, const Env& env = {}) {
  Draft result;
  result.command = literal_word(command);
  for (const std::string& arg : args) result.args.push_back(literal_word(arg));
  for (const auto& [name, value] : env) result.env.push_back({name, literal_word(value), {}});
  return result;
}

std::string line(const Draft& draft) {
  std::string text = in_berth_words(draft.command, false);
  for (const Word& arg : draft.args) text += "|" + in_berth_words(arg, true);
  return text;
}

// The words that a shell makes of the line.
std::string through_shell(const std::string& line) {
  const std::string command =
      "VAR='a  \"b\" '\\''c' ; export VAR; for word in " + line + "; do printf '%s|' \"$word\"; done";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  REQUIRE(pipe);
  std::string out;
  char block[512];
  while (const auto got = std::fread(block, 1, sizeof block, pipe.get())) out.append(block, got);
  return out;
}

}  // namespace

TEST_CASE("a fixed port becomes Berth's to give, wherever it stands") {
  struct Case {
    Draft before;
    std::string after;
    std::string path = "/mcp";
    std::vector<std::string> port_env;
  };
  for (Case& c : std::vector<Case>{
           {draft("npx", {"@playwright/mcp", "--port", "8931"}), "npx|@playwright/mcp|--port|{port}"},
           {draft("srv", {"--transport=http", "--port=3001"}), "srv|--transport=http|--port={port}"},
           {draft("srv", {"-t", "streamable", "-p", "1122"}), "srv|-t|streamable|-p|{port}"},
           {draft("srv", {"--listen", "127.0.0.1:9000"}), "srv|--listen|127.0.0.1:{port}"},
           {draft("srv", {"sse"}, {{"PORT", "3001"}}), "srv|sse", "/sse"},
           {draft("srv", {}, {{"MCP_PORT", "3001"}}), "srv", "/mcp", {"MCP_PORT"}},
           {draft("srv", {"--http", "--path", "/api/mcp"}), "srv|--http|--path|/api/mcp", "/api/mcp"},
           {draft("npx", {"-y", "supergateway", "--stdio", "x y", "--port", "8000"}),
            "npx|-y|supergateway|--stdio|x y|--port|{port}", "/sse"},
           {draft("npx",
                  {"-y", "supergateway", "--stdio", "x", "--outputTransport", "streamableHttp", "--port", "8000"}),
            "npx|-y|supergateway|--stdio|x|--outputTransport|streamableHttp|--port|{port}"},
       }) {
    INFO(c.after);
    CHECK(take_as_http(c.before));
    CHECK(line(c.before) == c.after);
    CHECK(c.before.path == c.path);
    CHECK(c.before.port_env == c.port_env);
    CHECK_FALSE(c.before.remarks.empty());
    for (const auto& variable : c.before.env) CHECK(variable.name.find("PORT") == std::string::npos);
  }
}

TEST_CASE("a port of a database, or of a server that says stdio, is none of Berth's") {
  for (Draft d : {draft("uvx", {"mysql-mcp", "--host", "db", "--port", "3306", "--user", "me"}),
                  draft("srv", {"--port", "5432"}), draft("srv", {"--transport", "stdio", "--port", "3001"}),
                  draft("srv", {"serve"}, {{"PORT", "27017"}}), draft("srv", {"--", "--port", "3001"}),
                  draft("srv", {}, {{"TRANSPORT", "stdio"}, {"PORT", "3001"}}), draft("uvx", {"mcp-server-fetch"})}) {
    const std::string before = line(d);
    INFO(before);
    CHECK_FALSE(take_as_http(d));
    CHECK(line(d) == before);
  }
}

TEST_CASE("what is for Windows is unwrapped") {
  Draft d = draft("C:\\Windows\\System32\\cmd.exe", {"/d", "/c", "npx.cmd", "-y", "x"});
  unwrap(d);
  CHECK(line(d) == "npx|-y|x");
  d = draft("cmd", {"/C", "node", "a b.js"});
  unwrap(d);
  CHECK(line(d) == "node|a b.js");
  d = draft("cmd", {"/c"});
  unwrap(d);
  CHECK(line(d) == "cmd|/c");
  d = draft("npx -y @scope/server", {"--x"});
  unwrap(d);
  CHECK(line(d) == "npx|-y|@scope/server|--x");
  d = draft("/opt/my tools/server", {});
  unwrap(d);
  CHECK(line(d) == "/opt/my tools/server");
}

TEST_CASE("a command that only brings a server from elsewhere is known by its URL") {
  CHECK(bridged_url(draft("npx", {"-y", "mcp-remote@latest", "https://x.example/mcp", "--header", "a:b"})) ==
        literal_word("https://x.example/mcp"));
  CHECK(bridged_url(draft("uvx", {"mcp-proxy", "http://127.0.0.1:8000/sse"})) ==
        literal_word("http://127.0.0.1:8000/sse"));
  CHECK(bridged_url(draft("npx", {"-y", "supergateway", "--sse", "https://x/sse"})) == literal_word("https://x/sse"));
  CHECK_FALSE(bridged_url(draft("npx", {"-y", "supergateway", "--stdio", "x https://y"})));
  CHECK_FALSE(bridged_url(draft("npx", {"mcp-proxy", "--port", "80", "--", "x", "http://y"})));
  CHECK_FALSE(bridged_url(draft("uvx", {"mcp-server-fetch", "https://x"})));
}

TEST_CASE("mcp-proxy gets the words of the server as they are") {
  Draft d = draft("uvx", {"my server", "it's", "{port}", "$HOME"}, {{"HOST", "db"}, {"A", "b"}});
  wrap(d, Wrapper::mcp_proxy);
  CHECK(line(d) == "npx|-y|mcp-proxy|--host|{host}|--port|{port}|--|env|HOST=db|uvx|my server|it's|{{port}}|$HOME");
  CHECK(d.env.size() == 1);  // HOST is Berth's for the bridge, and goes to the server behind it
}

TEST_CASE("supergateway gets a line that a shell takes apart again") {
  const std::vector<std::string> words{"a b",  "it's", "\"quoted\"", "$HOME", "`id`",   "$(id)",       "*",
                                       "a\\b", "",     "#x",         "~",     "é;&|<>", "plain-1.2/@x"};
  Draft d = draft("uvx", words);
  d.args.push_back({{Piece::Kind::literal, "--key=", std::nullopt}, {Piece::Kind::variable, "VAR", std::nullopt}});
  wrap(d, Wrapper::supergateway);
  REQUIRE(d.args.size() == 8);
  const auto inner = plain_text(d.args[3]);
  REQUIRE(inner);
  std::string expected = "uvx|";
  for (const std::string& word : words) expected += word + "|";
  CHECK(through_shell(*inner) == expected + "--key=a  \"b\" 'c|");
  // What the shell reads must be in its environment.
  REQUIRE(d.env.size() == 1);
  CHECK(d.env[0].name == "VAR");
}

TEST_CASE("supergateway: a variable that the server has under the same name with another value") {
  Draft d = draft("uvx", {}, {{"KEY", "own"}});
  d.args.push_back({{Piece::Kind::variable, "KEY", std::nullopt}});
  wrap(d, Wrapper::supergateway);
  CHECK(plain_text(d.args[3]) == "uvx \"$KEY_ARG\"");
  REQUIRE(d.env.size() == 2);
  CHECK(in_berth_words(d.env[1].value, true) == "${KEY}");
}

}  // namespace berth::config
