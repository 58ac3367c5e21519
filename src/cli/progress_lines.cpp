#include "cli/progress_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "cli/status_table.hpp"
#include "cli/text_width.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

std::size_t count_reached(const ProgressView& view) {
  return static_cast<std::size_t>(std::count_if(view.servers.begin(), view.servers.end(),
                                                [&](const json::value& server) { return reached(server, view.goal); }));
}

std::string_view word(Goal goal) {
  return goal == Goal::ready ? "ready" : "stopped";
}

// "not ready yet, 12s after its launch" is said by the clock beside it already.
std::string detail_of(const ProgressView& view, const json::object& server) {
  std::string detail = cell_text(server.at("detail"));
  const auto words = view.last_words.find(std::string(server.at("name").as_string()));
  if (server.at("state") != "starting" || words == view.last_words.end() || words->second.empty()) return detail;
  return words->second;
}

std::string time_of(const json::object& server) {
  const auto& field = server.at("ready").as_bool() ? server.at("time_to_ready_s") : server.at("uptime_s");
  return field.is_number() ? humane_duration(field.to_number<double>()) : "";
}

std::string server_line(const ProgressView& view, const json::object& server, std::size_t name_width, std::size_t width,
                        bool colour, const Glyphs& glyphs) {
  const std::string state = cell_text(server.at("state"));
  const bool moves = state == "starting" || state == "stopping";
  const std::string_view shape = moves ? glyphs.spinner.at(view.frame % glyphs.spinner.size()) : glyphs.of(state);
  const std::string_view with = colour_of(state);
  std::string line = "  " + styled(shape, with, colour) + " " +
                     padded(cut_to(cell_text(server.at("name")), name_width, glyphs.ellipsis), name_width) + "  " +
                     styled(padded(state, 9), with, colour) + " " + padded(time_of(server), 6, true) + "  ";
  const std::size_t used = columns_of(line);
  if (used + 8 <= width)
    line += styled(cut_to(detail_of(view, server), width - used, glyphs.ellipsis), style::dim, colour);
  return cut_to(line, width, "");
}

}  // namespace

bool reached(const json::value& server, Goal goal) {
  if (goal == Goal::ready) return server.at("ready").as_bool();
  return server.at("processes").is_null() && server.at("pid").is_null();
}

std::vector<std::string> progress_lines(const ProgressView& view, TerminalSize size, bool colour,
                                        const Glyphs& glyphs) {
  const std::size_t width = size.columns > 1 ? size.columns - 1 : 1;  // the last column would make some terminals wrap
  const std::size_t done = count_reached(view);
  const auto shape = view.over ? glyphs.done : glyphs.spinner.at(view.frame % glyphs.spinner.size());
  std::vector<std::string> lines{
      cut_to(fmt::format("{} {} of {} {}, {}", styled(shape, view.over ? style::green : style::yellow, colour), done,
                         view.servers.size(), word(view.goal), humane_duration(view.elapsed)),
             width, glyphs.ellipsis)};
  std::size_t name_width = 0;
  for (const auto& server : view.servers) name_width = std::max(name_width, columns_of(cell_text(server.at("name"))));
  name_width = std::min(name_width, std::max<std::size_t>(width / 3, 8));

  const std::size_t room = size.rows > 3 ? size.rows - 3 : 1;  // the summary, "more", and the line of the cursor
  std::size_t to_leave_out = view.servers.size() > room ? view.servers.size() - room : 0;
  std::size_t left_out = 0;
  const std::size_t done_to_leave_out = std::min(to_leave_out, done);
  to_leave_out -= done_to_leave_out;
  std::size_t done_left_out = 0;
  std::size_t others_shown = 0;
  const std::size_t others_room = view.servers.size() - done - to_leave_out;
  for (const auto& server : view.servers) {
    if (reached(server, view.goal) ? done_left_out < done_to_leave_out : others_shown >= others_room) {
      if (reached(server, view.goal)) ++done_left_out;
      ++left_out;
      continue;
    }
    if (!reached(server, view.goal)) ++others_shown;
    lines.push_back(server_line(view, server.as_object(), name_width, width, colour, glyphs));
  }
  if (left_out > 0) lines.push_back(cut_to(fmt::format("  {} {} more", glyphs.ellipsis, left_out), width, ""));
  return lines;
}

std::string progress_sentence(const ProgressView& view) {
  std::string out = fmt::format("{}: {} of {} {}", humane_duration(view.elapsed), count_reached(view),
                                view.servers.size(), word(view.goal));
  const char* separator = "; ";
  for (const auto& server : view.servers) {
    if (reached(server, view.goal)) continue;
    const std::string detail = detail_of(view, server.as_object());
    out += fmt::format("{}{} {}{}", separator, cell_text(server.at("name")), cell_text(server.at("state")),
                       detail.empty() ? "" : " (" + detail + ")");
    separator = ", ";
  }
  return out;
}

}  // namespace berth::cli
