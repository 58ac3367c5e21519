#include "calls.hpp"
#include "support/catch.hpp"
#include "time_text.hpp"

using namespace harbour;
using namespace std::chrono_literals;

namespace {

ToolSet tools() {
  return clock_tools(test_instant);
}

}  // namespace

TEST_CASE("a time is read with its offset and written in UTC", "[clock]") {
  const auto [text, utc] = GENERATE(table<std::string, std::string>({
      {"2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000Z"},
      {"2026-11-21t10:00z", "2026-11-21T10:00:00.000Z"},
      {"2026-11-21 12:30:00.5+02:00", "2026-11-21T10:30:00.500Z"},
      {"2026-01-01T00:00:00-0130", "2026-01-01T01:30:00.000Z"},
      {"2024-02-29T23:59:59.9999Z", "2024-02-29T23:59:59.999Z"},
      {"1969-12-31T23:59:59.250Z", "1969-12-31T23:59:59.250Z"},
  }));
  const auto time = parse_time(text);
  REQUIRE(time);
  CHECK(format_time(*time) == utc);
}

TEST_CASE("what is not a time is refused", "[clock]") {
  const auto text = GENERATE("", "now", "2026-11-21", "2026-11-21T10:00:00", "2026-13-01T00:00Z", "2026-02-29T00:00Z",
                             "2026-11-21T24:00Z", "2026-11-21T10:60Z", "2026-11-21T10:00:00.Z", "2026-11-21T10:00Z ",
                             "2026-11-21T10:00+2", "2026-11-21T10:00+24:00", "-026-11-21T10:00Z");
  CHECK_FALSE(parse_time(text));
}

TEST_CASE("durations are read and written", "[clock]") {
  CHECK(parse_duration("1d2h30m") == 26h + 30min);
  CHECK(parse_duration("-2w") == -14 * 24h);
  CHECK(parse_duration("+1h 5ms") == 1h + 5ms);
  CHECK(parse_duration("0s") == 0ms);
  for (const auto* wrong : {"", "-", "5", "5x", "m", "1.5h", "1h,2m", "99999999999999999999s", "999999999w"}) {
    CHECK_FALSE(parse_duration(wrong));
  }
  CHECK(format_duration(26h + 30min) == "1d2h30m");
  CHECK(format_duration(-90s - 7ms) == "-1m30s7ms");
  CHECK(format_duration(0ms) == "0s");
}

TEST_CASE("now tells the time in UTC and at an offset", "[clock]") {
  auto result = run(tools(), "now", "{}");
  CHECK(result.text == "Saturday, 2026-11-21T10:00:00.250Z");
  CHECK(result.structured["unix_ms"] == 1795255200250);

  result = run(tools(), "now", R"({"utc_offset":"+14:00"})");
  CHECK(result.text == "Sunday, 2026-11-22T00:00:00.250+14:00");
  CHECK(result.structured["utc"] == "2026-11-21T10:00:00.250Z");

  CHECK(run(tools(), "now", R"({"utc_offset":"Berlin"})").is_error);
}

TEST_CASE("times are subtracted and added to", "[clock]") {
  auto result = run(tools(), "duration_between", R"({"from":"2026-11-21T10:00Z","to":"2026-11-21T10:00+02:00"})");
  CHECK(result.text == "-2h");
  CHECK(result.structured["seconds"] == -7200.0);

  result = run(tools(), "add_duration", R"({"time":"2024-02-28T12:00Z","duration":"1d"})");
  CHECK(result.text == "Thursday, 2024-02-29T12:00:00.000Z");
  result = run(tools(), "add_duration", R"({"time":"2024-03-01T00:00Z","duration":"-1ms"})");
  CHECK(result.structured["time"] == "2024-02-29T23:59:59.999Z");

  CHECK(run(tools(), "add_duration", R"({"time":"9999-01-01T00:00Z","duration":"3650000d"})").is_error);
  CHECK(run(tools(), "add_duration", R"({"time":"tomorrow","duration":"1d"})").is_error);
  CHECK(run(tools(), "duration_between", R"({"from":"2026-11-21T10:00Z","to":"later"})").text.substr(0, 3) == "to ");
}
