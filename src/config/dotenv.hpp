#pragma once
// The NAME=VALUE files that `env_file` names.

#include <berth/config.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"

namespace berth::config {

struct Dotenv {
  struct Error {
    Position at;
    std::string message;
    std::string hint;
  };

  EnvironmentList variables;  // in file order; of a repeated name the last value
  std::vector<Error> errors;
};

// Blank lines, `# comments`, an `export ` in front, LF and CRLF. A plain value ends before ` #` or with its line and
// is trimmed; 'single quotes' hold everything as it is, "double quotes" know \n \r \t \" \\ \$ and both may run over
// several lines. Nothing is substituted.
Dotenv parse_dotenv(std::string_view text);

}  // namespace berth::config
