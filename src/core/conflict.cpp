#include "core/conflict.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace berth::core {

namespace {

bool in_the_way(Holder holder) {
  return holder == Holder::stranger || holder == Holder::unknown;
}

Verdict judge_end(const Evidence& e) {
  if (e.phase == Phase::before_ready && !e.had_listened && e.holder != Holder::own_tree) {
    if (in_the_way(e.holder)) return Verdict::conflict;
    if (e.said_taken && e.holder == Holder::own_hold) return Verdict::blocked_by_hold;
    if (e.said_taken && e.holder == Holder::nobody) return Verdict::conflict_by_word;
    if (e.ended->clean()) return Verdict::not_listening;
  }
  return e.ended->clean() ? Verdict::clean_exit : Verdict::crash;
}

Verdict judge_living(const Evidence& e) {
  if (e.phase == Phase::after_ready) return Verdict::wait;
  if (in_the_way(e.holder)) {
    const bool gave_up = e.said_taken || e.elsewhere || e.patience_over;
    return gave_up ? Verdict::conflict : Verdict::foreign_listener;
  }
  if (e.had_listened) return Verdict::wait;
  if (e.said_taken && e.holder == Holder::own_hold && e.patience_over) return Verdict::blocked_by_hold;
  if (e.said_taken && e.holder == Holder::nobody && e.patience_over && !e.elsewhere) return Verdict::conflict_by_word;
  return e.elsewhere ? Verdict::wrong_port : Verdict::wait;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The word, alone or in the plural: not the end of import, transport or report.
bool speaks_of_a_port(std::string_view line) {
  for (auto at = line.find("port"); at != std::string_view::npos; at = line.find("port", at + 1)) {
    const auto after = line.substr(at + 4);
    const char next = after.empty()          ? ' '
                      : after.front() == 's' ? after.substr(1, 1).empty() ? ' ' : after[1]
                                             : after.front();
    const bool begins = at == 0 || std::isalpha(static_cast<unsigned char>(line[at - 1])) == 0;
    if (begins && std::isalpha(static_cast<unsigned char>(next)) == 0) return true;
  }
  return false;
}

// `"pid":4711` of a JSON log, `index.js:1042` of a trace.
bool is_another_number(std::string_view lead) {
  static constexpr std::array<std::string_view, 8> leads{
      "pid\":", "pid:", ".js:", ".mjs:", ".ts:", ".py:", ".go:", ".java:"};
  return std::any_of(leads.begin(), leads.end(), [&](std::string_view words) { return lead.ends_with(words); });
}

// The words of the runtimes: node, libuv, python, go, rust, the JVM, .NET, and servers that speak for themselves.
bool speaks_of_a_taken_port(const std::string& line) {
  static constexpr std::array<std::string_view, 9> plain{"eaddrinuse",
                                                         "address already in use",
                                                         "address in use",
                                                         "connection in use",
                                                         "addrinuse",
                                                         "errno 98",
                                                         "os error 98",
                                                         "only one usage of each socket address",
                                                         "already listening on port"};
  if (std::any_of(plain.begin(), plain.end(), [&](std::string_view words) { return has(line, words); })) return true;
  static constexpr std::array<std::string_view, 7> about_a_port{
      "already in use", "is in use", "in use by", "already being used", "already taken", "is taken", "is occupied"};
  return speaks_of_a_port(line) && std::any_of(about_a_port.begin(), about_a_port.end(),
                                               [&](std::string_view words) { return has(line, words); });
}

// Numbers that stand where a port stands: after `:`, after the word "port", after `', ` (a Python address).
std::vector<std::uint16_t> ports_named(const std::string& line) {
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (!is_digit(line[i]) || (i > 0 && is_digit(line[i - 1]))) continue;
    std::size_t end = i;
    while (end < line.size() && is_digit(line[end])) ++end;
    std::size_t before = i;
    while (before > 0 && (line[before - 1] == ' ' || line[before - 1] == '=' || line[before - 1] == '#')) --before;
    const std::string_view lead = std::string_view(line).substr(0, before);
    const bool address = i > 0 && line[i - 1] == ':';
    const bool named =
        lead.ends_with("port") || lead.ends_with("port:") || lead.ends_with("',") || lead.ends_with("\",");
    const unsigned long value = end - i <= 5 ? std::stoul(line.substr(i, end - i)) : 0;
    // After a colon, what is below 1024 is a clock's minute rather than a port.
    const bool port = named ? value >= 1 : address && value >= 1024 && !is_another_number(lead);
    if (port && value <= 65535) ports.push_back(static_cast<std::uint16_t>(value));
    i = end;
  }
  return ports;
}

}  // namespace

Verdict judge(const Evidence& evidence) {
  return evidence.ended ? judge_end(evidence) : judge_living(evidence);
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::wait: return "wait";
    case Verdict::foreign_listener: return "foreign_listener";
    case Verdict::wrong_port: return "wrong_port";
    case Verdict::conflict: return "conflict";
    case Verdict::conflict_by_word: return "conflict_by_word";
    case Verdict::blocked_by_hold: return "blocked_by_hold";
    case Verdict::not_listening: return "not_listening";
    case Verdict::clean_exit: return "clean_exit";
    case Verdict::crash: return "crash";
  }
  return "?";
}

bool says_port_taken(std::string_view line, std::uint16_t port) {
  const std::string text = lower(line);
  if (!speaks_of_a_taken_port(text)) return false;
  const auto named = ports_named(text);
  return named.empty() || std::find(named.begin(), named.end(), port) != named.end();
}

std::optional<std::uint16_t> other_port_said_taken(std::string_view line, std::uint16_t port) {
  const std::string text = lower(line);
  if (!speaks_of_a_taken_port(text)) return std::nullopt;
  const auto named = ports_named(text);
  if (named.empty() || std::find(named.begin(), named.end(), port) != named.end()) return std::nullopt;
  return named.front();
}

bool says_it_listens(std::string_view line) {
  const std::string text = lower(line);
  const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  if (!has("listening") && !has("running on") && !has("started on") && !has("listens on")) return false;
  return !has("stdio") && !has("error") && !has("not listening") && !speaks_of_a_taken_port(text);
}

}  // namespace berth::core
