#include "config/document.hpp"

#include "support/catch.hpp"

namespace berth::config::test {

TEST_CASE("entries stand in the order of the file, not of the alphabet") {
  const auto root = parse_document("z = 1\na = 2\n[m]\nb = 1\n[c]\n");
  REQUIRE(root);
  REQUIRE(root->entries.size() == 4);
  CHECK(root->entries[0].key == "z");
  CHECK(root->entries[1].key == "a");
  CHECK(root->entries[2].key == "m");
  CHECK(root->entries[3].key == "c");
}

TEST_CASE("columns count characters") {
  const auto root = parse_document("\"ü日本\" = [\"é\", \"x\"]\n\tb = 1\n");
  REQUIRE(root);
  CHECK(root->entries[0].value.at == Position{1, 9});
  CHECK(root->entries[0].value.items[1].at == Position{1, 15});
  CHECK(root->entries[1].at == Position{2, 2});
}

TEST_CASE("a byte order mark takes no column") {
  const auto root = parse_document(
      "\xEF\xBB\xBF"
      "a = 1\n");
  REQUIRE(root);
  CHECK(root->entries[0].at == Position{1, 1});
}

TEST_CASE("a table is where its header is") {
  const auto root = parse_document("x = 1\n  [[servers]]\na = 1\n[servers.ready]\nb = 1\n");
  REQUIRE(root);
  const Node* servers = root->value("servers");
  REQUIRE(servers);
  CHECK(servers->items[0].at == Position{2, 3});
  CHECK(servers->items[0].value("ready")->at == Position{4, 1});
}

TEST_CASE("bytes that are not UTF-8 are found where they are") {
  for (const char* bytes : {"\xFF", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                            "\xF4\x90\x80\x80", "\x80", "\xE2\x82"}) {
    const auto root = parse_document("a = 1\n# ü " + std::string(bytes));
    REQUIRE_FALSE(root);
    CHECK(root.error().at == Position{2, 5});
  }
  CHECK(parse_document("# ü € 😀 \xEF\xBF\xBF"));
}

TEST_CASE("dots inside strings, comments and numbers are no nesting") {
  const std::string dots(1000, '.');
  for (const std::string& text : {"a = \"" + dots + "\"", "a = '" + dots + "'", "# " + dots + "\na = 1",
                                  "a = \"\"\"\n" + dots + "\\\"\"\" \" " + dots + "\"\"\"",
                                  "a = '''" + dots + "''' # x", std::string("a = \"\\\"\" # ") + dots}) {
    INFO(text);
    CHECK(parse_document(text));
  }
  std::string numbers = "a = [";
  for (int i = 0; i < 200; ++i) numbers += "1.5, ";
  CHECK(parse_document(numbers + "]"));
}

TEST_CASE("a key may not nest deeper than recursion can follow") {
  std::string key = "a";
  for (int i = 0; i < 1'000'000; ++i) key += ".a";
  for (const std::string& text :
       {key + " = 1", "[" + key + "]", "x = { " + key + " = 1 }", "x = \"\"\"\"\"\"\n" + key}) {
    const auto root = parse_document(text);
    REQUIRE_FALSE(root);
    CHECK(root.error().message.find("dotted parts") != std::string::npos);
  }
}

}  // namespace berth::config::test
