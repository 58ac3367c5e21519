#pragma once
// From the configs of other programs to Berth's.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/import/foreign.hpp"
#include "config/import/secret_finder.hpp"
#include "config/import/shape.hpp"
#include "config/load.hpp"

namespace berth::config {

struct ImportInput {
  std::string text;
  std::string file;    // as it was named
  std::string folder;  // the absolute one that it lies in
};

struct ImportOptions {
  std::string target_folder;  // absolute: where the config will lie
  std::string home;           // absolute; may be empty
  Wrapper wrapper = Wrapper::mcp_proxy;
  // Whether there is such a file: a missing env_file is an error of a config.
  std::function<bool(const std::string& path)> exists;
};

struct ImportedServer {
  std::string name;
  std::string original;  // its name there
  std::string file;
  Source source = Source::claude_desktop;
  Position at;
  Draft draft;
  std::vector<std::string> before;  // comments
  std::vector<std::string> args_before;
};

struct NotLaunched {
  std::string name;
  std::string url;  // without secrets
  std::string file;
  Source source = Source::claude_desktop;
  Position at;
};

struct Import {
  std::vector<std::pair<std::string, Source>> files;
  std::vector<ImportedServer> servers;
  std::vector<NotLaunched> not_launched;
  std::vector<Setting> settings;  // what to set before `berth up`, by name
  std::vector<Diagnostic> found;  // errors, warnings, and notes about what was decided
  std::vector<std::string> head;  // comments at the top of the files
  bool failed = false;            // there are errors, and nothing is to be written
  std::string project;            // a name for the project, where the folder's own will not do
};

Import import_configs(std::span<const ImportInput> inputs, const ImportOptions& options);

// The file of Berth: valid as soon as the settings are set.
std::string to_toml(const Import& import);

}  // namespace berth::config
