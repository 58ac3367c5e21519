#include "cli/watch_screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cmath>

#include "cli/help.hpp"
#include "cli/status_table.hpp"
#include "cli/text_width.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t spark_columns = 8;
constexpr std::size_t rows_above = 3;  // title, a blank line, names of the columns
constexpr std::size_t least_list = 4;  // rows, below which the panel goes
constexpr std::size_t panel_rows = 6;  // a line and five facts
constexpr std::size_t least_detail = 30;
constexpr std::size_t gap = 2;

struct Column {
  std::string_view title;
  bool right = false;
  int worth = 0;  // the least go first where it is narrow
  std::size_t width = 0;
  std::vector<std::string> cells{};
};

double highest(const std::deque<std::optional<double>>& samples) {
  double most = 0;
  for (const auto& sample : samples) most = std::max(most, sample.value_or(0));
  return most;
}

std::string cpu_cell(const Samples& samples, const Glyphs& glyphs) {
  const auto now = samples.cpu.empty() ? std::nullopt : samples.cpu.back();
  const std::string share = now ? fmt::format("{:.0f}%", *now * 100) : "-";
  return sparkline(samples.cpu, spark_columns, std::max(1.0, highest(samples.cpu)), glyphs) + padded(share, 5, true);
}

std::string memory_cell(const Samples& samples, const Glyphs& glyphs) {
  const auto now = samples.memory.empty() ? std::nullopt : samples.memory.back();
  const std::string size = now ? humane_bytes(*now) : "-";
  // A little above the most that was seen, so that what does not change is no wall.
  return sparkline(samples.memory, spark_columns, 1.4 * highest(samples.memory), glyphs) + padded(size, 6, true);
}

std::string name_of(const json::object& server) {
  return cell_text(server.at("name"));
}

// Every column with its cells, in the order of the plain table; what only grows here stands before LAST EXIT.
std::vector<Column> all_columns(const WatchModel& model, std::size_t first, std::size_t count, const Glyphs& glyphs) {
  std::vector<Column> columns{{"NAME", false, 100}, {"STATE", false, 99},  {"PID", true, 40},
                              {"PORT", true, 90},   {"UPTIME", true, 80},  {"RESTARTS", true, 60},
                              {"CPU", false, 75},   {"MEMORY", false, 70}, {"LAST EXIT", false, 30}};
  for (std::size_t row = first; row < std::min(first + count, model.servers().size()); ++row) {
    const auto& server = model.servers()[row].as_object();
    const auto& uptime = server.at("uptime_s");
    const std::string state = cell_text(server.at("state"));
    const Samples& samples = model.samples_of(name_of(server));
    std::size_t column = 0;
    for (std::string cell :
         {name_of(server), std::string(glyphs.of(state)) + " " + state, cell_text(server.at("pid")),
          cell_text(server.at("port")), uptime.is_number() ? humane_duration(uptime.to_number<double>()) : "-",
          cell_text(server.at("restarts")), cpu_cell(samples, glyphs), memory_cell(samples, glyphs),
          last_exit_text(server.at("last_exit"))}) {
      columns[column++].cells.push_back(std::move(cell));
    }
  }
  for (Column& column : columns) {
    column.width = columns_of(column.title);
    for (const std::string& cell : column.cells) column.width = std::max(column.width, columns_of(cell));
  }
  return columns;
}

// Leaves out what has no room; DETAIL, which is no column here, is worth 50.
void fit(std::vector<Column>& columns, std::size_t width) {
  columns[0].width = std::min(columns[0].width, std::max<std::size_t>(12, width / 4));
  for (;;) {
    std::size_t used = gap;
    for (const Column& column : columns) used += column.width + gap;
    const auto least = std::min_element(columns.begin(), columns.end(),
                                        [](const Column& a, const Column& b) { return a.worth < b.worth; });
    const bool enough = used <= width + gap && (least->worth > 50 || used + least_detail <= width);
    if (enough || columns.size() <= 2) return;
    columns.erase(least);
  }
}

std::string title_line(const WatchModel& model, const ScreenLook& look) {
  const Glyphs& glyphs = *look.glyphs;
  const auto& document = model.document();
  std::string left = " " + styled(cell_text(document.at("project")), style::bold, look.colour);
  if (model.lost()) {
    left += "  " + styled(fmt::format("{} {}, for {}; waiting for it", glyphs.not_done, *model.lost(),
                                      humane_duration(model.lost_for())),
                          style::red, look.colour);
    return cut_to(left, look.size.columns, glyphs.ellipsis);
  }
  // In the order of the glyphs, from what is well to what is not.
  for (const std::string_view state : {"ready", "starting", "waiting", "backoff", "unhealthy", "crashloop", "failed",
                                       "stopping", "exited", "stopped"}) {
    const auto count = std::count_if(model.servers().begin(), model.servers().end(), [&](const json::value& server) {
      return server.at("state").as_string() == state;
    });
    if (count == 0) continue;
    left += "  " + styled(fmt::format("{} {} {}", glyphs.of(state), count, state), colour_of(state), look.colour);
  }
  std::string right = "up " + humane_duration(document.at("uptime_s").to_number<double>());
  const std::string more = fmt::format(" {} pid {}", glyphs.dot, cell_text(document.at("pid")));
  if (columns_of(left) + columns_of(right) + columns_of(more) + 3 <= look.size.columns) right += more;
  const std::size_t used = columns_of(left) + columns_of(right) + 1;
  if (used + 2 > look.size.columns) return cut_to(left, look.size.columns, glyphs.ellipsis);
  return left + std::string(look.size.columns - used, ' ') + styled(right, style::dim, look.colour);
}

// The colour of a cell; the row that is selected has its own.
std::string_view style_of(const Column& column, const json::object& server) {
  if (column.title == "STATE") return colour_of(server.at("state").as_string());
  if (column.title == "RESTARTS" && server.at("restarts").to_number<std::int64_t>() > 0) return style::yellow;
  if (column.title == "CPU" || column.title == "MEMORY") return style::cyan;
  return "";
}

std::vector<std::string> list(const WatchModel& model, const ScreenLook& look, std::size_t first, std::size_t rows) {
  const Glyphs& glyphs = *look.glyphs;
  const std::size_t width = look.size.columns;
  auto columns = all_columns(model, first, rows, glyphs);
  fit(columns, width);
  std::size_t used = gap;
  for (const Column& column : columns) used += column.width + gap;
  const bool has_detail = used + least_detail <= width;

  std::string head(gap, ' ');
  for (const Column& column : columns) head += padded(column.title, column.width, column.right) + "  ";
  if (has_detail) head += "DETAIL";
  std::vector<std::string> lines{styled(cut_to(head, width, ""), style::bold, look.colour)};
  for (std::size_t row = first; row < std::min(first + rows, model.servers().size()); ++row) {
    const auto& server = model.servers()[row].as_object();
    const bool selected = row == model.selected_row();
    const bool plain = !look.colour || selected || model.lost();
    std::string line = selected ? std::string(glyphs.selected) + " " : "  ";
    bool has_said = false;
    for (const Column& column : columns) {
      // Where there is no room for DETAIL, one that does not run has it in place of what it does not use.
      if (!has_detail && column.title == "CPU" && server.at("pid").is_null()) {
        line += cut_to(cell_text(server.at("detail")), width - std::min(width, columns_of(line)), glyphs.ellipsis);
        has_said = true;
        break;
      }
      const std::string cell =
          padded(cut_to(column.cells[row - first], column.width, glyphs.ellipsis), column.width, column.right);
      line += styled(cell, style_of(column, server), !plain) + "  ";
    }
    if (has_detail && !has_said) line += cut_to(cell_text(server.at("detail")), width - used, glyphs.ellipsis);
    line = cut_to(line, width, "");
    if (selected) line = styled(padded(line, width), style::reversed, look.colour);
    if (model.lost() && !selected) line = styled(line, style::dim, look.colour);
    lines.push_back(line);
  }
  if (model.servers().empty())
    lines.emplace_back("  no servers in this project: [[servers]] in its configuration makes some");
  return lines;
}

std::string counted(const json::object& server, const char* key, std::string_view one, std::string_view more = "s") {
  const auto number = server.at(key).to_number<std::int64_t>();
  return fmt::format("{} {}{}", number, one, number == 1 ? "" : more);
}

// What the list has no room for.
std::vector<std::string> panel(const json::object& server, const ScreenLook& look) {
  const Glyphs& glyphs = *look.glyphs;
  const std::size_t width = look.size.columns;
  std::string rule = std::string(glyphs.line) + std::string(glyphs.line) + " " +
                     cut_to(name_of(server), width / 2, glyphs.ellipsis) + " ";
  for (std::size_t used = columns_of(rule); used < width; ++used) rule += glyphs.line;
  std::vector<std::string> lines{styled(rule, style::dim, look.colour)};
  constexpr std::size_t margin = 13;
  const auto fact = [&](std::string_view word, const std::string& text, std::size_t most) {
    if (text.empty()) return;
    std::string rest = folded(text, width > margin + 8 ? width - margin - 1 : 8);
    for (std::size_t line = 0; line < most && !rest.empty(); ++line) {
      const auto end = std::min(rest.find('\n'), rest.size());
      const bool last = line + 1 == most && end + 1 < rest.size();
      const std::string text_here = rest.substr(0, end) + (last ? std::string(glyphs.ellipsis) : "");
      const std::string label = "  " + styled(padded(line == 0 ? word : "", margin - 2), style::dim, look.colour);
      lines.push_back(cut_to(label + cut_to(text_here, width - std::min(width, margin), glyphs.ellipsis), width, ""));
      rest.erase(0, end + 1);
    }
  };
  const bool ready = server.at("ready").as_bool();
  const std::string reason = server.at("reason").is_string() ? cell_text(server.at("reason")) + ": " : "";
  fact(ready ? "url" : "why", (ready ? "" : reason) + cell_text(server.at("detail")), 2);
  std::string process = server.at("pid").is_number() ? "pid " + cell_text(server.at("pid")) + ", " : "";
  if (server.at("processes").is_number()) process += counted(server, "processes", "process", "es") + ", ";
  process += counted(server, "starts", "start") + ", " + counted(server, "restarts", "restart");
  if (server.at("time_to_ready_s").is_number()) {
    process += ", ready in " + humane_duration(server.at("time_to_ready_s").to_number<double>());
  }
  fact("process", process, 1);
  if (const auto* exit = server.at("last_exit").if_object()) {
    fact("last exit", last_exit_text(*exit) + ": " + cell_text(exit->at("message")), 1);
    if (const auto& tail = exit->at("output_tail").as_array(); !ready && !tail.empty())
      fact("it said", cell_text(tail.back()), 1);
  }
  if (const auto* mcp = server.at("mcp").if_object(); mcp != nullptr && ready) {
    std::string serves = mcp->at("server").is_string() ? cell_text(mcp->at("server")) : "";
    if (mcp->at("version").is_string()) serves += " " + cell_text(mcp->at("version"));
    if (mcp->at("tools").is_number()) serves += (serves.empty() ? "" : ", ") + counted(*mcp, "tools", "tool");
    fact("serves", serves, 1);
  }
  lines.resize(std::min(lines.size(), panel_rows));
  return lines;
}

std::string key_line(const WatchModel& model, const ScreenLook& look, std::size_t first, std::size_t seen) {
  const Glyphs& glyphs = *look.glyphs;
  const auto* server = model.selected();
  const bool up = server == nullptr || server->at("wanted") == "up";
  std::string text = model.note.empty() ? fmt::format("{} select  r restart  s {}  l logs  e explain  ? help  q quit",
                                                      glyphs.up_down, up ? "stop" : "start")
                                        : model.note;
  text = " " + text;
  const std::size_t all = model.servers().size();
  const std::string where = all > seen ? fmt::format("{}-{} of {} ", first + 1, std::min(first + seen, all), all) : "";
  const std::size_t used = columns_of(text) + columns_of(where);
  if (!where.empty() && used < look.size.columns) text += std::string(look.size.columns - used, ' ') + where;
  return styled(cut_to(text, look.size.columns, glyphs.ellipsis), model.note.empty() ? style::dim : style::bold,
                look.colour);
}

}  // namespace

std::string sparkline(const std::deque<std::optional<double>>& samples, std::size_t columns, double most,
                      const Glyphs& glyphs) {
  const std::size_t shown = std::min(columns, samples.size());
  std::string out(columns - shown, ' ');
  for (std::size_t i = samples.size() - shown; i < samples.size(); ++i) {
    if (!samples[i]) {
      out += ' ';
      continue;
    }
    const double part = most > 0 ? std::clamp(*samples[i] / most, 0.0, 1.0) : 0;
    out += glyphs.bars.at(static_cast<std::size_t>(std::lround(part * static_cast<double>(glyphs.bars.size() - 1))));
  }
  return out;
}

std::vector<std::string> watch_screen(const WatchModel& model, const ScreenLook& look) {
  const std::size_t rows = look.size.rows;
  const bool has_panel = model.selected() != nullptr && rows >= rows_above + least_list + panel_rows + 1;
  const std::size_t below = (has_panel ? panel_rows : 0) + 1;
  const std::size_t room = rows > rows_above + below ? rows - rows_above - below : 1;
  // The selection in the middle, where the list is longer than the screen.
  const std::size_t all = model.servers().size();
  std::size_t first = model.selected_row() > room / 2 ? model.selected_row() - room / 2 : 0;
  first = all > room ? std::min(first, all - room) : 0;

  std::vector<std::string> lines{title_line(model, look), ""};
  for (std::string& line : list(model, look, first, room)) lines.push_back(std::move(line));
  lines.resize(std::max<std::size_t>(rows - std::min(rows, below), 1));
  if (has_panel) {
    auto facts = panel(*model.selected(), look);
    facts.resize(panel_rows);
    for (std::string& line : facts) lines.push_back(std::move(line));
  }
  lines.push_back(key_line(model, look, first, room));
  lines.resize(rows);
  return lines;
}

std::size_t last_page(const std::vector<std::string>& text, const ScreenLook& look) {
  const std::size_t room = look.size.rows > 3 ? look.size.rows - 3 : 1;
  return text.size() > room ? text.size() - room : 0;
}

std::vector<std::string> page_screen(std::string_view title, const std::vector<std::string>& text, std::size_t first,
                                     std::string_view keys, const ScreenLook& look) {
  const std::size_t width = look.size.columns;
  std::vector<std::string> lines{
      styled(cut_to(" " + std::string(title), width, look.glyphs->ellipsis), style::bold, look.colour), ""};
  first = std::min(first, last_page(text, look));
  for (std::size_t i = first; i < text.size() && lines.size() + 1 < look.size.rows; ++i) {
    lines.push_back(cut_to(text[i], width, look.glyphs->ellipsis));
  }
  lines.resize(look.size.rows > 1 ? look.size.rows - 1 : 1);
  std::string bottom = " " + std::string(keys);
  if (last_page(text, look) > 0) bottom += fmt::format("  (line {} of {})", first + 1, text.size());
  lines.push_back(styled(cut_to(bottom, width, look.glyphs->ellipsis), style::dim, look.colour));
  return lines;
}

std::vector<std::string> key_help(const Glyphs& glyphs) {
  std::vector<std::string> lines{
      "  up, k / down, j        select a server",
      "  PgUp / PgDn, g / G     ten rows up or down; first or last one",
      "  r                      restart it (starts one that is stopped)",
      "  s                      stop it, or start it when it is not wanted up",
      "  l                      its log as it grows; q or Ctrl-C comes back",
      "  e, Enter               explain: why it is as it is, and what to do",
      "  q, Ctrl-C              quit; the servers go on",
      "",
      "  Shapes beside the states:",
  };
  std::string shapes = "   ";
  for (const std::string_view state : {"ready", "starting", "waiting", "stopped", "exited", "stopping", "backoff",
                                       "crashloop", "unhealthy", "failed"}) {
    shapes += fmt::format(" {} {} ", glyphs.of(state), state);
    if (state == "stopped") {
      lines.push_back(shapes);
      shapes = "   ";
    }
  }
  lines.push_back(shapes);
  lines.emplace_back("");
  lines.emplace_back("  CPU is the use of processors by the server and all it has started; 100% is one");
  lines.emplace_back("  processor. MEMORY is what they hold. The bars are the last eight seconds.");
  return lines;
}

}  // namespace berth::cli
