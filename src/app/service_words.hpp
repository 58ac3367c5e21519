#pragma once
// What a service manager is told of the servers: one line, and whether that is to be called ready.

#include <berth/supervisor.hpp>
#include <string>
#include <vector>

#include "core/lifecycle.hpp"

namespace berth::app {

// How one server stands.
struct Standing {
  std::string name;
  core::State state = core::State::stopped;
  bool wanted = false;    // up
  bool ready = false;     // or ended by itself without an error, which is as well
  bool hopeless = false;  // not ready soon, as far as can be told
  bool there = false;     // something of it lives
  std::string why;        // it is not ready; redacted

  friend bool operator==(const Standing&, const Standing&) = default;
};

// "3 of 4 ready; web: backoff, port 50000 is held by node (pid 812)". The worst come first, and three of them; the rest
// is counted.
std::string service_line(const std::vector<Standing>& servers);

// "going down, 2 of 4 left: web, db".
std::string farewell_line(const std::vector<Standing>& servers);

bool is_up(Notify until, const std::vector<Standing>& servers);

}  // namespace berth::app
