#include <charconv>

#include "app/control_api.hpp"
#include "app/control_words.hpp"

namespace berth::app {

// GET /v1/logs/NAME, and GET /v1/logs[?name=NAME…] for several, merged by time: what servers have said, a JSON object a
// line. ?lines=N: the last ones of each; ?since=TIME (RFC 3339, UTC with milliseconds); ?stream=out|err; ?follow=1:
// and what they say from now on.
void ControlApi::logs(const std::string& name, const std::string& query, const Respond& respond) {
  std::vector<std::string> names;
  if (!name.empty()) names.push_back(name);
  os::LogWish wish;
  bool follow = false;
  bool sane = true;
  for (const std::string& part : split(query, '&')) {
    const auto equals = std::min(part.find('='), part.size());
    const std::string key = part.substr(0, equals);
    const std::string value = part.substr(std::min(equals + 1, part.size()));
    if (key == "name" && name.empty()) names.push_back(value);
    if (key == "follow") follow = value != "0";
    if (key == "stream" && value == "out") wish.stream = core::Stream::out;
    if (key == "stream" && value == "err") wish.stream = core::Stream::err;
    if (key == "stream" && !wish.stream) sane = false;
    if (key == "since") wish.since = value;
    if (key != "lines") continue;
    std::uint64_t lines = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), lines);
    if (value.empty() || error != std::errc{} || end != value.data() + value.size()) sane = false;
    wish.lines = lines;
  }
  if (!wish.since.empty() && !core::is_log_time(wish.since)) sane = false;
  if (!sane) {
    return respond(400, error_body("bad_request",
                                   "`lines` is a number, `stream` is out or err, `since` a time like "
                                   "2026-11-21T10:00:00.000Z"));
  }
  const auto found = fleet_.find(names);
  if (!found) return respond(404, error_body("unknown_server", found.error()));
  if (follow && too_many()) {
    return respond(503, error_body("too_many_waiting", "too many clients are following already; try without `follow`"));
  }
  std::vector<Server*> servers;
  for (const std::size_t i : *found) servers.push_back(&fleet_.at(i));
  logs_.answer(servers, wish, follow, respond);
}

}  // namespace berth::app
