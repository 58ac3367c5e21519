#pragma once
// From a TOML file to a berth::Config, or to everything that is wrong with it in one go.

#include <berth/config.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::config {

enum class Severity { error, warning, note };

struct Diagnostic {
  Severity severity = Severity::error;
  std::string file;     // as it was given by the user
  unsigned line = 1;    // from 1
  unsigned column = 1;  // from 1, in characters (code points), not bytes
  std::string message;
  std::string hint;  // how to mend it; may be empty
};

// `FILE:LINE:COL: error: MESSAGE (HINT)`, one line, no newline at its end.
std::string to_string(const Diagnostic&);

// Looks a variable of Berth's own environment up.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;
Lookup process_environment();

struct LoadOptions {
  Lookup environment = process_environment();
  std::optional<std::string> project;  // -p NAME: wins over `name` and the folder's name
  bool wait_for_pipes = true;          // a pipe in the place of a file is read until its end; otherwise it is an error
};

struct LoadResult {
  std::optional<Config> config;         // empty when there is an error
  std::vector<Diagnostic> diagnostics;  // in the order of the file
  std::vector<std::string> files;       // that it was made from, absolute: this one, and each `env_file`
};

// Reads and validates `file`. Never throws: an unreadable file is a diagnostic at 1:1.
LoadResult load(const std::string& file, const LoadOptions& options = {});

// The same for text that is already in memory; `file` gives the name for messages and the folder that `cwd`
// and `env_file` are relative to.
LoadResult parse(std::string_view text, const std::string& file, const LoadOptions& options = {});

}  // namespace berth::config
