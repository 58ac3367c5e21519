#include "config/templates.hpp"

#include "support/catch.hpp"

namespace berth::config::test {
namespace {

const LaunchValues values{50000, "127.0.0.1", "notes", "http://127.0.0.1:50000/mcp"};

}  // namespace

TEST_CASE("placeholders are filled in") {
  CHECK(fill("--port={port}", values) == "--port=50000");
  CHECK(fill("{host}:{port} {name} {url}", values) == "127.0.0.1:50000 notes http://127.0.0.1:50000/mcp");
  CHECK(fill("", values).empty());
  CHECK(fill("plain", values) == "plain");
}

TEST_CASE("double braces write single ones") {
  CHECK(fill("{{port}}", values) == "{port}");
  CHECK(fill("{{anything_else}}", values) == "{anything_else}");
  CHECK(fill("{{{port}}}", values) == "{{port}}");
}

TEST_CASE("braces that do not enclose a word stay") {
  for (const char* text :
       {R"({"a": 1})", "{}", "{{}}", "{ port }", "{port", "port}", "{1}", "{a-b}", "}{", "{{", "{{{{"}) {
    CHECK(fill(text, values) == text);
    CHECK_FALSE(unknown_placeholder(text));
  }
  CHECK(fill(R"({"port": {port}})", values) == R"({"port": 50000})");
  CHECK(fill("{{port}", values) == "{50000");
}

TEST_CASE("an unknown word is found with the one that was meant") {
  const auto unknown = unknown_placeholder("a {port} {{prot}} {prot} {x}");
  REQUIRE(unknown);
  CHECK(unknown->word == "prot");
  CHECK(unknown->nearest == "port");
  CHECK(unknown->offset == 18);
  CHECK(unknown_placeholder("{PORT}")->nearest == "port");
  CHECK(unknown_placeholder("{hostname}")->nearest == "host");
  CHECK(unknown_placeholder("{" + std::string(100'000, 'x') + "}"));
}

TEST_CASE("escaped text survives the filling") {
  for (const char* text : {"{port}", "{{port}}", "{{{port}}}", "{x}", "{", "}}", "a{port}b{{name}", R"({"a":{url}})"}) {
    INFO(text);
    CHECK(fill(escape(text), values) == text);
    CHECK_FALSE(unknown_placeholder(escape(text)));
  }
}

}  // namespace berth::config::test
