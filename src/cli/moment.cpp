#include "cli/moment.hpp"

#include <cmath>
#include <cstdio>

#include "cli/context.hpp"
#include "os/clock.hpp"

namespace berth::cli {

namespace {

// Fixed width, digits only.
std::optional<int> number(const std::string& text, std::size_t at, std::size_t width) {
  if (at + width > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = at; i < at + width; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

bool has(const std::string& text, std::size_t at, const char* some) {
  return at < text.size() && std::string_view(some).find(text[at]) != std::string_view::npos;
}

}  // namespace

std::optional<std::chrono::sys_time<std::chrono::milliseconds>> parse_time(const std::string& text) {
  using namespace std::chrono;
  const auto years = number(text, 0, 4);
  const auto months = number(text, 5, 2);
  const auto of_month = number(text, 8, 2);
  if (!years || !months || !of_month || !has(text, 4, "-") || !has(text, 7, "-")) return std::nullopt;
  const year_month_day date{year(*years), month(static_cast<unsigned>(*months)), day(static_cast<unsigned>(*of_month))};
  if (!date.ok()) return std::nullopt;
  sys_time<milliseconds> time = sys_days(date);
  if (text.size() == 10) return time;
  const auto hour = number(text, 11, 2);
  const auto minute = number(text, 14, 2);
  const auto second = number(text, 17, 2);
  if (!has(text, 10, "Tt ") || !has(text, 13, ":") || !has(text, 16, ":")) return std::nullopt;
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  time += hours(*hour) + minutes(*minute) + seconds(*second);
  std::size_t at = 19;
  if (has(text, at, ".")) {
    int scale = 100;
    for (++at; has(text, at, "0123456789"); ++at, scale /= 10) time += milliseconds((text[at] - '0') * scale);
    if (text[at - 1] == '.') return std::nullopt;
  }
  if (at == text.size()) return time;
  if (has(text, at, "Zz")) return at + 1 == text.size() ? std::optional(time) : std::nullopt;
  const auto away_hours = number(text, at + 1, 2);
  const auto away_minutes = number(text, at + 4, 2);
  if (!has(text, at, "+-") || !away_hours || !has(text, at + 3, ":") || !away_minutes || at + 6 != text.size()) {
    return std::nullopt;
  }
  const auto away = hours(*away_hours) + minutes(*away_minutes);
  return text[at] == '+' ? time - away : time + away;
}

std::string check_moment(const std::string& text) {
  if (check_duration(text).empty() || parse_time(text)) return "";
  return "`" + text + "` is no time; write 10m, 1h30m, 2026-11-21T10:00:00Z or 2026-11-21";
}

std::string to_moment(const std::string& text) {
  if (const auto time = parse_time(text)) return os::timestamp(*time);
  return os::timestamp(std::chrono::system_clock::now() - to_duration(text));
}

}  // namespace berth::cli
