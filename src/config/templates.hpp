#pragma once
// `{port}`, `{host}`, `{name}` and `{url}` in `args` and `env`, filled in at each launch.

#include <berth/config.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace berth::config {

struct LaunchValues {
  Port port = 0;
  std::string host;
  std::string name;
  std::string url;
};

// `{{word}}` becomes `{word}`; braces that do not enclose a word of letters and underscores stay as they are.
// The text was checked by `unknown_placeholder` when the file was loaded, so this cannot fail.
std::string fill(std::string_view text, const LaunchValues& values);

// The text that `fill` turns back into `text`, whatever the values: for words that came out of a variable.
std::string escape(std::string_view text);

// The first `{word}` that is not a placeholder and not escaped, without its braces.
struct UnknownPlaceholder {
  std::string word;
  std::string nearest;     // of the four known names
  std::size_t offset = 0;  // bytes from the start of the text
};
std::optional<UnknownPlaceholder> unknown_placeholder(std::string_view text);

}  // namespace berth::config
