#include "cli/status_table.hpp"

#include <algorithm>
#include <array>
#include <boost/json/value.hpp>
#include <vector>

#include "core/utf8.hpp"
#include "os/json_text.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

using Row = std::array<std::string, 8>;
constexpr std::size_t state_column = 1;
constexpr std::size_t restarts_column = 5;
constexpr std::size_t detail_column = 7;
constexpr std::array<bool, 8> right_aligned{false, false, true, true, true, true, false, false};
constexpr std::size_t least_detail = 26;  // "http://127.0.0.1:50000/mcp"
constexpr std::size_t shortest_name = 8;
constexpr std::size_t longest_text = 4096;  // bytes

Row row_of(const json::object& server, const Glyphs* glyphs) {
  const auto& uptime = server.at("uptime_s");
  const std::string state = cell_text(server.at("state"));
  return {cell_text(server.at("name")),
          glyphs == nullptr ? state : std::string(glyphs->of(state)) + " " + state,
          cell_text(server.at("pid")),
          cell_text(server.at("port")),
          uptime.is_number() ? humane_duration(uptime.to_number<double>()) : "-",
          cell_text(server.at("restarts")),
          last_exit_text(server.at("last_exit")),
          cell_text(server.at("detail"))};
}

// On a narrow terminal the columns that say least go first.
std::vector<std::size_t> columns_that_fit(const std::array<std::size_t, 8>& widths, std::size_t width,
                                          std::size_t detail) {
  std::vector<std::size_t> shown{0, 1, 2, 3, 4, 5, 6};
  for (const std::size_t expendable : {6U, 2U, 5U, 4U, 3U}) {
    std::size_t before_detail = 0;
    for (const std::size_t column : shown) before_detail += widths[column] + 2;
    if (width == 0 || before_detail + std::min(detail, least_detail) <= width) break;
    std::erase(shown, expendable);
  }
  return shown;
}

std::string_view style_of(std::size_t column, const json::object& server) {
  if (column == state_column) return colour_of(server.at("state").as_string());
  const auto& restarts = server.at("restarts");
  if (column == restarts_column && restarts.is_number() && restarts.to_number<std::int64_t>() > 0) return style::yellow;
  return "";
}

std::string without_blanks_at_end(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::string cell_text(const json::value& value) {
  if (value.is_string()) return core::tame(std::string_view(value.as_string()), longest_text);
  if (value.is_null()) return "-";
  return os::json_text(value);
}

std::string last_exit_text(const json::value& last_exit) {
  if (!last_exit.is_object()) return "-";
  const auto& fields = last_exit.as_object();
  const std::string how =
      fields.at("signal").is_string() ? cell_text(fields.at("signal")) : "code " + cell_text(fields.at("code"));
  return how + " " + cell_text(fields.at("cause"));
}

std::string status_table(const json::array& servers, const TableLook& look) {
  const std::string_view mark = look.glyphs == nullptr ? "…" : look.glyphs->ellipsis;
  std::vector<Row> rows{{"NAME", "STATE", "PID", "PORT", "UPTIME", "RESTARTS", "LAST EXIT", "DETAIL"}};
  for (const auto& server : servers) rows.push_back(row_of(server.as_object(), look.glyphs));
  std::array<std::size_t, 8> widths{};
  for (std::size_t column = 0; column < widths.size(); ++column) {
    for (const Row& row : rows) widths[column] = std::max(widths[column], columns_of(row[column]));
  }
  const auto shown = columns_that_fit(widths, look.width, widths[detail_column]);
  std::size_t before_detail = 0;
  for (const std::size_t column : shown) before_detail += widths[column] + 2;
  if (look.width > 0 && before_detail > look.width) {  // nothing but a name is ever this long
    const std::size_t excess = before_detail - look.width;
    const std::size_t left = std::max<std::size_t>(widths[0], excess + shortest_name) - excess;
    before_detail -= widths[0] - left;
    widths[0] = left;
  }
  const std::size_t for_detail = look.width == 0 ? std::string::npos : look.width - std::min(look.width, before_detail);

  std::string out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string line;
    for (const std::size_t column : shown) {
      const std::string cell =
          padded(cut_to(rows[i][column], widths[column], mark), widths[column], right_aligned[column]);
      line += styled(cell, i == 0 ? "" : style_of(column, servers[i - 1].as_object()), look.colour) + "  ";
    }
    if (for_detail > 1) line += cut_to(rows[i][detail_column], for_detail, mark);
    line = without_blanks_at_end(std::move(line));
    out += (i == 0 ? styled(line, style::bold, look.colour) : line) + "\n";
  }
  return out;
}

}  // namespace berth::cli
