// The unit that `berth service install` writes.

#include "cli/unit_file.hpp"

#include "support/catch.hpp"

namespace berth::cli {
namespace {

using namespace std::chrono_literals;

UnitFacts facts() {
  return {"tour", "0.1.0", "/usr/bin/berth", {"-c", "/home/me/berth.toml"}, {{"PATH", "/usr/bin:/bin"}}, 30s};
}

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

TEST_CASE("A plain word of a unit stays as it is") {
  CHECK(unit_word("/home/me/berth.toml") == "/home/me/berth.toml");
  CHECK(unit_word("--log-dir") == "--log-dir");
}

TEST_CASE("Blanks, quotes and what systemd would read otherwise are escaped") {
  CHECK(unit_word("/a b") == "\"/a b\"");
  CHECK(unit_word("") == "\"\"");
  CHECK(unit_word(";") == "\";\"");
  CHECK(unit_word("100%") == "100%%");
  CHECK(unit_word("$HOME") == "$$HOME");
  CHECK(unit_word("it's") == "\"it's\"");
  CHECK(unit_word("a\"b\\c") == "\"a\\\"b\\\\c\"");
  CHECK(unit_word("a\nb\tc") == "\"a\\x0ab\\x09c\"");
  CHECK(unit_word("ü") == "\"ü\"");
}

TEST_CASE("A dollar is itself in the program's path and in an assignment") {
  CHECK(unit_program("/opt/$x y%/berth") == "\"/opt/$x y%%/berth\"");
  CHECK(unit_assignment("A", "$x %h") == "\"A=$x %%h\"");
}

TEST_CASE("The unit names program, configuration, variables and a stop that is long enough") {
  const std::string text = unit_text(facts());
  CHECK(text.starts_with(unit_mark));
  CHECK(has(text, "\nExecStart=/usr/bin/berth -c /home/me/berth.toml up --notify settled\n"));
  CHECK(has(text, "\nExecReload=/usr/bin/berth -c /home/me/berth.toml reload\n"));
  CHECK(has(text, "\nEnvironment=PATH=/usr/bin:/bin\n"));
  CHECK(has(text, "\nTimeoutStopSec=45\n"));
  CHECK(has(text, "\nType=notify\n"));
  CHECK(unit_name("tour") == "berth-tour.service");
  CHECK(has(text, "\nDelegate=memory pids\n"));
  CHECK(has(text, "\nEnvironment=BERTH_CGROUPS=delegated\n"));
  auto off = facts();
  off.environment.emplace_back("BERTH_CGROUPS", "off");
  CHECK(has(unit_text(off), "\nEnvironment=BERTH_CGROUPS=off\n"));
  CHECK_FALSE(has(unit_text(off), "BERTH_CGROUPS=delegated"));
}

TEST_CASE("Drift is what install would change, the shell's variables aside") {
  const std::string before = unit_text(facts());
  CHECK(unit_drift(before, before).empty());
  auto now = facts();
  now.environment = {{"PATH", "/elsewhere"}};
  CHECK(unit_drift(before, unit_text(now)).empty());
  now.shutdown_timeout = 60s;
  now.version = "0.2.0";
  const auto drift = unit_drift(before, unit_text(now));
  REQUIRE(drift.size() == 2);
  CHECK(drift[0] == "TimeoutStopSec is 45, not 75");
  CHECK(has(drift[1], "(0.1.0)"));
  const auto by_hand = unit_drift(before + "Nice=5\n", before);
  REQUIRE(by_hand.size() == 1);
  CHECK(by_hand[0] == "Nice is 5, and would go");
}

}  // namespace
}  // namespace berth::cli
