#include "app/service_words.hpp"

#include <algorithm>
#include <string_view>

namespace berth::app {

using core::State;

namespace {

constexpr std::size_t most_told = 3;         // servers
constexpr std::size_t longest_reason = 160;  // bytes; the line is for a narrow place

unsigned badness(const Standing& server) {
  switch (server.state) {
    case State::failed: return 5;
    case State::crashloop: return 4;
    case State::backoff:
    case State::unhealthy: return 3;
    case State::exited: return 2;
    case State::starting: return 1;
    default: return 0;
  }
}

// Cut between two characters.
std::string shortened(const std::string& text) {
  if (text.size() <= longest_reason) return text;
  std::size_t end = longest_reason;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

std::string told(const Standing& server) {
  std::string line = server.name + ": " + std::string(to_string(server.state));
  if (!server.why.empty()) line += ", " + shortened(server.why);
  std::ranges::replace(line, '\n', ' ');  // or the rest would be a word of its own to the manager
  return line;
}

}  // namespace

std::string service_line(const std::vector<Standing>& servers) {
  std::size_t wanted = 0;
  std::vector<const Standing*> others;
  for (const Standing& server : servers) {
    if (!server.wanted) continue;
    ++wanted;
    if (!server.ready) others.push_back(&server);
  }
  if (wanted == 0) return "no server is wanted up";
  std::ranges::sort(others, [](const auto* a, const auto* b) {
    return badness(*a) != badness(*b) ? badness(*a) > badness(*b) : a < b;  // of the same kind, in their order
  });
  std::string line = std::to_string(wanted - others.size()) + " of " + std::to_string(wanted) + " ready";
  for (std::size_t i = 0; i < std::min(others.size(), most_told); ++i) line += "; " + told(*others[i]);
  if (others.size() > most_told) line += "; and " + std::to_string(others.size() - most_told) + " more";
  return line;
}

std::string farewell_line(const std::vector<Standing>& servers) {
  std::size_t left = 0;
  std::string names;
  for (const Standing& server : servers) {
    if (!server.there) continue;
    if (++left <= most_told) names += (left == 1 ? ": " : ", ") + server.name;
  }
  if (left == 0) return "going down";
  if (left > most_told) names += " and " + std::to_string(left - most_told) + " more";
  return "going down, " + std::to_string(left) + " of " + std::to_string(servers.size()) + " left" + names;
}

bool is_up(Notify until, const std::vector<Standing>& servers) {
  if (until == Notify::never || until == Notify::started) return true;
  return std::ranges::all_of(servers, [until](const Standing& server) {
    return !server.wanted || server.ready || (until == Notify::settled && server.hopeless);
  });
}

}  // namespace berth::app
