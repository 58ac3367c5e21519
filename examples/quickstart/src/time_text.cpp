#include "time_text.hpp"

#include <array>
#include <cstdint>

namespace harbour {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::month;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Reads from the front of a text; every step says whether it fitted.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }

  bool skip(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view digits() {
    return take([](char c) { return is_digit(c); });
  }
  std::string_view letters() {
    return take([](char c) { return c >= 'a' && c <= 'z'; });
  }

  // A number of exactly this many digits.
  std::optional<int> number(std::size_t width) {
    if (rest_.size() < width) return std::nullopt;
    Scanner field(rest_.substr(0, width));
    const auto text = field.digits();
    if (text.size() != width) return std::nullopt;
    rest_.remove_prefix(width);
    int value = 0;
    for (const char c : text) value = value * 10 + (c - '0');
    return value;
  }

 private:
  template <typename Wanted>
  std::string_view take(Wanted wanted) {
    std::size_t length = 0;
    while (length < rest_.size() && wanted(rest_[length])) ++length;
    const auto taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

  std::string_view rest_;
};

struct Unit {
  std::string_view name;
  milliseconds length;
};
constexpr std::array<Unit, 6> units{
    {{"w", days(7)}, {"d", days(1)}, {"h", hours(1)}, {"m", minutes(1)}, {"s", seconds(1)}, {"ms", milliseconds(1)}}};
constexpr milliseconds longest = days(3652425);  // 10 000 years

std::optional<milliseconds> scan_fraction(Scanner& scan) {
  const auto digits = scan.digits();
  if (digits.empty()) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < 3; ++i) value = value * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return milliseconds(value);
}

std::optional<minutes> scan_offset(Scanner& scan) {
  if (scan.skip("Zz")) return minutes(0);
  const bool negative = scan.skip("-");
  if (!negative && !scan.skip("+")) return std::nullopt;
  const auto hour = scan.number(2);
  scan.skip(":");
  const auto minute = scan.number(2);
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  const minutes offset = hours(*hour) + minutes(*minute);
  return negative ? -offset : offset;
}

std::optional<sys_days> scan_date(Scanner& scan) {
  const auto y = scan.number(4);
  if (!y || !scan.skip("-")) return std::nullopt;
  const auto m = scan.number(2);
  if (!m || !scan.skip("-")) return std::nullopt;
  const auto d = scan.number(2);
  if (!d) return std::nullopt;
  const year_month_day date{year(*y), month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date);
}

std::string padded(std::int64_t value, std::size_t width) {
  auto digits = std::to_string(value);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

std::string offset_text(minutes offset) {
  if (offset == minutes(0)) return "Z";
  const auto size = offset < minutes(0) ? -offset : offset;
  return (offset < minutes(0) ? "-" : "+") + padded(size.count() / 60, 2) + ":" + padded(size.count() % 60, 2);
}

}  // namespace

std::optional<minutes> parse_offset(std::string_view text) {
  Scanner scan(text);
  const auto offset = scan_offset(scan);
  return scan.at_end() ? offset : std::nullopt;
}

std::optional<Instant> parse_time(std::string_view text) {
  Scanner scan(text);
  const auto date = scan_date(scan);
  if (!date || !scan.skip("Tt ")) return std::nullopt;
  const auto hour = scan.number(2);
  if (!hour || !scan.skip(":")) return std::nullopt;
  const auto minute = scan.number(2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;

  milliseconds fine(0);
  if (scan.skip(":")) {
    const auto second = scan.number(2);
    if (!second || *second > 59) return std::nullopt;
    fine = seconds(*second);
    if (scan.skip(".")) {
      const auto fraction = scan_fraction(scan);
      if (!fraction) return std::nullopt;
      fine += *fraction;
    }
  }
  const auto offset = scan_offset(scan);
  if (!offset || !scan.at_end()) return std::nullopt;
  return Instant(*date) + hours(*hour) + minutes(*minute) + fine - *offset;
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  Scanner scan(text);
  const bool negative = scan.skip("-");
  if (!negative) scan.skip("+");
  if (scan.at_end()) return std::nullopt;

  milliseconds total(0);
  while (!scan.at_end()) {
    const auto digits = scan.digits();
    if (digits.empty() || digits.size() > 15) return std::nullopt;
    const std::int64_t count = std::stoll(std::string(digits));
    const auto name = scan.letters();
    const Unit* unit = nullptr;
    for (const auto& candidate : units) {
      if (candidate.name == name) unit = &candidate;
    }
    if (unit == nullptr || count > longest / unit->length) return std::nullopt;
    total += count * unit->length;
    if (total > longest) return std::nullopt;
    while (scan.skip(" ")) continue;
  }
  return negative ? -total : total;
}

std::string format_time(Instant time, minutes offset) {
  const auto local = time + offset;
  const auto midnight = floor<days>(local);
  const year_month_day date(midnight);
  const auto of_day = (local - midnight).count();
  return padded(int(date.year()), 4) + "-" + padded(unsigned(date.month()), 2) + "-" + padded(unsigned(date.day()), 2) +
         "T" + padded(of_day / 3600000, 2) + ":" + padded(of_day / 60000 % 60, 2) + ":" +
         padded(of_day / 1000 % 60, 2) + "." + padded(of_day % 1000, 3) + offset_text(offset);
}

std::string format_duration(milliseconds duration) {
  std::string text = duration < milliseconds(0) ? "-" : "";
  auto left = duration < milliseconds(0) ? -duration : duration;
  for (const auto& unit : units) {
    if (unit.name == "w") continue;  // "9d" reads better than "1w2d"
    const auto count = left / unit.length;
    left %= unit.length;
    if (count != 0) text += std::to_string(count) + std::string(unit.name);
  }
  return duration == milliseconds(0) ? "0s" : text;
}

bool is_writable(Instant time) {
  constexpr Instant first = sys_days(year(0) / 1 / 2);
  constexpr Instant last = sys_days(year(9999) / 12 / 31);
  return time >= first && time < last;
}

std::string_view weekday_name(Instant time) {
  constexpr std::array<std::string_view, 7> names{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                  "Thursday", "Friday", "Saturday"};
  return names[std::chrono::weekday(floor<days>(time)).c_encoding() % 7];
}

}  // namespace harbour
