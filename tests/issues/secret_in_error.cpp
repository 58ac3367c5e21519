// The value of a variable was printed in the error about the key that it was used for.

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("What a variable holds is not told in an error about it") {
  Sandbox sandbox;
  sandbox.write(
      std::string("[[servers]]\nname = \"web\"\ncommand = \"true\"\nport = \"${BERTH_TEST_SECRET}\"\n"
                  "stop.signal = \"${BERTH_TEST_SECRET}\"\nstop.timeout = \"${BERTH_TEST_SECRET}\"\n"));
  ProgramPlan plan = sandbox.plan(BERTH_PROGRAM, {"check", "--json"});
  plan.environment["BERTH_TEST_SECRET"] = "supersecretvalue";
  const Result result = run(plan, patience);
  CHECK(result.code == 2);
  CHECK(result.out.find("supersecret") == std::string::npos);
  CHECK(result.err.find("supersecret") == std::string::npos);
}
