// On a narrow terminal the lines of the status table wrapped into each other.

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

namespace {

// What `berth status` writes to a terminal with so many columns.
std::vector<std::string> status_on_terminal(Sandbox& sandbox, unsigned columns) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(terminal >= 0);
  REQUIRE(::grantpt(terminal) == 0);
  REQUIRE(::unlockpt(terminal) == 0);
  const std::string name = ::ptsname(terminal);
  const int keeper = ::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);  // what was written stays to be read
  REQUIRE(keeper >= 0);
  winsize size{};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  REQUIRE(::ioctl(terminal, TIOCSWINSZ, &size) == 0);
  const std::string command = std::string("exec ") + BERTH_PROGRAM + " --color never status > " + name;
  run(sandbox.plan("/bin/sh", {"-c", command}));

  ::fcntl(terminal, F_SETFL, O_NONBLOCK);
  std::string text;
  char block[4096];
  for (ssize_t got = 0; (got = ::read(terminal, block, sizeof(block))) > 0;) {
    text.append(block, static_cast<std::size_t>(got));
  }
  ::close(keeper);
  ::close(terminal);
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    line.erase(std::remove(line.begin(), line.end(), '\r'), line.end());
    lines.push_back(line);
  }
  return lines;
}

// Characters, not bytes.
std::size_t width(const std::string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void check_fits(Sandbox& sandbox, unsigned columns, std::size_t servers) {
  const auto lines = status_on_terminal(sandbox, columns);
  REQUIRE(lines.size() == servers + 1);
  for (const std::string& line : lines) {
    INFO(columns << " columns: |" << line << "|");
    CHECK(width(line) <= columns);
  }
  CHECK(lines.front().find("NAME") == 0);
  CHECK(lines.front().find("STATE") != std::string::npos);
  const auto detail = lines.front().find("DETAIL");
  if (columns >= 40 && servers == 2) CHECK(detail != std::string::npos);
}

}  // namespace

TEST_CASE("The status table fits every terminal") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  config.server("crashing").args({"--exit=3"}).set("backoff.initial", "10m").set("backoff.max", "10m");
  sandbox.write(config);
  sandbox.up();
  sandbox.await("web", "ready");
  sandbox.await("crashing", "backoff");
  for (const unsigned columns : {20U, 40U, 60U, 80U, 100U, 200U}) check_fits(sandbox, columns, 2);
  const auto narrow = status_on_terminal(sandbox, 40);
  CHECK(narrow.front().find("LAST EXIT") == std::string::npos);
  const auto wide = status_on_terminal(sandbox, 200);
  CHECK(wide.front().find("LAST EXIT") != std::string::npos);
  sandbox.down();
}

TEST_CASE("The status table fits a narrow terminal whatever the servers are called") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server(std::string(63, 'n'));
  sandbox.write(config);
  sandbox.up({"--wait"});
  for (const unsigned columns : {40U, 60U, 80U}) check_fits(sandbox, columns, 1);
  sandbox.down();
}
