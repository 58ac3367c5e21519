#pragma once
// Collects what there is to say about a file, in whatever order the checks run.

#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"
#include "config/load.hpp"
#include "config/secrets.hpp"

namespace berth::config {

class Report {
 public:
  // `file` as the user gave it.
  explicit Report(std::string file) : file_(std::move(file)) {}

  void add(Severity severity, Position at, std::string message, std::string hint = "");
  void error(Position at, std::string message, std::string hint = "");
  void warning(Position at, std::string message, std::string hint = "");
  void note(Position at, std::string message, std::string hint = "");

  // About another file (an env_file), shown where this one names it.
  void error_elsewhere(Position named_at, std::string file, Position at, std::string message, std::string hint = "");

  // A value that is not to be repeated in anything that is said, before this or after.
  void hide(std::string_view secret) { secrets_.add(secret); }

  [[nodiscard]] bool has_errors() const { return has_errors_; }

  // In the order of the file, each thing once: a mistake in [defaults] is met again in every server.
  std::vector<Diagnostic> take();

 private:
  struct Entry {
    Position anchor;
    Diagnostic diagnostic;
  };

  std::string file_;
  std::vector<Entry> entries_;
  SecretValues secrets_;
  bool has_errors_ = false;
};

}  // namespace berth::config
