#include "cli/client_state.hpp"

#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>

#include "cli/context.hpp"
#include "os/json_text.hpp"
#include "os/replace_file.hpp"

namespace berth::cli {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t largest_state = std::size_t{4} * 1024 * 1024;  // bytes

using Entries = std::map<std::string, std::string>;

// What cannot be read counts as nothing: an entry is recognised by its URL then.
json::object files_in(const std::optional<std::string>& text) {
  if (!text) return {};
  json::error_code error;
  const json::value value = json::parse(*text, error);
  if (error || !value.is_object()) return {};
  const json::value* files = value.as_object().if_contains("files");
  return files != nullptr && files->is_object() ? files->as_object() : json::object();
}

json::object read_state(const std::string& path) {
  const auto content = os::read_whole(path, largest_state);
  return content ? files_in(content->text) : json::object();
}

void collect(const json::object& files, const std::string& file, Entries& out) {
  const json::value* entries = files.if_contains(file);
  if (entries == nullptr || !entries->is_object()) return;
  for (const auto& [name, url] : entries->as_object()) {
    if (url.is_string()) out.emplace(std::string(name), std::string(url.as_string()));
  }
}

}  // namespace

ClientState::ClientState(std::string folder, std::string project)
    : folder_(std::move(folder)), project_(std::move(project)) {}

std::string ClientState::path_of(const std::string& project) const {
  return folder_ + "/" + project + "/clients.json";
}

Entries ClientState::recorded(const std::string& file) const {
  Entries entries;
  collect(read_state(path_of(project_)), file, entries);
  return entries;
}

Entries ClientState::of_others(const std::string& file) const {
  Entries entries;
  std::error_code error;
  for (const auto& folder : fs::directory_iterator(folder_, error)) {
    const std::string project = folder.path().filename().string();
    if (project != project_) collect(read_state(path_of(project)), file, entries);
  }
  return entries;
}

void ClientState::record(const std::string& file, const Entries& entries) const {
  if (recorded(file) == entries) return;
  const std::string path = path_of(project_);
  // What is changed is what is compared when it is written: others may do the same at this moment.
  auto before = os::read_whole(path, largest_state);
  if (!before) throw Stop{exit_failed, before.error()};
  json::object files = files_in(before->text);
  json::object written;
  for (const auto& [name, url] : entries) written[name] = url;
  if (written.empty()) {
    files.erase(file);
  } else {
    files[file] = std::move(written);
  }
  const auto done =
      os::replace_file(*before, os::json_text(json::object{{"schema", 1}, {"files", std::move(files)}}) + "\n");
  if (!done) throw Stop{exit_failed, done.error()};
  if (!done->backup.empty()) ::unlink(done->backup.c_str());  // it is nobody's but ours
}

std::string state_folder() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return std::string(state) + "/berth";
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "" : home) + "/.local/state/berth";
}

}  // namespace berth::cli
