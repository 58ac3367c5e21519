#pragma once
// Secrets that are written out in other programs' configs, and the variables that take their place.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/import/words.hpp"

namespace berth::config {

// A variable that must be set before the servers can be started.
struct Setting {
  std::string name;
  bool was_written_out = false;  // a secret that the import has taken out
  bool has_default = false;
  std::string help;                  // of an input of VS Code
  std::vector<std::string> servers;  // that need it
};

class SecretFinder {
 public:
  // A name that a config reads from the environment: no secret gets it.
  void reserve(const std::string& name) { reserved_.insert(name); }

  // The words with their secrets as variables. `server` helps to name them.
  Word in_value(const Word& value, std::string_view name, std::string_view server);
  void in_arguments(std::vector<Word>& args, std::string_view server);

  // A comment without what looks like a secret in it.
  [[nodiscard]] std::string in_comment(std::string_view text) const;
  // A URL without user, password and the secrets among its parameters.
  [[nodiscard]] static std::string in_url(std::string_view text);

  // The variables taken so far, by name.
  [[nodiscard]] bool was_written_out(const std::string& name) const { return values_.contains(name); }

 private:
  Piece variable_for(const std::string& value, std::string_view base, std::string_view server,
                     bool of_environment = false);
  void in_word(Word& word, std::string_view server);

  std::set<std::string> reserved_;
  std::map<std::string, std::string> values_;  // by the name of the variable
};

// Would anybody keep this value of this variable to himself?
bool is_secret_value(std::string_view name, std::string_view value);

}  // namespace berth::config
