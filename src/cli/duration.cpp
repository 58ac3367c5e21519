#include <charconv>

#include "cli/context.hpp"
#include "config/units.hpp"

namespace berth::cli {

namespace {

std::optional<Milliseconds> parse(const std::string& text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool bare_number = error == std::errc{} && end == text.data() + text.size() && seconds >= 0 && seconds < 1e9;
  if (bare_number) return Milliseconds{static_cast<Milliseconds::rep>(seconds * 1000.0)};
  return config::parse_duration(text);
}

}  // namespace

std::string check_duration(const std::string& text) {
  return parse(text) ? "" : "`" + text + "` is no duration; write 30s, 1m30s or a number of seconds";
}

Milliseconds to_duration(const std::string& text) {
  return parse(text).value_or(Milliseconds{0});
}

}  // namespace berth::cli
