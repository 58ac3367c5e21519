#include <boost/json/array.hpp>

#include "app/explanation.hpp"
#include "app/json_values.hpp"
#include "app/status_json.hpp"
#include "core/words.hpp"
#include "os/clock.hpp"

namespace berth::app {

namespace json = boost::json;

namespace {

json::array texts(const std::vector<std::string>& lines) {
  return json::array(lines.begin(), lines.end());
}

json::value to_json(const std::optional<Evidence>& evidence) {
  if (!evidence) return nullptr;
  json::value probe = nullptr;
  if (evidence->answer) {
    const ProbeResult& result = evidence->answer->result;
    probe = json::object{{"at", os::timestamp(evidence->answer->at)},
                         {"alive", result.alive},
                         {"status", result.status == 0 ? json::value(nullptr) : json::value(result.status)},
                         {"message", result.message}};
  }
  return json::object{{"listens", evidence->own_here},
                      {"addresses", texts(evidence->addresses)},
                      {"stranger", text_or_null(evidence->stranger)},
                      {"listens_elsewhere", maybe(evidence->own_elsewhere)},
                      {"note", text_or_null(evidence->note)},
                      {"said_taken", evidence->said_taken},
                      {"probe", std::move(probe)}};
}

json::object to_json(const core::PortStay& stay) {
  return json::object{{"port", stay.port},
                      {"since", os::timestamp(stay.since)},
                      {"until", stay.until ? json::value(os::timestamp(*stay.until)) : json::value(nullptr)},
                      {"end", core::to_string(stay.end)},
                      {"reason", text_or_null(stay.reason)},
                      {"holder", text_or_null(stay.holder)}};
}

json::object to_json(const core::PastExit& exit) {
  const bool signalled = exit.status.signal != 0;
  return json::object{{"at", os::timestamp(exit.at)},
                      {"code", signalled ? json::value(nullptr) : json::value(exit.status.code)},
                      {"signal", signalled ? json::value(core::signal_name(exit.status.signal)) : json::value(nullptr)},
                      {"cause", core::to_string(exit.cause)},
                      {"message", exit.message},
                      {"pid", exit.pid},
                      {"port", exit.port},
                      {"ran_for_s", static_cast<double>(exit.ran_for.count()) / 1000.0}};
}

}  // namespace

json::object to_json(std::string_view server, const core::HistoryEvent& event) {
  return json::object{{"at", os::timestamp(event.at)},
                      {"server", server},
                      {"from", core::to_string(event.from)},
                      {"to", core::to_string(event.to)},
                      {"cause", event.cause ? json::value(core::to_string(*event.cause)) : json::value(nullptr)},
                      {"message", event.message},
                      {"port", maybe(event.port)},
                      {"pid", maybe(event.pid)}};
}

// Newest first where there are several, but for the events, which are a story.
json::object to_json(const Explanation& e) {
  json::array ports;
  for (auto stay = e.history.ports().rbegin(); stay != e.history.ports().rend(); ++stay)
    ports.push_back(to_json(*stay));
  json::array exits;
  for (auto exit = e.history.exits().rbegin(); exit != e.history.exits().rend(); ++exit)
    exits.push_back(to_json(*exit));
  json::array events;
  for (const core::HistoryEvent& event : e.history.events()) events.push_back(to_json(e.status.name, event));
  return json::object{{"schema", 1},
                      {"name", e.status.name},
                      {"state", e.status.state},
                      {"why", e.why},
                      {"next", e.next},
                      {"advice", text_or_null(e.advice)},
                      {"status", to_json(e.status)},
                      {"command", json::object{{"argv", texts(e.command)}, {"launched", e.launched}, {"cwd", e.cwd}}},
                      {"limits", texts(e.limits)},
                      {"log", e.log},
                      {"evidence", to_json(e.evidence)},
                      {"ports", std::move(ports)},
                      {"exits", std::move(exits)},
                      {"output", texts(e.output)},
                      {"events", std::move(events)},
                      {"dropped", json::object{{"events", e.history.dropped_events()},
                                               {"exits", e.history.dropped_exits()},
                                               {"ports", e.history.dropped_ports()}}}};
}

}  // namespace berth::app
