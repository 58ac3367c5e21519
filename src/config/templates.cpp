#include "config/templates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/names.hpp"

namespace berth::config {
namespace {

constexpr std::array<std::string_view, 4> placeholders{"port", "host", "name", "url"};

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// The word of a `{word}` that `text` begins with; empty when it does not.
std::string_view braced_word(std::string_view text) {
  if (!text.starts_with('{')) return {};
  std::size_t end = 1;
  while (end < text.size() && is_word_character(text[end])) ++end;
  if (end == text.size() || text[end] != '}') return {};
  return text.substr(1, end - 1);
}

// The word of a `{{word}}` that `text` begins with.
std::string_view escaped_word(std::string_view text) {
  if (!text.starts_with("{{")) return {};
  const std::string_view word = braced_word(text.substr(1));
  if (word.empty() || !text.substr(word.size() + 3).starts_with('}')) return {};
  return word;
}

// Calls `plain(text)`, `escaped(word)` and `braced(word, offset)` for the parts of `text`, in order.
template <class Plain, class Escaped, class Braced>
void scan(std::string_view text, Plain plain, Escaped escaped, Braced braced) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t brace = std::min(text.find('{', at), text.size());
    plain(text.substr(at, brace - at));
    const std::string_view rest = text.substr(brace);
    if (const auto inner = escaped_word(rest); !inner.empty()) {
      escaped(inner);
      at = brace + inner.size() + 4;
    } else if (const auto word = braced_word(rest); !word.empty()) {
      braced(word, brace);
      at = brace + word.size() + 2;
    } else {
      plain(rest.substr(0, 1));
      at = brace + 1;
    }
  }
}

std::string value_of(std::string_view word, const LaunchValues& values) {
  if (word == "port") return std::to_string(values.port);
  if (word == "host") return values.host;
  if (word == "name") return values.name;
  if (word == "url") return values.url;
  return fmt::format("{{{}}}", word);
}

std::string_view nearest_placeholder(std::string_view word) {
  if (word.size() > 64) return placeholders.front();
  return *std::ranges::min_element(placeholders, {},
                                   [&](std::string_view known) { return edit_distance(word, known); });
}

}  // namespace

std::string fill(std::string_view text, const LaunchValues& values) {
  std::string result;
  scan(
      text, [&](std::string_view plain) { result += plain; },
      [&](std::string_view word) { result += fmt::format("{{{}}}", word); },
      [&](std::string_view word, std::size_t) { result += value_of(word, values); });
  return result;
}

std::string escape(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view word = braced_word(text.substr(at));
    if (word.empty()) {
      result += text[at++];
    } else {
      result += fmt::format("{{{{{}}}}}", word);
      at += word.size() + 2;
    }
  }
  return result;
}

std::optional<UnknownPlaceholder> unknown_placeholder(std::string_view text) {
  std::optional<UnknownPlaceholder> unknown;
  scan(
      text, [](std::string_view) {}, [](std::string_view) {},
      [&](std::string_view word, std::size_t offset) {
        if (unknown || std::ranges::find(placeholders, word) != placeholders.end()) return;
        unknown = UnknownPlaceholder{std::string(word), std::string(nearest_placeholder(word)), offset};
      });
  return unknown;
}

}  // namespace berth::config
