// Language models do not know what time it is, and are poor at adding days to it.
#include "time_text.hpp"
#include "tools.hpp"

namespace harbour {
namespace {

constexpr std::string_view time_hint =
    "must be an RFC 3339 time with an offset, such as 2026-11-21T10:00:00Z or 2026-11-21T12:00+02:00.";

ToolResult now(Instant time, const Arguments& arguments) {
  std::chrono::minutes offset(0);
  if (arguments.has("utc_offset")) {
    const auto wanted = parse_offset(arguments.text("utc_offset"));
    if (!wanted) return tool_error("utc_offset must look like +02:00, -05:30 or Z.");
    offset = *wanted;
  }
  if (!is_writable(time)) return tool_error("The clock of this machine is out of range.");
  ToolResult result;
  const std::string weekday(weekday_name(time + offset));
  result.text = weekday + ", " + format_time(time, offset);
  result.structured["time"] = format_time(time, offset);
  result.structured["utc"] = format_time(time);
  result.structured["weekday"] = weekday;
  result.structured["unix_ms"] = time.time_since_epoch().count();
  return result;
}

ToolResult duration_between(const Arguments& arguments) {
  const auto from = parse_time(arguments.text("from"));
  const auto to = parse_time(arguments.text("to"));
  if (!from || !to) return tool_error(std::string(from ? "to " : "from ").append(time_hint));
  const auto length = *to - *from;
  ToolResult result;
  result.text = format_duration(length);
  result.structured["duration"] = result.text;
  result.structured["seconds"] = static_cast<double>(length.count()) / 1000.0;
  result.structured["days"] = static_cast<double>(length.count()) / 86400000.0;
  return result;
}

ToolResult add_duration(const Arguments& arguments) {
  const auto time = parse_time(arguments.text("time"));
  if (!time) return tool_error(std::string("time ").append(time_hint));
  const auto duration = parse_duration(arguments.text("duration"));
  if (!duration) return tool_error("duration must look like 90m, 1d2h30m or -2w (units w, d, h, m, s, ms).");
  const auto sum = *time + *duration;
  if (!is_writable(sum)) return tool_error("The result lies outside the years 0000 to 9999.");
  ToolResult result;
  const std::string weekday(weekday_name(sum));
  result.text = weekday + ", " + format_time(sum);
  result.structured["time"] = format_time(sum);
  result.structured["weekday"] = weekday;
  return result;
}

}  // namespace

ToolSet clock_tools(Clock clock) {
  ToolSet set;
  set.name = "clock";
  set.instructions = "Ask `now` for the present time before you reason about dates; all times are RFC 3339.";
  set.tools = {
      {.name = "now",
       .title = "Current time",
       .description = "The present date, time and weekday, in UTC or at a given offset from it.",
       .parameters = {{"utc_offset", Kind::text, "Offset from UTC, such as +02:00 (default: Z)", false}},
       .output_schema =
           object_schema({{"time", "string"}, {"utc", "string"}, {"weekday", "string"}, {"unix_ms", "integer"}}),
       .run = [clock = std::move(clock)](const Arguments& arguments) { return now(clock(), arguments); }},
      {.name = "duration_between",
       .title = "Time between two moments",
       .description = "How long it is from one time to another; negative when `to` is the earlier one.",
       .parameters = {{"from", Kind::text, "RFC 3339 time"}, {"to", Kind::text, "RFC 3339 time"}},
       .output_schema = object_schema({{"duration", "string"}, {"seconds", "number"}, {"days", "number"}}),
       .run = duration_between},
      {.name = "add_duration",
       .title = "Add to a time",
       .description = "The time, in UTC, that lies a duration after another; a leading minus goes back.",
       .parameters = {{"time", Kind::text, "RFC 3339 time"},
                      {"duration", Kind::text, "Such as 90m, 1d2h30m or -2w (units w, d, h, m, s, ms)"}},
       .output_schema = object_schema({{"time", "string"}, {"weekday", "string"}}),
       .run = add_duration},
  };
  return set;
}

}  // namespace harbour
