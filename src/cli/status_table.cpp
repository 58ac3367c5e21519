#include "cli/status_table.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <cstdio>
#include <vector>
#include "os/json_text.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

using Row = std::array<std::string, 8>;
constexpr std::size_t state_column = 1;
constexpr std::size_t detail_column = 7;
constexpr std::array<bool, 8> right_aligned{false, false, true, true, true, true, false, false};

std::string text(const json::value& value) {
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_null()) return "-";
  return os::json_text(value);
}

std::string last_exit(const json::value& exit) {
  if (!exit.is_object()) return "-";
  const auto& fields = exit.as_object();
  std::string how = fields.at("signal").is_string() ? text(fields.at("signal")) : "code " + text(fields.at("code"));
  return how + " " + text(fields.at("cause"));
}

Row row_of(const json::object& server) {
  const auto& uptime = server.at("uptime_s");
  return {text(server.at("name")),
          text(server.at("state")),
          text(server.at("pid")),
          text(server.at("port")),
          uptime.is_number() ? humane_duration(uptime.to_number<double>()) : "-",
          text(server.at("restarts")),
          last_exit(server.at("last_exit")),
          text(server.at("detail"))};
}

std::string_view colour_of(const std::string& state) {
  if (state == "ready") return "\x1b[32m";
  if (state == "failed" || state == "crashloop" || state == "unhealthy") return "\x1b[31m";
  if (state == "stopped" || state == "exited") return "\x1b[2m";
  return "\x1b[33m";
}

// Code points, which is what stands in names and messages; wide characters count as one.
std::size_t columns_of(const std::string& cell) {
  return static_cast<std::size_t>(
      std::count_if(cell.begin(), cell.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string cut(const std::string& cell, std::size_t columns) {
  if (columns_of(cell) <= columns) return cell;
  std::string out;
  std::size_t used = 0;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(cell[i]) & 0xC0U) != 0x80U;
    if (starts && ++used >= columns) break;
    out += cell[i];
  }
  return out + "…";
}

std::string padded(const std::string& cell, std::size_t columns, bool right) {
  const std::string padding(columns - std::min(columns, columns_of(cell)), ' ');
  return right ? padding + cell : cell + padding;
}

}  // namespace

std::string humane_duration(double seconds) {
  char out[32];
  constexpr double longest = 1e10;                         // a long holds it, and no clock says more
  seconds = seconds > 0 ? std::min(seconds, longest) : 0;  // also for NaN
  const auto whole = static_cast<long>(seconds);
  if (seconds < 10) {
    std::snprintf(out, sizeof(out), "%.1fs", seconds);
  } else if (whole < 60) {
    std::snprintf(out, sizeof(out), "%lds", whole);
  } else if (whole < 3600) {
    std::snprintf(out, sizeof(out), "%ldm%02lds", whole / 60, whole % 60);
  } else if (whole < 86400) {
    std::snprintf(out, sizeof(out), "%ldh%02ldm", whole / 3600, whole / 60 % 60);
  } else {
    std::snprintf(out, sizeof(out), "%ldd%02ldh", whole / 86400, whole / 3600 % 24);
  }
  return out;
}

namespace {

constexpr std::size_t least_detail = 24;
constexpr std::size_t shortest_name = 8;

// On a narrow terminal the columns that say least go first.
std::vector<std::size_t> columns_that_fit(const std::array<std::size_t, 8>& widths, std::size_t width) {
  std::vector<std::size_t> shown{0, 1, 2, 3, 4, 5, 6};
  for (const std::size_t expendable : {6U, 5U, 4U, 2U, 3U}) {
    std::size_t before_detail = 0;
    for (const std::size_t column : shown) before_detail += widths[column] + 2;
    if (width == 0 || before_detail + least_detail <= width) break;
    std::erase(shown, expendable);
  }
  return shown;
}

}  // namespace

std::string status_table(const json::array& servers, std::size_t width, bool colour) {
  std::vector<Row> rows{{"NAME", "STATE", "PID", "PORT", "UPTIME", "RESTARTS", "LAST EXIT", "DETAIL"}};
  for (const auto& server : servers) rows.push_back(row_of(server.as_object()));
  std::array<std::size_t, 8> widths{};
  for (std::size_t column = 0; column < detail_column; ++column) {
    for (const Row& row : rows) widths[column] = std::max(widths[column], columns_of(row[column]));
  }
  const auto shown = columns_that_fit(widths, width);
  std::size_t before_detail = 0;
  for (const std::size_t column : shown) before_detail += widths[column] + 2;
  if (width > 0 && before_detail > width) {  // nothing but a name is ever this long
    const std::size_t excess = before_detail - width;
    const std::size_t left = std::max<std::size_t>(widths[0], excess + shortest_name) - excess;
    before_detail -= widths[0] - left;
    widths[0] = left;
  }
  const std::size_t for_detail = width == 0 ? std::string::npos : width - std::min(width, before_detail);

  std::string out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const std::size_t column : shown) {
      const std::string cell = padded(cut(rows[i][column], widths[column]), widths[column], right_aligned[column]);
      const bool coloured = colour && column == state_column && i > 0;
      if (coloured) out += colour_of(rows[i][column]);
      out += cell;
      if (coloured) out += "\x1b[0m";
      out += "  ";
    }
    if (for_detail > 1) out += cut(rows[i][detail_column], for_detail);
    out += '\n';
  }
  return out;
}

}  // namespace berth::cli
