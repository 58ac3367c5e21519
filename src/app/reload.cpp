#include "app/reload.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <filesystem>

namespace berth::app {

namespace json = boost::json;
using config::Diagnostic;
using config::Fate;
using config::Severity;

namespace {

json::array texts(const std::vector<std::string>& all) {
  json::array array;
  for (const std::string& one : all) array.emplace_back(one);
  return array;
}

json::array names(const config::ReloadPlan& plan, Fate fate) {
  json::array array;
  for (const config::ServerChange* change : plan.of(fate)) array.emplace_back(change->name);
  return array;
}

json::object change_json(const config::ServerChange& change) {
  json::object object{{"name", change.name}, {"plan", to_string(change.fate)}};
  object["was"] = change.was ? json::value(*change.was) : json::value(nullptr);
  object["keys"] = texts(change.keys);
  object["note"] = change.note;
  return object;
}

std::string_view word(Severity severity) {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::note: return "note";
  }
  return "?";
}

json::array diagnostics_json(const std::vector<Diagnostic>& diagnostics) {
  json::array array;
  for (const Diagnostic& one : diagnostics) {
    array.push_back(json::object{{"severity", word(one.severity)},
                                 {"file", one.file},
                                 {"line", one.line},
                                 {"column", one.column},
                                 {"message", one.message},
                                 {"hint", one.hint},
                                 {"text", to_string(one)}});
  }
  return array;
}

}  // namespace

Reload read_again(const Config& now, const std::optional<std::string>& project,
                  const std::map<std::string, Port>& berths) {
  Reload reload{.file = now.path};
  config::LoadOptions options;
  options.project = project;
  options.wait_for_pipes = false;  // nobody would look after the servers meanwhile
  auto read = config::load(now.path, options);
  reload.diagnostics = std::move(read.diagnostics);
  reload.files = std::move(read.files);
  if (!read.config) return reload;
  // Half of a save, or a full disk: nobody means by this that all is to end.
  std::error_code error;
  if (std::filesystem::file_size(now.path, error) == 0 && !error && !now.servers.empty()) {
    reload.diagnostics.push_back(
        {Severity::error, now.path, 1, 1, "the file is empty", "`berth down` ends all servers"});
    return reload;
  }
  reload.plan = config::plan_reload(now, *read.config, berths);
  reload.config = config::carried_out(now, std::move(*read.config));
  return reload;
}

json::object to_json(const Reload& reload, bool dry_run) {
  const auto& plan = reload.plan;
  json::array changes;
  for (const auto& change : plan.servers) {
    if (change.fate != Fate::unchanged) changes.push_back(change_json(change));
  }
  return {{"dry_run", dry_run},
          {"config", reload.file},
          {"added", names(plan, Fate::added)},
          {"removed", names(plan, Fate::removed)},
          {"restarted", names(plan, Fate::restarted)},
          {"applied_live", names(plan, Fate::live)},
          {"unchanged", names(plan, Fate::unchanged)},
          {"changes", std::move(changes)},
          {"supervisor", json::object{{"applied_live", texts(plan.live_keys)}, {"pending", texts(plan.waiting_keys)}}},
          {"diagnostics", diagnostics_json(reload.diagnostics)},
          {"text", texts(lines(plan))}};
}

json::object refusal_json(const Reload& reload) {
  const auto first = std::ranges::find(reload.diagnostics, Severity::error, &Diagnostic::severity);
  std::string message = "the config is not valid; nothing was changed";
  if (first != reload.diagnostics.end()) message += ": " + to_string(*first);
  return {{"error", json::object{{"code", "invalid_config"},
                                 {"message", message},
                                 {"diagnostics", diagnostics_json(reload.diagnostics)}}}};
}

}  // namespace berth::app
