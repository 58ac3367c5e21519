#include "config/values.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "config/accounts.hpp"
#include "config/headers.hpp"
#include "config/names.hpp"
#include "config/pattern_check.hpp"
#include "config/signals.hpp"
#include "config/units.hpp"
#include "core/words.hpp"

namespace berth::config {
namespace {

constexpr int highest_port = 65535;

// What came out of a variable may be a secret.
std::string shown_value(const Node& node) {
  return node.expanded ? "what its variable holds" : shown(node.string);
}

std::string subject(const Field& field) {
  return shown(spoken_name(field));
}

void wrong_type(const Field& field, const Node& node, Report& report, std::string_view wanted, std::string hint = "") {
  report.error(node.at, fmt::format("{} must be {}, not {}", subject(field), wanted, describe(node.type)),
               std::move(hint));
}

void wrong_value(const Field& field, const Node& node, Report& report, std::string_view wanted, std::string hint = "") {
  report.error(node.at, fmt::format("{} must be {}, not {}", subject(field), wanted, shown_value(node)),
               std::move(hint));
}

// A string whose value is known; else it has been reported, here or before.
bool is_text(const Field& field, const Node& node, Report& report, std::string_view wanted, std::string hint = "") {
  if (!node.is(Node::Type::string)) {
    wrong_type(field, node, report, wanted, std::move(hint));
    return false;
  }
  return !node.unknown;
}

// How a bare value is turned into the string that was asked for.
std::string in_quotes(const Node& node, std::string_view unit) {
  if (node.is(Node::Type::integer)) return fmt::format("write \"{}{}\"", node.integer, unit);
  if (node.is(Node::Type::boolean) && unit.empty()) return fmt::format("write \"{}\"", node.boolean);
  return "";
}

std::string range_text(const Field& field) {
  return fmt::format("from {} to {}", field.least, field.most);
}

std::string choices_text(const Field& field) {
  std::string text = "one of ";
  for (const std::string_view choice : field.choices) {
    if (choice != field.choices.front()) text += ", ";
    text += fmt::format("\"{}\"", choice);
  }
  return text;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view near = nearest(word, candidates);
  return near.empty() ? "" : fmt::format("did you mean \"{}\"?", near);
}

// The chosen word; empty when it is none of them.
std::string_view read_choice(const Field& field, const Node& node, Report& report) {
  const std::string wanted = choices_text(field);
  if (!is_text(field, node, report, wanted)) return {};
  const auto found = std::ranges::find(field.choices, node.string);
  if (found != field.choices.end()) return *found;
  const bool other_probe = node.string == "mcp";
  wrong_value(field, node, report, wanted, other_probe ? "a periodic handshake harms real servers" : "");
  return {};
}

// Paths and hosts end up in URLs and request lines.
bool has_blank(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; });
}

bool is_host(std::string_view text) {
  return !text.empty() && !has_blank(text) && text.find_first_of("/[]@?#\"\\") == std::string_view::npos;
}

bool is_loopback(const std::string& text) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, text.c_str(), &address) == 1) return IN6_IS_ADDR_LOOPBACK(&address);
  in_addr old{};
  return ::inet_pton(AF_INET, text.c_str(), &old) == 1 && (ntohl(old.s_addr) >> 24U) == 127;
}

void unknown_account(const Field& field, const Node& node, Report& report, const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  report.error(node.at,
               fmt::format("{} must be a {} of this machine, not {}", subject(field), field.key, shown_value(node)),
               node.expanded ? "" : did_you_mean(node.string, names));
}

bool check_text(const Field& field, const Node& node, Report& report) {
  const std::string& text = node.string;
  switch (field.kind) {
    case Kind::name:
      if (is_valid_name(text)) return true;
      wrong_value(field, node, report, name_rule);
      return false;
    case Kind::url_path:
      if (text.starts_with('/') && !has_blank(text)) return true;
      wrong_value(field, node, report, "a path without spaces that begins with /");
      return false;
    case Kind::host:
      if (is_host(text)) return true;
      wrong_value(field, node, report, "a host name or address", "without scheme and brackets, like \"127.0.0.1\"");
      return false;
    case Kind::loopback:
      if (is_loopback(text)) return true;
      wrong_value(field, node, report, "a loopback address, \"127.0.0.1\" or \"::1\"",
                  "metrics are for this machine alone; let a proxy that checks who asks serve them to others");
      return false;
    case Kind::user:
      if (is_user(text)) return true;
      unknown_account(field, node, report, users());
      return false;
    case Kind::group:
      if (is_group(text)) return true;
      unknown_account(field, node, report, groups());
      return false;
    default:
      if (!text.empty()) return true;
      report.error(node.at, subject(field) + " must not be empty");
      return false;
  }
}

bool is_secret_name(std::string_view name) {
  return is_http_token(name) && name.find_first_of("!#$%&'*+.^`|~") == std::string_view::npos;
}

bool check_item(const Field& field, const Node& item, Report& report) {
  if (field.kind == Kind::secret_names && !is_secret_name(item.string)) {
    report.error(
        item.at,
        fmt::format("{} in {} is not a name of an environment variable or header", shown_value(item), subject(field)),
        "letters, digits, `_` and `-`");
    return false;
  }
  if (field.kind == Kind::variables && !is_valid_variable(item.string)) {
    report.error(item.at,
                 fmt::format("{} in {} is not a name of an environment variable", shown_value(item), subject(field)),
                 "letters, digits and `_`, not a digit first");
    return false;
  }
  if (field.kind == Kind::patterns) {
    if (const auto error = pattern_error(item.string)) {
      report.error(item.at,
                   fmt::format("{} in {} is not a regular expression: {}", shown_value(item), subject(field), *error));
      return false;
    }
  }
  return true;
}

// The items of a list, or nothing after a report.
const std::vector<Node>* items_of(const Field& field, const Node& node, Report& report, std::string_view wanted) {
  if (node.is(Node::Type::array)) return &node.items;
  std::string hint;
  if (node.is(Node::Type::string)) hint = "put it into brackets: [\"…\"]";
  wrong_type(field, node, report, wanted, std::move(hint));
  return nullptr;
}

bool is_port(std::int64_t number) {
  return number >= 1 && number <= highest_port;
}

// Within the range of its field.
std::optional<std::int64_t> whole_number(const Field& field, const Node& node, Report& report) {
  if (!node.is(Node::Type::integer)) {
    wrong_type(field, node, report, fmt::format("a whole number {}", range_text(field)));
    return std::nullopt;
  }
  const auto value = static_cast<double>(node.integer);
  if (value >= field.least && value <= field.most) return node.integer;
  report.error(node.at, fmt::format("{} must be {}, not {}", subject(field), range_text(field), node.integer));
  return std::nullopt;
}

// A number that came out of a variable is a string; it is meant as a number all the same.
std::optional<std::int64_t> port_from_variable(const Node& node) {
  if (!node.expanded) return std::nullopt;
  std::int64_t number = 0;
  const char* end = node.string.data() + node.string.size();
  const auto [stop, error] = std::from_chars(node.string.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

}  // namespace

void read_value(const Field& field, const Node& node, Report& report, bool& out) {
  if (!node.is(Node::Type::boolean)) return wrong_type(field, node, report, "true or false");
  out = node.boolean;
}

void read_value(const Field& field, const Node& node, Report& report, unsigned& out) {
  if (const auto number = whole_number(field, node, report)) out = static_cast<unsigned>(*number);
}

void read_value(const Field& field, const Node& node, Report& report, std::optional<unsigned>& out) {
  if (const auto number = whole_number(field, node, report)) out = static_cast<unsigned>(*number);
}

void read_value(const Field& field, const Node& node, Report& report, std::optional<int>& out) {
  if (const auto number = whole_number(field, node, report)) out = static_cast<int>(*number);
}

void read_value(const Field& field, const Node& node, Report& report, double& out) {
  const bool whole = node.is(Node::Type::integer);
  if (!whole && !node.is(Node::Type::floating)) {
    return wrong_type(field, node, report, fmt::format("a number {}", range_text(field)));
  }
  const double value = whole ? static_cast<double>(node.integer) : node.floating;
  if (!(value >= field.least && value <= field.most)) {  // so that NaN fails
    return report.error(node.at, fmt::format("{} must be {}, not {}", subject(field), range_text(field), value));
  }
  out = value;
}

void read_value(const Field& field, const Node& node, Report& report, Milliseconds& out) {
  constexpr std::string_view wanted = "a duration like \"30s\"";
  if (!is_text(field, node, report, wanted, in_quotes(node, "s"))) return;
  const auto duration = parse_duration(node.string);
  if (!duration)
    return wrong_value(field, node, report, wanted, "numbers with the units ms, s, m, h, d, at most 36500d");
  if (static_cast<double>(duration->count()) < field.least) {
    return report.error(node.at, subject(field) + " must be more than zero");
  }
  out = *duration;
}

void read_value(const Field& field, const Node& node, Report& report, std::uint64_t& out) {
  constexpr std::string_view wanted = "a size like \"10MiB\"";
  if (!is_text(field, node, report, wanted, in_quotes(node, "B"))) return;
  const auto size = parse_size(node.string);
  if (!size)
    return wrong_value(field, node, report, wanted, "a number with one of the units B, KB, MB, GB, KiB, MiB, GiB");
  if (static_cast<double>(*size) < field.least) {
    const auto least = static_cast<std::uint64_t>(field.least);
    return report.error(node.at, subject(field) + (least == 1 ? " must be more than zero"
                                                              : " must be at least " + core::size_text(least)));
  }
  out = *size;
}

void read_value(const Field& field, const Node& node, Report& report, std::optional<std::uint64_t>& out) {
  std::uint64_t size = 0;
  read_value(field, node, report, size);
  if (size > 0) out = size;
}

void read_value(const Field& field, const Node& node, Report& report, int& out) {
  constexpr std::string_view wanted = "a signal like \"SIGTERM\"";
  if (!is_text(field, node, report, wanted)) return;
  const auto number = signal_number(node.string);
  if (!number) return wrong_value(field, node, report, wanted, did_you_mean(node.string, signal_names()));
  out = *number;
}

void read_value(const Field& field, const Node& node, Report& report, std::string& out) {
  // A server's name is that of its log too, so a disabled one cannot leave it open.
  const bool open_name = field.kind == Kind::name && node.unknown;
  if ((is_text(field, node, report, "a string") || open_name) && !check_text(field, node, report)) return;
  // What a disabled server leaves open is kept as it was written.
  if (node.is(Node::Type::string)) out = node.string;
}

void read_value(const Field& field, const Node& node, Report& report, Probe& out) {
  static constexpr std::array<std::pair<std::string_view, Probe>, 4> probes{
      {{"none", Probe::none}, {"listen", Probe::listen}, {"http", Probe::http}, {"mcp", Probe::mcp}}};
  const std::string_view word = read_choice(field, node, report);
  for (const auto& [name, probe] : probes) {
    if (name == word) out = probe;
  }
}

void read_value(const Field& field, const Node& node, Report& report, RestartPolicy& out) {
  const std::string_view word = read_choice(field, node, report);
  if (word == "always") out = RestartPolicy::always;
  if (word == "on-failure") out = RestartPolicy::on_failure;
  if (word == "never") out = RestartPolicy::never;
}

void read_value(const Field& field, const Node& node, Report& report, LogFormat& out) {
  const std::string_view word = read_choice(field, node, report);
  if (word == "text") out = LogFormat::text;
  if (word == "json") out = LogFormat::json;
}

void read_value(const Field& field, const Node& node, Report& report, LogLevel& out) {
  const std::string_view word = read_choice(field, node, report);
  if (word == "debug") out = LogLevel::debug;
  if (word == "info") out = LogLevel::info;
  if (word == "warn") out = LogLevel::warn;
  if (word == "error") out = LogLevel::error;
}

void read_value(const Field& field, const Node& node, Report& report, std::optional<Port>& out) {
  constexpr std::string_view wanted = "\"auto\" or a number from 1 to 65535";
  std::optional<std::int64_t> number;
  if (node.is(Node::Type::integer)) {
    number = node.integer;
  } else {
    if (!is_text(field, node, report, wanted)) return;
    if (node.string == "auto") return out.reset();
    number = port_from_variable(node);
    if (!number) return wrong_value(field, node, report, wanted);
  }
  if (!is_port(*number)) {
    return report.error(node.at, fmt::format("{} must be {}, not {}", subject(field), wanted, *number));
  }
  out = static_cast<Port>(*number);
}

void read_value(const Field& field, const Node& node, Report& report, PortRange& out) {
  constexpr std::string_view wanted = "two ports, [first, last]";
  const auto* items = items_of(field, node, report, wanted);
  if (items == nullptr) return;
  if (items->size() != 2) {
    return report.error(node.at, fmt::format("{} must be {}, not {} values", subject(field), wanted, items->size()));
  }
  bool good = true;
  for (const Node& item : *items) {
    if (!item.is(Node::Type::integer)) {
      wrong_type(field, item, report, wanted);
      good = false;
    } else if (!is_port(item.integer)) {
      report.error(item.at, fmt::format("a port must be from 1 to {}, not {}", highest_port, item.integer));
      good = false;
    }
  }
  if (!good) return;
  const PortRange range{static_cast<Port>((*items)[0].integer), static_cast<Port>((*items)[1].integer)};
  if (range.first > range.last) {
    return report.error(
        node.at, fmt::format("{} ends before it begins: {} is more than {}", subject(field), range.first, range.last));
  }
  out = range;
}

void read_value(const Field& field, const Node& node, Report& report, std::vector<int>& out) {
  constexpr std::string_view wanted = "a list of numbers from 0 to 255";
  const auto* items = items_of(field, node, report, wanted);
  if (items == nullptr) return;
  std::vector<int> codes;
  for (const Node& item : *items) {
    if (!item.is(Node::Type::integer)) {
      wrong_type(field, item, report, wanted);
    } else if (item.integer < 0 || item.integer > 255) {
      report.error(item.at, fmt::format("an exit code is from 0 to 255, not {}", item.integer));
    } else {
      codes.push_back(static_cast<int>(item.integer));
    }
  }
  out = std::move(codes);
}

void read_value(const Field& field, const Node& node, Report& report, std::vector<std::string>& out) {
  constexpr std::string_view wanted = "a list of strings";
  const auto* items = items_of(field, node, report, wanted);
  if (items == nullptr) return;
  std::vector<std::string> texts;
  for (const Node& item : *items) {
    if (!item.is(Node::Type::string)) {
      wrong_type(field, item, report, wanted, in_quotes(item, ""));
    } else if (item.unknown || check_item(field, item, report)) {
      texts.push_back(item.string);
    }
  }
  out = std::move(texts);
}

void read_value(const Field& field, const Node& node, Report& report, EnvironmentList& out) {
  if (field.kind == Kind::headers) return read_headers(field, node, report, out);
  if (!node.is(Node::Type::table)) {
    return wrong_type(field, node, report, "a table of strings", "like { LOG_LEVEL = \"info\" }");
  }
  EnvironmentList list;
  for (const Entry& entry : node.entries) {
    if (!is_valid_variable(entry.key)) {
      report.error(entry.at, fmt::format("{} is not a name of an environment variable", shown(entry.key)),
                   "letters, digits and `_`, not a digit first");
    } else if (!entry.value.is(Node::Type::string)) {
      report.error(entry.value.at,
                   fmt::format("{} in {} must be a string, not {}", shown(entry.key), subject(field),
                               describe(entry.value.type)),
                   in_quotes(entry.value, ""));
    } else {
      list.emplace_back(entry.key, entry.value.string);
    }
  }
  out = std::move(list);
}

}  // namespace berth::config
