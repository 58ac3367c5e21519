// Counting and comparing: what a language model gets wrong when it does it by eye.
#include <array>

#include "line_diff.hpp"
#include "tools.hpp"

namespace harbour {
namespace {

constexpr std::size_t max_diff_lines = 2000;  // 16 MB of table, some 20 ms

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

ToolResult word_count(const Arguments& arguments) {
  const auto text = arguments.text("text");
  std::int64_t words = 0;
  std::int64_t characters = 0;
  bool in_word = false;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++characters;  // not a UTF-8 continuation byte
    if (!is_space(c) && !in_word) ++words;
    in_word = !is_space(c);
  }
  const auto lines = static_cast<std::int64_t>(split_lines(text).size());
  ToolResult result;
  result.text = std::to_string(words) + " words, " + std::to_string(characters) + " characters, " +
                std::to_string(lines) + " lines";
  result.structured["words"] = words;
  result.structured["characters"] = characters;
  result.structured["bytes"] = static_cast<std::int64_t>(text.size());
  result.structured["lines"] = lines;
  return result;
}

// U+00C0 to U+00FF, whose UTF-8 form is 0xC3 and a byte of 0x80 to 0xBF. Empty: not a letter.
constexpr std::array<std::string_view, 64> latin_letters{
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",  "i",   //
    "d", "n", "o", "o", "o", "o", "o",  "",  "o", "u", "u", "u", "u", "y", "th", "ss",  //
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",  "i",   //
    "d", "n", "o", "o", "o", "o", "o",  "",  "o", "u", "u", "u", "u", "y", "th", "y"};

std::string slug_of(std::string_view text) {
  std::string slug;
  bool gap = false;
  const auto add = [&slug, &gap](std::string_view letters) {
    if (gap && !slug.empty()) slug += '-';
    gap = false;
    slug += letters;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const char lower = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
      add(std::string_view(&lower, 1));
    } else if (byte == 0xC3U && i + 1 < text.size()) {
      const auto letters = latin_letters[static_cast<unsigned char>(text[++i]) & 0x3FU];
      letters.empty() ? void(gap = true) : add(letters);
    } else if (lower != '\'') {  // "don't" becomes "dont"
      gap = true;
    }
  }
  return slug;
}

ToolResult slugify(const Arguments& arguments) {
  auto slug = slug_of(arguments.text("text"));
  const auto limit = static_cast<std::size_t>(arguments.integer("max_length", 80));
  if (slug.size() > limit) {
    // Cut between words when there is a place for it.
    const auto last_gap = slug.rfind('-', limit);
    slug.resize(last_gap == std::string::npos ? limit : last_gap);
  }
  if (slug.empty()) return tool_error("The text holds no letter or digit that can stand in a slug.");
  ToolResult result;
  result.text = slug;
  result.structured["slug"] = slug;
  return result;
}

ToolResult diff(const Arguments& arguments) {
  const auto before = arguments.text("before");
  const auto after = arguments.text("after");
  const auto old_lines = split_lines(before);
  const auto new_lines = split_lines(after);
  if (old_lines.size() > max_diff_lines || new_lines.size() > max_diff_lines) {
    return tool_error("Each text may have at most " + std::to_string(max_diff_lines) + " lines.");
  }
  ToolResult result;
  std::int64_t added = 0;
  std::int64_t removed = 0;
  for (const auto& line : diff_lines(old_lines, new_lines)) {
    if (line.mark == '+') ++added;
    if (line.mark == '-') ++removed;
    result.text.append(1, line.mark).append(line.text).append("\n");
  }
  if (added + removed == 0) result.text = "The texts have the same lines.";
  result.structured["added"] = added;
  result.structured["removed"] = removed;
  result.structured["diff"] = added + removed == 0 ? std::string() : result.text;
  return result;
}

}  // namespace

ToolSet text_tools() {
  ToolSet set;
  set.name = "text";
  set.instructions = "Exact counts and comparisons of text; prefer them to counting by eye.";
  set.tools = {
      {.name = "word_count",
       .title = "Count words",
       .description = "Counts the words, characters (Unicode code points), bytes and lines of a text.",
       .parameters = {{"text", Kind::text, "The text to count"}},
       .output_schema =
           object_schema({{"words", "integer"}, {"characters", "integer"}, {"bytes", "integer"}, {"lines", "integer"}}),
       .run = word_count},
      {.name = "slugify",
       .title = "Make a slug",
       .description = "Turns a title into lower-case ASCII words joined by hyphens, fit for a URL or a file name. "
                      "Western European accents are spelled out.",
       .parameters = {{"text", Kind::text, "The title"},
                      {"max_length", Kind::integer, "Longest slug wanted (default 80)", false, 1, 1000}},
       .output_schema = object_schema({{"slug", "string"}}),
       .run = slugify},
      {.name = "diff_lines",
       .title = "Compare line by line",
       .description = "Compares two texts line by line: kept lines begin with a space, removed ones with a minus, "
                      "added ones with a plus.",
       .parameters = {{"before", Kind::text, "The old text"}, {"after", Kind::text, "The new text"}},
       .output_schema = object_schema({{"added", "integer"}, {"removed", "integer"}, {"diff", "string"}}),
       .run = diff},
  };
  return set;
}

}  // namespace harbour
