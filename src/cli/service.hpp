#pragma once
// `berth service`: this project as a service of this user's systemd.

#include <string>
#include <vector>

#include "cli/context.hpp"

namespace berth::cli {

struct ServiceOptions {
  std::string action;            // install, remove, status
  std::vector<std::string> env;  // variables to be handed on
  bool now = false;              // said, which is as if not said
  bool start = true;
  bool print = false;
  bool json = false;
};

int service_status(const Context& context, const ServiceOptions& options);

}  // namespace berth::cli
