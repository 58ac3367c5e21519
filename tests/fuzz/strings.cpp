// The small languages inside the config's strings: variables, placeholders, durations, sizes, names.

#include <algorithm>
#include <array>
#include <cmath>

#include "config/names.hpp"
#include "config/secrets.hpp"
#include "config/templates.hpp"
#include "config/units.hpp"
#include "config/variables.hpp"
#include "fuzz/support.hpp"

namespace {

using namespace berth;
using fuzz::visible;

const config::LaunchValues values{50000, "127.0.0.1", "web", "http://127.0.0.1:50000/mcp"};

void check_templates(std::string_view text) {
  const std::string escaped = config::escape(text);
  FUZZ_CHECK(config::fill(escaped, values) == text, visible(escaped));
  FUZZ_CHECK(!config::unknown_placeholder(escaped), visible(escaped));
  if (text.find('{') == std::string_view::npos) FUZZ_CHECK(config::fill(text, values) == text, visible(text));
  if (const auto unknown = config::unknown_placeholder(text)) {
    FUZZ_CHECK(text.substr(unknown->offset).starts_with("{" + unknown->word + "}"), visible(text));
  }
}

void check_variables(std::string_view text, std::string_view value) {
  const config::Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
    if (name == "SET") return std::string(value);
    if (name == "EMPTY") return std::string();
    return std::nullopt;
  };
  const config::Expansion expansion = config::expand(text, lookup);
  for (const auto& use : expansion.used) FUZZ_CHECK(config::is_valid_variable(use.name), visible(use.name));
  for (const auto& problem : expansion.problems) FUZZ_CHECK(!problem.message.empty(), visible(text));
  if (text.find('$') == std::string_view::npos) {
    FUZZ_CHECK(expansion.plain == text && expansion.escaped == text && expansion.used.empty(), visible(text));
  }
  // Without a brace of the config's own there is no placeholder, whatever the variables hold; but a value that ends in
  // an open brace may become one with what follows it.
  const bool left_open =
      value.rfind('{') != std::string_view::npos && value.find('}', value.rfind('{')) == std::string_view::npos;
  bool own_brace = text.find("$${") != std::string_view::npos;
  for (std::size_t i = 0; i < text.size(); ++i) own_brace |= text[i] == '{' && (i == 0 || text[i - 1] != '$');
  if (!own_brace && !left_open)
    FUZZ_CHECK(config::fill(expansion.escaped, values) == expansion.plain, visible(expansion.escaped));
  // A text in which every dollar is doubled says what it says.
  const auto doubled = config::expand(fuzz::replaced(text, "$", "$$"), lookup);
  FUZZ_CHECK(doubled.plain == text && doubled.problems.empty() && doubled.used.empty(), visible(doubled.plain));
}

void check_units(std::string_view text) {
  if (const auto duration = config::parse_duration(text)) {
    FUZZ_CHECK(duration->count() >= 0 && *duration <= std::chrono::hours(24) * 36500, visible(text));
    FUZZ_CHECK(config::parse_duration(config::format_duration(*duration)) == duration, visible(text));
  }
  if (const auto size = config::parse_size(text)) {
    FUZZ_CHECK(*size <= std::uint64_t{1} << 53U, visible(text));
    FUZZ_CHECK(config::parse_size(std::to_string(*size) + "B") == size, visible(text));
  }
}

void check_names(std::string_view a, std::string_view b) {
  a = a.substr(0, 100);
  b = b.substr(0, 100);
  const unsigned distance = config::edit_distance(a, b);
  FUZZ_CHECK(distance == config::edit_distance(b, a), visible(a) + visible(b));
  FUZZ_CHECK(distance <= std::max(a.size(), b.size()), visible(a) + visible(b));
  FUZZ_CHECK(config::edit_distance(a, a) == 0, visible(a));
  static constexpr std::array<std::string_view, 4> known{"web", "database", "notes", "everything"};
  const std::string message = config::unknown_server(a, known);
  FUZZ_CHECK(!fuzz::has_control_characters(message), visible(message));
  FUZZ_CHECK(!fuzz::is_utf8(a) || fuzz::is_utf8(message), visible(message));
}

void check_secrets(std::string_view name, std::string_view value) {
  static_cast<void>(config::looks_secret(name));
  config::SecretValues secrets;
  secrets.add(value);
  const auto taken = secrets.take();
  for (const std::string& secret : taken) {
    FUZZ_CHECK(secret.size() >= 6 && value.find(secret) != std::string_view::npos, visible(secret));
  }
  // A line of output ends before its carriage return, wherever that came from.
  std::string_view line = value.substr(0, value.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  const bool plain = !line.ends_with('\r') && !line.ends_with(' ') && !line.starts_with(' ') && !line.starts_with('\t');
  if (plain && line.size() >= 6) {
    FUZZ_CHECK(std::ranges::find(taken, line) != taken.end(), visible(value));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  // The first line is also the value of a variable for the rest, and a name to compare it with.
  const std::string_view first = text.substr(0, text.find('\n'));
  const std::string_view rest = text.substr(std::min(first.size() + 1, text.size()));
  check_templates(text);
  check_variables(rest, first);
  check_units(text);
  check_names(first, rest);
  check_secrets(first, text);
  return 0;
}
