#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <iostream>
#include <optional>

#include "cli/control_client.hpp"
#include "cli/next_step.hpp"
#include "cli/service.hpp"
#include "cli/service_unit.hpp"
#include "cli/systemd_user.hpp"
#include "os/clock.hpp"
#include "os/json_text.hpp"

namespace berth::cli {

namespace json = boost::json;
using There = ServiceUnit::There;

namespace {

struct Seen {
  ServiceUnit unit;
  std::string no_manager;  // why nobody answers; empty: somebody does
  UnitState state;
  std::optional<std::vector<std::string>> drift;  // nothing: it could not be told
  std::string no_drift;                           // why
  std::optional<pid_t> answers;                   // who does so on the project's socket
};

Seen see(const Context& context) {
  Seen seen;
  seen.unit = look_at_unit(context.project());
  const auto manager = SystemdUser::find();
  if (manager) seen.state = manager->show(seen.unit.name);
  if (!manager) seen.no_manager = manager.error();
  seen.answers = supervisor_pid(context.socket());
  if (seen.unit.there != There::ours) return seen;
  try {
    const std::map<std::string, std::string> nothing;
    const auto wanted = wanted_unit(context, manager ? manager->environment() : nothing, {});
    seen.drift = unit_drift(seen.unit.text, wanted.text);
  } catch (const Stop& stop) {
    seen.no_drift = stop.message.empty() ? "the configuration is not valid" : stop.message;
  }
  return seen;
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value number_or_null(const std::optional<pid_t>& pid) {
  return pid ? json::value(*pid) : json::value(nullptr);
}

json::object document(const Seen& seen) {
  const bool asked = seen.no_manager.empty();
  json::object object{{"unit", seen.unit.name},
                      {"file", seen.unit.path},
                      {"installed", seen.unit.there == There::ours},
                      {"foreign", seen.unit.there == There::foreign}};
  json::array drift;
  for (const std::string& line : seen.drift.value_or(std::vector<std::string>{})) drift.emplace_back(line);
  object["current"] = seen.drift ? json::value(seen.drift->empty()) : json::value(nullptr);
  object["drift"] = std::move(drift);
  object["no_systemd"] = text_or_null(seen.no_manager);
  object["enabled"] = asked ? json::value(seen.state.enabled == "enabled") : json::value(nullptr);
  object["active"] = text_or_null(seen.state.active);
  object["sub"] = text_or_null(seen.state.sub);
  object["result"] = text_or_null(seen.state.result);
  object["says"] = text_or_null(seen.state.says);
  object["main_pid"] = number_or_null(seen.state.pid);
  object["since"] = seen.state.since ? json::value(os::timestamp(*seen.state.since)) : json::value(nullptr);
  object["supervisor"] = json::object{{"answers", seen.answers.has_value()},
                                      {"pid", number_or_null(seen.answers)},
                                      {"is_the_service", seen.answers && seen.answers == seen.state.pid}};
  return object;
}

std::string file_words(const Seen& seen) {
  switch (seen.unit.there) {
    case There::nothing: return "none; `" + next_step("service install") + "` writes " + seen.unit.path;
    case There::foreign: return seen.unit.path + ", which `berth service` has not written";
    case There::ours: break;
  }
  if (!seen.drift) return seen.unit.path + "; whether it is up to date cannot be told: " + seen.no_drift;
  if (seen.drift->empty()) return seen.unit.path + ", up to date";
  return seen.unit.path + ", not what `" + next_step("service install") + "` would write now:";
}

std::string activity(const Seen& seen) {
  if (!seen.no_manager.empty()) return "not known, no systemd answers for this user: " + seen.no_manager;
  std::string words = seen.state.active.empty() ? "inactive" : seen.state.active;
  if (!seen.state.sub.empty()) words += " (" + seen.state.sub + ")";
  if (seen.state.active == "failed") words += ", " + seen.state.result;
  if (seen.state.since) words += " since " + os::timestamp(*seen.state.since);
  if (seen.state.pid) words += ", pid " + std::to_string(*seen.state.pid);
  return words;
}

std::string supervisor_words(const Seen& seen) {
  if (!seen.answers) return "none answers";
  const std::string pid = "answers, pid " + std::to_string(*seen.answers);
  return seen.answers == seen.state.pid ? pid : pid + ", and is not that of the service";
}

void print(const Seen& seen) {
  std::cout << seen.unit.name << "\n  file        " << file_words(seen) << "\n";
  for (const std::string& line : seen.drift.value_or(std::vector<std::string>{})) {
    std::cout << "              " << line << "\n";
  }
  if (seen.no_manager.empty()) {
    std::cout << "  enabled     " << (seen.state.enabled == "enabled" ? "yes" : "no") << "\n";
  }
  std::cout << "  active      " << activity(seen) << "\n";
  if (!seen.state.says.empty()) std::cout << "  says        " << seen.state.says << "\n";
  std::cout << "  supervisor  " << supervisor_words(seen) << "\n";
}

}  // namespace

int service_status(const Context& context, const ServiceOptions& options) {
  const Seen seen = see(context);
  if (options.json) {
    std::cout << os::json_text(document(seen)) << "\n";
  } else {
    print(seen);
  }
  return seen.unit.there == There::ours && seen.state.runs() ? exit_ok : exit_not_ready;
}

}  // namespace berth::cli
