#pragma once
// What every end-to-end test needs. The tests are written against the program as a user sees it: its commands,
// its exit codes and its status document.

#include <fstream>
#include <string>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/facts.hpp"
#include "support/http.hpp"
#include "support/proc.hpp"
#include "support/sandbox.hpp"
#include "support/thief.hpp"

namespace e2e {

using namespace harness;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

// A file that a hostile child waits for: `--listen-when=` a gate and the child binds when the test says so.
// `name` may hold `{port}`, which Berth fills in.
inline std::string gate(const Sandbox& sandbox, const std::string& name) {
  return sandbox.file("gate-" + name).string();
}
inline void open_gate(const Sandbox& sandbox, const std::string& name) {
  write_file(gate(sandbox, name), "");
}
inline std::string port_gate(const Sandbox& sandbox) {
  return gate(sandbox, "{port}");
}
inline void open_port_gate(const Sandbox& sandbox, int port) {
  open_gate(sandbox, std::to_string(port));
}

// Options for a child that misbehaves on its first `times` starts only.
inline Arguments misbehaving(const Sandbox& sandbox, int times, Arguments args) {
  args.push_back("--misbehave-times=" + std::to_string(times));
  args.push_back("--count-file=" + sandbox.file("starts").string());
  return args;
}

// Waits until the child is launched on `port`, with the gate still closed.
inline Object await_launch(Sandbox& sandbox, const std::string& name, int port) {
  return sandbox.await(name, "starting on port " + std::to_string(port), [port](const Object& server) {
    return text(server, "state") == "starting" && !is_null(server, "pid") && !is_null(server, "port") &&
           number(server, "port") == port;
  });
}

// As Berth's own log tells it: a moment of `ready` between two looks at the status counts too.
inline bool ever_ready(Sandbox& sandbox, const std::string& name) {
  std::ifstream log(sandbox.log_dir() / "berth.log");
  REQUIRE(log.is_open());
  for (std::string line; std::getline(log, line);) {
    if (line.find(" " + name + " is ready") != std::string::npos) return true;
  }
  return false;
}

}  // namespace e2e
