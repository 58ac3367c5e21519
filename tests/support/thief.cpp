#include "support/thief.hpp"

#include "support/catch.hpp"
#include "support/eventually.hpp"

namespace harness {

ProgramPlan thief_plan(Sandbox& sandbox, int port, const Arguments& more) {
  Arguments args{"--port", std::to_string(port)};
  args.insert(args.end(), more.begin(), more.end());
  ProgramPlan planned = sandbox.plan(THIEF_PROGRAM, args);
  planned.stdin_is = Stdin::pipe;
  // A stranger to the project in every respect: the sandbox looks for its own processes by this variable.
  planned.environment.erase("BERTH_TEST_SANDBOX");
  return planned;
}

Thief::Thief(Sandbox& sandbox, int port, const Arguments& more) : program_(thief_plan(sandbox, port, more)) {
  const bool said = eventually([this] { return !program_.out().empty() || !program_.running(); });
  REQUIRE(said);
  got_it_ = program_.out().starts_with("ready");
}

std::string Thief::holder() const {
  return "thief (pid " + std::to_string(program_.pid()) + ")";
}

void Thief::leave() {
  program_.close_stdin();
  const auto ended = program_.wait();
  REQUIRE(ended);
}

}  // namespace harness
