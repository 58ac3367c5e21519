#include "support/config_text.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace harness {
namespace {

// A JSON string is a TOML basic string.
std::string quoted(const std::string& text) {
  return boost::json::serialize(boost::json::string(text));
}

void replace(Keys& keys, const std::string& key, const Toml& value) {
  std::erase_if(keys, [&key](const auto& entry) { return entry.first == key; });
  keys.emplace_back(key, value);
}

std::string lines(const Keys& keys) {
  std::string text;
  for (const auto& [key, value] : keys) text += key + " = " + value.text() + "\n";
  return text;
}

std::string shell_quoted(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "'" : " '") + word + "'";
  return line;
}

}  // namespace

Toml::Toml(const char* text) : text_(quoted(text)) {}
Toml::Toml(const std::string& text) : text_(quoted(text)) {}
Toml::Toml(bool value) : text_(value ? "true" : "false") {}
Toml::Toml(int value) : text_(std::to_string(value)) {}
Toml::Toml(double value) : text_(std::to_string(value)) {}
Toml::Toml(const std::vector<std::string>& list) {
  for (const std::string& word : list) text_ += (text_.empty() ? "[" : ", ") + quoted(word);
  text_ = text_.empty() ? "[]" : text_ + "]";
}

ServerText::ServerText(std::string name, std::string tag) : tag_("--tag=" + std::move(tag)) {
  set("name", name);
  command(HOSTILE_PROGRAM, {tag_});
  set("ready.settle", "100ms");
  set("ready.timeout", "30s");
  set("backoff.initial", "50ms");
  set("backoff.max", "200ms");
  set("backoff.jitter", 0.0);
  set("stop.timeout", "5s");
}

ServerText& ServerText::args(const std::vector<std::string>& list) {
  std::vector<std::string> all{tag_};
  all.insert(all.end(), list.begin(), list.end());
  return set("args", all);
}

ServerText& ServerText::command(const std::string& path, const std::vector<std::string>& list) {
  return set("command", path).set("args", list);
}

ServerText& ServerText::set(const std::string& key, const Toml& value) {
  replace(keys_, key, value);
  return *this;
}

ServerText& ServerText::through_shell() {
  // `& wait` keeps the shell from replacing itself by its only command. In a Berth argument `$` is special; this
  // line needs none.
  return command("/bin/sh", {"-c", shell_quoted({HOSTILE_PROGRAM, tag_}) + " & wait"});
}

std::string ServerText::text() const {
  return "\n[[servers]]\n" + lines(keys_);
}

ConfigText::ConfigText(std::string project, const PortRange& ports)
    : project_(std::move(project)),
      range_("[" + std::to_string(ports.first()) + ", " + std::to_string(ports.last()) + "]") {}

ServerText& ConfigText::server(const std::string& name) {
  return servers_.emplace_back(name, project_);
}

ConfigText& ConfigText::ports(const std::string& key, const Toml& value) {
  replace(ports_, key, value);
  return *this;
}

ConfigText& ConfigText::supervisor(const std::string& key, const Toml& value) {
  replace(supervisor_, key, value);
  return *this;
}

ConfigText& ConfigText::metrics(const std::string& key, const Toml& value) {
  replace(metrics_, key, value);
  return *this;
}

std::string ConfigText::text() const {
  std::string text = "name = " + quoted(project_) + "\n\n[ports]\nrange = " + range_ + "\n" + lines(ports_);
  if (!supervisor_.empty()) text += "\n[supervisor]\n" + lines(supervisor_);
  if (!metrics_.empty()) text += "\n[metrics]\n" + lines(metrics_);
  for (const ServerText& server : servers_) text += server.text();
  return text;
}

}  // namespace harness
