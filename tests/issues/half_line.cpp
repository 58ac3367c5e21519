// What a grandchild wrote after its server's end, without an end of line, became the beginning of the next run's first
// line.

#include <signal.h>

#include <sstream>

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

TEST_CASE("The last words of a run do not begin the first line of the next") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").command("/bin/sh", {sandbox.file("web.sh").string()}).set("ready.probe", "none");
  // The rest of a run gets the stop signal once its leader has ended.
  write_file(sandbox.file("web.sh"),
             "(trap 'printf half; exit' TERM; : > \"$0.trapped\"; while :; do sleep 0.01; done) 2> /dev/null &\n"
             "until rm \"$0.trapped\" 2> /dev/null; do sleep 0.01; done\n"
             "echo whole\n"
             "exit 3\n");
  sandbox.write(config);
  Program up = sandbox.start_berth({"up"});
  const bool thrice = eventually([&] {
    const std::string out = up.out();
    std::size_t wholes = 0;
    for (auto at = out.find("whole"); at != std::string::npos; at = out.find("whole", at + 1)) ++wholes;
    return wholes >= 3;
  });
  REQUIRE(thrice);
  up.signal(SIGTERM);
  REQUIRE(up.wait());
  std::istringstream lines(up.out());
  std::size_t halves = 0;
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    const bool half = line.ends_with(" half");
    CHECK((half || line.ends_with(" whole")));
    if (half) ++halves;
  }
  CHECK(halves >= 2);
  CHECK(sandbox.nothing_left());
}
