#pragma once
// A stranger on a port, as long as the object lives.

#include <sys/types.h>

#include <string>

#include "support/program.hpp"
#include "support/sandbox.hpp"

namespace harness {

// How a thief at `port` is run, for a test that does not wait for it.
ProgramPlan thief_plan(Sandbox& sandbox, int port, const Arguments& more);

class Thief {
 public:
  // Starts a thief at `port` and waits until it listens or has found the port busy. With `--reuseaddr` it can
  // take a port that Berth merely holds.
  Thief(Sandbox& sandbox, int port, const Arguments& more = {"--reuseaddr"});

  [[nodiscard]] bool got_the_port() const { return got_it_; }
  [[nodiscard]] std::string holder() const;  // as the status names it
  void leave();

 private:
  Program program_;
  bool got_it_ = false;
};

}  // namespace harness
