#include "cli/watch_model.hpp"

#include <algorithm>
#include <boost/json/value.hpp>
#include <cctype>
#include <utility>

#include "cli/selection.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

std::string name_of(const json::value& server) {
  return std::string(server.at("name").as_string());
}

std::optional<double> number(const json::value& value) {
  return value.is_number() ? std::optional(value.to_number<double>()) : std::nullopt;
}

void keep(std::deque<std::optional<double>>& samples, std::optional<double> value) {
  samples.push_back(value);
  if (samples.size() > WatchModel::most_samples) samples.pop_front();
}

// "retry in 14s: exit code 1" and "retry in 13s: exit code 1" say the same.
std::string without_countdown(std::string_view detail) {
  std::string out;
  for (std::size_t i = 0; i < detail.size(); ++i) {
    const bool number = std::isdigit(static_cast<unsigned char>(detail[i])) != 0 || detail[i] == '.';
    if (!number) out += detail[i];
  }
  return out;
}

}  // namespace

void WatchModel::take(json::object document) {
  json::array servers = select(document.at("servers").as_array(), names_);
  const auto field = [](const json::object& from, const char* key) {
    const auto* value = from.if_contains(key);
    return value == nullptr ? json::value(nullptr) : *value;
  };
  const bool same_supervisor = !lost_ && field(document_, "pid") == field(document, "pid") &&
                               field(document_, "started_at") == field(document, "started_at");
  const double at = number(document.at("uptime_s")).value_or(0);
  const std::string chosen = selected() == nullptr ? "" : name_of(*selected());
  for (const auto& server : servers) sample(server.as_object(), at, same_supervisor);

  document_ = std::move(document);
  servers_ = std::move(servers);
  lost_.reset();
  const auto found = std::find_if(servers_.begin(), servers_.end(),
                                  [&](const json::value& server) { return name_of(server) == chosen; });
  if (found != servers_.end()) selected_ = static_cast<std::size_t>(found - servers_.begin());
  move(0);
}

void WatchModel::sample(const json::object& server, double at, bool same_supervisor) {
  const std::string name(server.at("name").as_string());
  const auto cpu_s = number(server.at("cpu_s"));
  const auto& pid_value = server.at("pid");
  const auto pid = pid_value.is_number() ? std::optional(pid_value.to_number<std::int64_t>()) : std::nullopt;
  Before& before = before_[name];
  Samples& samples = samples_[name];
  // What a tree has used shrinks when one of its processes ends: nothing is known of that time.
  const bool comparable =
      same_supervisor && before.pid == pid && before.cpu_s && cpu_s && at > before.at && *cpu_s >= *before.cpu_s;
  keep(samples.cpu, comparable ? std::optional((*cpu_s - *before.cpu_s) / (at - before.at)) : std::nullopt);
  keep(samples.memory, number(server.at("memory_bytes")));
  before = {at, cpu_s, pid};
}

void WatchModel::lose(std::string why, double seconds) {
  lost_ = std::move(why);
  lost_for_ = seconds;
}

void WatchModel::move(std::int64_t rows) {
  const auto last = static_cast<std::int64_t>(servers_.size()) - 1;
  selected_ = static_cast<std::size_t>(
      std::clamp<std::int64_t>(static_cast<std::int64_t>(selected_) + rows, 0, std::max<std::int64_t>(last, 0)));
}

const json::object* WatchModel::selected() const {
  return selected_ < servers_.size() ? &servers_[selected_].as_object() : nullptr;
}

const Samples& WatchModel::samples_of(const std::string& name) const {
  static const Samples none;
  const auto found = samples_.find(name);
  return found == samples_.end() ? none : found->second;
}

bool has_changed(const json::array& before, const json::array& after) {
  return !std::equal(
      before.begin(), before.end(), after.begin(), after.end(), [](const json::value& a, const json::value& b) {
        const auto same = [&](const char* key) { return a.at(key) == b.at(key); };
        const bool counts_down = a.at("state") != "ready";
        const auto detail = [&](const json::value& server) {
          const std::string text(server.at("detail").as_string());
          return counts_down ? without_countdown(text) : text;
        };
        return same("name") && same("state") && same("wanted") && same("pid") && same("port") && same("url") &&
               same("starts") && same("restarts") && same("consecutive_failures") && same("port_conflicts") &&
               same("last_exit") && same("reason") && same("mcp") && detail(a) == detail(b);
      });
}

}  // namespace berth::cli
