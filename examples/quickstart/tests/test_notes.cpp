#include "calls.hpp"
#include "support/catch.hpp"

using namespace harbour;

TEST_CASE("notes are added, listed, found and deleted", "[notes]") {
  const auto tools = notes_tools(test_instant);
  CHECK(run(tools, "list_notes", "{}").structured.at("count") == 0);

  auto added = run(tools, "add_note", R"({"title":"Ropes","body":"Six new mooring lines","tags":["stores","deck"]})");
  CHECK(added.structured["id"] == 1);
  CHECK(added.structured["created"] == "2026-11-21T10:00:00.250Z");
  run(tools, "add_note", R"({"title":"Paint","body":"Red, for the hull"})");

  const auto all = run(tools, "list_notes", "{}");
  CHECK(all.structured.at("count") == 2);
  CHECK(all.structured.at("notes").at(0).at("title") == "Paint");  // the newest first
  CHECK(run(tools, "list_notes", R"({"tag":"deck"})").structured.at("count") == 1);
  CHECK(run(tools, "list_notes", R"({"tag":"dec"})").structured.at("count") == 0);
  CHECK(run(tools, "search_notes", R"({"query":"MOORING"})").structured.at("notes").at(0).at("id") == 1);
  CHECK(run(tools, "search_notes", R"({"query":"stores"})").structured.at("count") == 1);
  CHECK(run(tools, "search_notes", R"({"query":"anchor"})").text == "No such note.");

  CHECK_FALSE(run(tools, "delete_note", R"({"id":2})").is_error);
  CHECK(run(tools, "delete_note", R"({"id":2})").is_error);
  CHECK(run(tools, "add_note", R"({"title":"Flags","body":""})").structured.at("id") == 3);  // 2 is never given again
}

TEST_CASE("a note needs a title and has its limits", "[notes]") {
  const auto tools = notes_tools(test_instant);
  CHECK(run(tools, "add_note", R"({"title":"","body":"x"})").is_error);
  CHECK(run(tools, "search_notes", R"({"query":""})").is_error);
  json::object large;
  large["title"] = "large";
  large["body"] = std::string(64 * 1024, 'x');
  CHECK(run(tools, "add_note", json::serialize(large)).is_error);
  for (int i = 0; i < 1000; ++i) run(tools, "add_note", R"({"title":"t","body":""})");
  CHECK(run(tools, "add_note", R"({"title":"t","body":""})").is_error);
}

TEST_CASE("each server has its own notebook", "[notes]") {
  const auto one = notes_tools(test_instant);
  const auto other = notes_tools(test_instant);
  run(one, "add_note", R"({"title":"t","body":"b"})");
  CHECK(run(other, "list_notes", "{}").structured.at("count") == 0);
}

TEST_CASE("arguments are checked before the tool runs, all faults at once", "[notes]") {
  const auto tools = notes_tools(test_instant);
  const auto [tool, arguments, complaint] = GENERATE(table<std::string, std::string, std::string>({
      {"add_note", R"({"body":1,"tag":"x"})",
       "title is missing; body must be a string; tag is not a parameter of this tool"},
      {"add_note", R"({"title":"t","body":"b","tags":"x"})", "tags must be a list of strings"},
      {"add_note", R"({"title":"t","body":"b","tags":[1]})", "tags must be a list of strings"},
      {"delete_note", R"({"id":0})", "id must be at least 1"},
      {"delete_note", R"({"id":1.5})", "id must be an integer"},
      {"delete_note", R"({"id":1e300})", "id must be an integer"},
      {"delete_note", R"({"id":18446744073709551615})", "id must be an integer"},
      {"delete_note", R"({"id":null})", "id must be an integer"},
  }));
  const auto result = run(tools, tool, arguments);
  CHECK(result.is_error);
  CHECK(result.text == "Invalid arguments for " + tool + ": " + complaint + ".");
}

TEST_CASE("a whole number may be written as a fraction", "[notes]") {
  const auto tools = notes_tools(test_instant);
  run(tools, "add_note", R"({"title":"t","body":"b"})");
  CHECK_FALSE(run(tools, "delete_note", R"({"id":1.0})").is_error);
}
