// A notebook in memory: it shows a server with state, and that a restart loses what is not written down.
#include <algorithm>
#include <map>
#include <memory>

#include "time_text.hpp"
#include "tools.hpp"

namespace harbour {
namespace {

constexpr std::size_t max_notes = 1000;
constexpr std::size_t max_note_size = 64 * 1024;

struct Note {
  std::string title;
  std::string body;
  std::vector<std::string> tags;
  std::string created;
};

struct Notebook {
  std::map<std::int64_t, Note> notes;
  std::int64_t last_id = 0;  // never given twice, so that an id cannot come to mean another note
};

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool contains_folded(const std::string& text, const std::string& lower_needle) {
  return lower_case(text).find(lower_needle) != std::string::npos;
}

json::object as_json(std::int64_t id, const Note& note) {
  json::object entry;
  entry["id"] = id;
  entry["title"] = note.title;
  entry["body"] = note.body;
  auto& tags = entry["tags"].emplace_array();
  for (const auto& tag : note.tags) tags.emplace_back(tag);
  entry["created"] = note.created;
  return entry;
}

// The notes for which `wanted` holds, newest first.
template <typename Wanted>
ToolResult select(const Notebook& book, Wanted wanted) {
  json::array found;
  ToolResult result;
  for (auto entry = book.notes.rbegin(); entry != book.notes.rend(); ++entry) {
    const auto& [id, note] = *entry;
    if (!wanted(note)) continue;
    found.emplace_back(as_json(id, note));
    result.text += "#" + std::to_string(id) + " " + note.title + "\n" + note.body + "\n\n";
  }
  if (found.empty()) result.text = "No such note.";
  result.structured["count"] = static_cast<std::int64_t>(found.size());
  result.structured["notes"] = std::move(found);
  return result;
}

ToolResult add_note(Notebook& book, Instant time, const Arguments& arguments) {
  Note note{arguments.text("title"), arguments.text("body"), arguments.list("tags"), format_time(time)};
  std::size_t size = note.title.size() + note.body.size();
  for (const auto& tag : note.tags) size += tag.size();
  if (note.title.empty()) return tool_error("title must not be empty.");
  if (size > max_note_size) return tool_error("A note may have at most 64 KiB.");
  if (book.notes.size() >= max_notes) return tool_error("The notebook is full (1000 notes): delete some first.");
  const auto id = ++book.last_id;
  ToolResult result;
  result.text = "Added note #" + std::to_string(id) + ".";
  result.structured["id"] = id;
  result.structured["created"] = note.created;
  book.notes.emplace(id, std::move(note));
  return result;
}

ToolResult list_notes(const Notebook& book, const Arguments& arguments) {
  const auto tag = arguments.text("tag");
  return select(book, [&tag](const Note& note) {
    return tag.empty() || std::find(note.tags.begin(), note.tags.end(), tag) != note.tags.end();
  });
}

ToolResult search_notes(const Notebook& book, const Arguments& arguments) {
  const auto query = lower_case(arguments.text("query"));
  if (query.empty()) return tool_error("query must not be empty.");
  return select(book, [&query](const Note& note) {
    return contains_folded(note.title, query) || contains_folded(note.body, query) ||
           std::any_of(note.tags.begin(), note.tags.end(),
                       [&query](const std::string& tag) { return contains_folded(tag, query); });
  });
}

ToolResult delete_note(Notebook& book, const Arguments& arguments) {
  const auto id = arguments.integer("id", 0);
  if (book.notes.erase(id) == 0) return tool_error("There is no note #" + std::to_string(id) + ".");
  ToolResult result;
  result.text = "Deleted note #" + std::to_string(id) + ".";
  result.structured["deleted"] = id;
  return result;
}

json::object notes_schema() {
  auto note = object_schema(
      {{"id", "integer"}, {"title", "string"}, {"body", "string"}, {"tags", "array"}, {"created", "string"}});
  return list_schema("notes", std::move(note));
}

}  // namespace

ToolSet notes_tools(Clock clock) {
  const auto book = std::make_shared<Notebook>();
  ToolSet set;
  set.name = "notes";
  set.instructions = "A notebook shared by all clients of this server. It lives in memory: a restart empties it.";
  set.tools = {
      {.name = "add_note",
       .title = "Add a note",
       .description = "Stores a note and answers with its id.",
       .parameters = {{"title", Kind::text, "One line"},
                      {"body", Kind::text, "The note itself"},
                      {"tags", Kind::text_list, "Words to find it by", false}},
       .output_schema = object_schema({{"id", "integer"}, {"created", "string"}}),
       .run = [book, clock = std::move(clock)](const Arguments& a) { return add_note(*book, clock(), a); },
       .read_only = false},
      {.name = "list_notes",
       .title = "List notes",
       .description = "All notes, newest first, or those with a tag.",
       .parameters = {{"tag", Kind::text, "Only notes with exactly this tag", false}},
       .output_schema = notes_schema(),
       .run = [book](const Arguments& a) { return list_notes(*book, a); }},
      {.name = "search_notes",
       .title = "Search notes",
       .description = "Notes whose title, body or tags hold the query, upper and lower case alike; newest first.",
       .parameters = {{"query", Kind::text, "What to look for"}},
       .output_schema = notes_schema(),
       .run = [book](const Arguments& a) { return search_notes(*book, a); }},
      {.name = "delete_note",
       .title = "Delete a note",
       .description = "Deletes one note for good.",
       .parameters = {{"id", Kind::integer, "The note's id, as add_note gave it", true, 1}},
       .output_schema = object_schema({{"deleted", "integer"}}),
       .run = [book](const Arguments& a) { return delete_note(*book, a); },
       .read_only = false},
  };
  return set;
}

}  // namespace harbour
