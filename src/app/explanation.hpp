#pragma once
// How one server came to be as it is: cause and evidence, as a value. Every text in it is redacted and fit to be shown.

#include <berth/status.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/prober.hpp"
#include "core/history.hpp"

namespace berth::app {

// What was seen of the run that lives.
struct Evidence {
  struct Answer {
    WallTime at;
    ProbeResult result;
  };
  bool own_here = false;               // its tree listens on its port
  std::vector<std::string> addresses;  // ADDRESS:PORT, on which it does
  std::string stranger;                // who else listens on its port; "another process" when that is not known
  std::optional<Port> own_elsewhere;   // another port, on which its tree listens
  std::string note;
  bool said_taken = false;       // a line of its output says that its port is taken
  std::optional<Answer> answer;  // to the last probe
};

struct Explanation {
  ServerStatus status;
  std::string why;                   // a sentence each
  std::string next;                  // what happens unasked, and when
  std::string advice;                // what a person can do; empty: nothing is amiss
  bool launched = false;             // the command line is that of the last launch; else what the configuration says
  std::vector<std::string> command;  // executable and arguments
  std::string cwd;
  std::vector<std::string> limits;   // that it has: "memory 512 MiB (control group)"
  std::string log;                   // the file with its output
  std::optional<Evidence> evidence;  // empty: no process lives
  std::vector<std::string> output;   // the last lines of this run, or of the last one
  core::ServerHistory history;
};

boost::json::object to_json(const Explanation& explanation);

// `{ "at", "server", "from", "to", "cause", "message", "port", "pid" }`.
boost::json::object to_json(std::string_view server, const core::HistoryEvent& event);

}  // namespace berth::app
