#include "app/prometheus_text.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace berth::app {

namespace {

void escape(std::string& out, std::string_view text, bool quote) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (c == '"' && quote)) out += '\\';
    out += c;
  }
}

// The shortest that is read as the same number; "+Inf" and "NaN" as the format wants them.
std::string_view digits(double value, std::array<char, 32>& room) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

}  // namespace

void PrometheusText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += "# HELP ";
  text_ += name;
  text_ += ' ';
  escape(text_, help, false);
  text_ += "\n# TYPE ";
  text_ += name;
  text_ += ' ';
  text_ += type;
  text_ += '\n';
}

void PrometheusText::name_and_labels(std::string_view suffix, Labels labels, std::string_view bound) {
  text_ += name_;
  text_ += suffix;
  char separator = '{';
  const auto label = [&](std::string_view name, std::string_view value) {
    text_ += std::exchange(separator, ',');
    text_ += name;
    text_ += "=\"";
    escape(text_, value, true);
    text_ += '"';
  };
  for (const auto& [name, value] : labels) label(name, value);
  if (!bound.empty()) label("le", bound);
  if (separator == ',') text_ += '}';
  text_ += ' ';
}

void PrometheusText::number(double value) {
  std::array<char, 32> room{};
  text_ += digits(value, room);
  text_ += '\n';
}

void PrometheusText::number(std::uint64_t value) {
  std::array<char, 20> room{};
  text_.append(room.data(), std::to_chars(room.data(), room.data() + room.size(), value).ptr);
  text_ += '\n';
}

void PrometheusText::sample(Labels labels, double value) {
  name_and_labels("", labels);
  number(value);
}

void PrometheusText::sample(Labels labels, std::uint64_t value) {
  name_and_labels("", labels);
  number(value);
}

void PrometheusText::sample(Labels labels, const core::Histogram& value) {
  std::uint64_t so_far = 0;
  std::array<char, 32> room{};
  for (std::size_t i = 0; i < value.bounds().size(); ++i) {
    so_far += value.counts()[i];
    name_and_labels("_bucket", labels, digits(value.bounds()[i], room));
    number(so_far);
  }
  so_far += value.counts().back();
  name_and_labels("_bucket", labels, "+Inf");
  number(so_far);
  name_and_labels("_sum", labels);
  number(value.sum());
  name_and_labels("_count", labels);
  number(so_far);
}

}  // namespace berth::app
