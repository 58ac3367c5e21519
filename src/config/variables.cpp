#include "config/variables.hpp"

#include <algorithm>
#include <utility>

#include "config/names.hpp"
#include "config/templates.hpp"

namespace berth::config {
namespace {

constexpr unsigned max_depth = 16;
constexpr std::string_view variable_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

class Expander {
 public:
  explicit Expander(const Lookup& lookup) : lookup_(lookup) {}

  void run(std::string_view text, unsigned depth) {
    while (!text.empty()) {
      const auto dollar = text.find('$');
      written(text.substr(0, dollar));
      if (dollar == std::string_view::npos) return;
      text.remove_prefix(dollar);
      if (text.starts_with("$$")) {
        text.remove_prefix(escaped_dollar(text));
      } else if (text.starts_with("${")) {
        text.remove_prefix(variable(text, depth));
      } else {
        written("$");
        text.remove_prefix(1);
      }
    }
  }

  Expansion take() { return std::move(result_); }

 private:
  // Words of the config itself: `{port}` in them is a placeholder.
  void written(std::string_view text) {
    result_.plain += text;
    result_.escaped += text;
  }

  // Words that are to arrive as they are.
  void literal(std::string_view text) {
    result_.plain += text;
    result_.escaped += escape(text);
  }

  // `$$`, and with it a `{X}` that follows: `$${X}` is for the child's shell. Returns the bytes that it took.
  std::size_t escaped_dollar(std::string_view text) {
    std::size_t end = 2;
    if (text.substr(end).starts_with('{')) {
      const std::size_t close = std::min(text.find_first_not_of(variable_characters, 3), text.size());
      if (text.substr(close).starts_with('}')) end = close + 1;
    }
    literal(text.substr(1, end - 1));
    return end;
  }

  static std::size_t matching_brace(std::string_view text) {
    unsigned open = 0;
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == '{') ++open;
      if (text[i] == '}' && --open == 0) return i;
    }
    return std::string_view::npos;
  }

  std::size_t malformed(std::string_view written_text, std::string message) {
    result_.problems.push_back({false, std::move(message), "write $$ for a plain $"});
    literal(written_text);
    return written_text.size();
  }

  // `text` begins with `${`. Returns the bytes that it took.
  std::size_t variable(std::string_view text, unsigned depth) {
    const auto close = matching_brace(text);
    if (close == std::string_view::npos) return malformed(text, "`${` without its `}`");
    const std::string_view whole = text.substr(0, close + 1);
    const std::string_view body = text.substr(2, close - 2);
    const auto name_end = body.find(":-");
    const std::string_view name = body.substr(0, name_end);
    if (!is_valid_variable(name)) return malformed(whole, shown(whole) + " is neither ${VAR} nor ${VAR:-default}");
    if (depth >= max_depth) return malformed(whole, "variables nested too deeply");

    const auto value = lookup_(name);
    if (name_end != std::string_view::npos && (!value || value->empty())) {
      use_default(name, body.substr(name_end + 2), depth);
    } else if (value) {
      result_.used.push_back({std::string(name), *value});
      literal(*value);
    } else {
      unset(name, whole);
    }
    return whole.size();
  }

  void use_default(std::string_view name, std::string_view text, unsigned depth) {
    const std::size_t start = result_.plain.size();
    run(text, depth + 1);
    result_.used.push_back({std::string(name), result_.plain.substr(start)});
  }

  void unset(std::string_view name, std::string_view whole) {
    const std::string variable(name);
    result_.problems.push_back({true, "`${" + variable + "}` is not set",
                                "set it in the environment or in env_file, or write ${" + variable + ":-default}"});
    literal(whole);
  }

  const Lookup& lookup_;
  Expansion result_;
};

}  // namespace

Expansion expand(std::string_view text, const Lookup& lookup) {
  Expander expander(lookup);
  expander.run(text, 0);
  return expander.take();
}

}  // namespace berth::config
