#include "cli/explain_screen.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <ctime>
#include <vector>

#include "cli/status_table.hpp"
#include "core/utf8.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t most_ports = 6;
constexpr std::size_t most_exits = 5;
constexpr std::size_t most_events = 8;
constexpr std::size_t most_output = 10;
constexpr std::size_t margin = 11;  // columns, for the words at the left

std::string text(const json::value& value) {
  return value.is_string() ? core::tame(std::string_view(value.as_string()), 4096) : "";
}

std::string number(const json::value& value) {
  return value.is_number() ? std::to_string(value.to_number<std::int64_t>()) : "-";
}

// "1 start", "2 starts".
std::string counted(const json::value& value, const std::string& what) {
  return number(value) + " " + what + (number(value) == "1" ? "" : "s");
}

// "10:00:01" in the reader's own time; with the day when that is another than today's.
std::string clock_time(const json::value& timestamp) {
  std::tm parts{};
  if (!timestamp.is_string() || ::strptime(timestamp.as_string().c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) {
    return "?";
  }
  const std::time_t at = ::timegm(&parts);
  const std::time_t now = std::time(nullptr);
  std::tm then{};
  std::tm today{};
  ::localtime_r(&at, &then);
  ::localtime_r(&now, &today);
  const bool same_day = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
  char out[64];
  std::strftime(out, sizeof(out), same_day ? "%H:%M:%S" : "%b %d %H:%M:%S", &then);
  return out;
}

std::size_t columns_of(std::string_view line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

class Screen {
 public:
  explicit Screen(bool colour) : colour_(colour) {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) width_ = size.ws_col;
  }

  void title(const std::string& line) { out_ += bold(line) + "\n"; }
  void heading(const std::string& line) { out_ += "\n" + bold(line) + "\n"; }

  // `word` at the left and the sentence beside it, folded where the terminal ends.
  void fact(const std::string& word, const std::string& sentence) {
    if (sentence.empty()) return;
    std::string line = fmt::format("  {:<{}}", word, margin - 2);
    bool first = true;
    std::size_t begin = 0;
    while (begin < sentence.size()) {
      const auto end = std::min(sentence.find(' ', begin), sentence.size());
      const std::string_view next = std::string_view(sentence).substr(begin, end - begin);
      if (!first && width_ > margin + 20 && columns_of(line) + 1 + columns_of(next) > width_) {
        out_ += line + "\n";
        line = std::string(margin, ' ');
        first = true;
      }
      line += (first ? "" : " ") + std::string(next);
      first = false;
      begin = end + 1;
    }
    out_ += line + "\n";
  }

  // One line, cut where the terminal ends.
  void row(const std::string& line) {
    if (width_ < 20 || columns_of(line) + 2 <= width_) {
      out_ += "  " + line + "\n";
      return;
    }
    std::string cut;
    std::size_t columns = 0;
    for (std::size_t i = 0; i < line.size() && columns + 3 < width_;) {
      const auto length = std::max<std::size_t>(1, core::utf8_length(std::string_view(line).substr(i)));
      cut += line.substr(i, length);
      i += length;
      ++columns;
    }
    out_ += "  " + cut + "…\n";
  }

  [[nodiscard]] const std::string& all() const { return out_; }

 private:
  [[nodiscard]] std::string bold(const std::string& line) const {
    return colour_ ? "\x1b[1m" + line + "\x1b[0m" : line;
  }

  std::string out_;
  std::size_t width_ = 0;  // 0: not a terminal
  bool colour_;
};

std::string quoted(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_of(" \t\"'\\$`*?[]{}()<>|&;#~!") == std::string::npos;
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

void tell_command(const json::object& command, Screen& screen) {
  std::string line;
  for (const auto& word : command.at("argv").as_array()) line += (line.empty() ? "" : " ") + quoted(text(word));
  if (!command.at("launched").as_bool()) line += "  (not launched yet)";
  screen.fact("command", line);
  screen.fact("", "in " + text(command.at("cwd")));
}

// An older supervisor does not tell them.
void tell_limits(const json::object& document, Screen& screen) {
  const auto* limits = document.if_contains("limits");
  if (limits == nullptr || !limits->is_array()) return;
  std::string line;
  for (const auto& limit : limits->as_array()) line += (line.empty() ? "" : ", ") + text(limit);
  screen.fact("limits", line);
}

void tell_evidence(const json::value& evidence, Screen& screen) {
  if (!evidence.is_object()) return screen.fact("seen", "no process of it lives");
  const auto& seen = evidence.as_object();
  std::string addresses;
  for (const auto& address : seen.at("addresses").as_array()) {
    addresses += (addresses.empty() ? "" : ", ") + text(address);
  }
  std::vector<std::string> sentences;
  if (seen.at("listens").as_bool()) {
    sentences.push_back("its own process tree listens on " + (addresses.empty() ? "its port" : addresses));
  }
  if (seen.at("stranger").is_string()) sentences.push_back(text(seen.at("stranger")) + " listens on its port");
  if (seen.at("listens_elsewhere").is_number()) {
    sentences.push_back("it listens on port " + number(seen.at("listens_elsewhere")) + ", which is not its own");
  }
  if (sentences.empty()) sentences.emplace_back("nobody was seen to listen on its port");
  if (seen.at("note").is_string()) sentences.push_back(text(seen.at("note")));
  if (seen.at("said_taken").as_bool()) sentences.emplace_back("its output says that its port is taken");
  if (const auto& probe = seen.at("probe"); probe.is_object()) {
    const std::string at = " at " + clock_time(probe.at("at"));
    const auto& status = probe.at("status");
    sentences.push_back(probe.at("alive").as_bool()
                            ? "it answered the probe" + (status.is_number() ? " with HTTP " + number(status) : "") + at
                            : "the probe" + at + " failed: " + text(probe.at("message")));
  }
  bool first = true;
  for (const auto& sentence : sentences) screen.fact(std::exchange(first, false) ? "seen" : "", sentence);
}

std::string more(std::size_t count) {
  return count == 0 ? "" : fmt::format("  ({} older left out)", count);
}

void tell_ports(const json::array& ports, std::uint64_t dropped, Screen& screen) {
  if (ports.empty()) return;
  const std::size_t shown = std::min(ports.size(), most_ports);
  screen.heading("Ports" + more(ports.size() - shown + dropped));
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& stay = ports[i].as_object();
    const std::string end = text(stay.at("end"));
    const std::string reason = text(stay.at("reason"));
    std::string how = "since " + clock_time(stay.at("since"));
    if (end != "held") how = "from " + clock_time(stay.at("since")) + " to " + clock_time(stay.at("until"));
    std::string fate = end == "rested" ? "left alone for a while" : end == "refused" ? "taken between two runs" : end;
    const std::string holder = text(stay.at("holder"));
    if (end == "lost")
      fate = holder.empty() && !reason.empty() ? "lost" : "lost to " + (holder.empty() ? "another process" : holder);
    screen.row(
        fmt::format("{:<5}  {:<25}  {}{}", number(stay.at("port")), how, fate, reason.empty() ? "" : ": " + reason));
  }
}

void tell_exits(const json::array& exits, std::uint64_t dropped, Screen& screen) {
  if (exits.empty()) return;
  const std::size_t shown = std::min(exits.size(), most_exits);
  screen.heading("Last exits" + more(exits.size() - shown + dropped));
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& exit = exits[i].as_object();
    const std::string how = exit.at("signal").is_string() ? text(exit.at("signal")) : "code " + number(exit.at("code"));
    screen.row(fmt::format("{}  {:<8}  {:<15}  after {} on port {}: {}", clock_time(exit.at("at")), how,
                           text(exit.at("cause")), humane_duration(exit.at("ran_for_s").to_number<double>()),
                           number(exit.at("port")), text(exit.at("message"))));
  }
}

void tell_events(const json::array& events, std::uint64_t dropped, Screen& screen) {
  if (events.empty()) return;
  const std::size_t shown = std::min(events.size(), most_events);
  const std::size_t left_out = events.size() - shown;
  screen.heading("What happened" + more(left_out + dropped));
  for (std::size_t i = left_out; i < events.size(); ++i) {
    const auto& event = events[i].as_object();
    screen.row(
        fmt::format("{}  {:<9}  {}", clock_time(event.at("at")), text(event.at("to")), text(event.at("message"))));
  }
}

void tell_output(const json::array& lines, const std::string& log, Screen& screen) {
  screen.heading(std::string("Last output") + (lines.empty() ? ": none" : "") + "  (all of it: " + log + ")");
  const std::size_t shown = std::min(lines.size(), most_output);
  for (std::size_t i = lines.size() - shown; i < lines.size(); ++i) screen.row("| " + text(lines[i]));
}

// Of a run that is not ready yet, the words of the one before say more.
void tell_words_before(const json::object& status, Screen& screen) {
  const auto& exit = status.at("last_exit");
  if (!exit.is_object() || status.at("pid").is_null() || status.at("ready").as_bool()) return;
  const auto& lines = exit.at("output_tail").as_array();
  if (lines.empty()) return;
  screen.heading("Output before its last exit");
  const std::size_t shown = std::min(lines.size(), most_output / 2);
  for (std::size_t i = lines.size() - shown; i < lines.size(); ++i) screen.row("| " + text(lines[i]));
}

// When it came into the state that it is in; empty: that was too long ago to be known.
std::string since(const json::object& document) {
  const auto& events = document.at("events").as_array();
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (event->at("to") != document.at("state")) return {};
    if (event->at("from") != event->at("to")) return " since " + clock_time(event->at("at"));
  }
  return {};
}

}  // namespace

std::string explain_screen(const json::object& document, bool colour) {
  Screen screen(colour);
  const auto& status = document.at("status").as_object();
  const auto count = [&](const char* what) { return document.at("dropped").at(what).to_number<std::uint64_t>(); };
  std::string title = text(document.at("name")) + ": " + text(document.at("state"));
  if (status.at("reason").is_string()) title += " (" + text(status.at("reason")) + ")";
  title += since(document);
  if (status.at("pid").is_number()) title += ", pid " + number(status.at("pid"));
  if (status.at("port").is_number()) title += ", port " + number(status.at("port"));
  if (status.at("uptime_s").is_number()) {
    title += ", up " + humane_duration(status.at("uptime_s").to_number<double>());
  }
  screen.title(title);
  screen.fact("why", text(document.at("why")));
  screen.fact("next", text(document.at("next")));
  screen.fact("to do", text(document.at("advice")));
  if (status.at("ready").as_bool()) screen.fact("url", text(status.at("url")));
  tell_evidence(document.at("evidence"), screen);
  tell_command(document.at("command").as_object(), screen);
  tell_limits(document, screen);
  screen.fact("counted", fmt::format("{}, {}, {} in a row, {}", counted(status.at("starts"), "start"),
                                     counted(status.at("restarts"), "restart"),
                                     counted(status.at("consecutive_failures"), "failure"),
                                     counted(status.at("port_conflicts"), "port conflict")));
  tell_ports(document.at("ports").as_array(), count("ports"), screen);
  tell_exits(document.at("exits").as_array(), count("exits"), screen);
  tell_events(document.at("events").as_array(), count("events"), screen);
  tell_words_before(status, screen);
  tell_output(document.at("output").as_array(), text(document.at("log")), screen);
  return screen.all();
}

}  // namespace berth::cli
