#include "config/units.hpp"

#include <csignal>

#include "config/signals.hpp"
#include "support/catch.hpp"

namespace berth::config::test {

TEST_CASE("durations are numbers with units, added up") {
  CHECK(parse_duration("250ms") == Milliseconds{250});
  CHECK(parse_duration("1.5s") == Milliseconds{1500});
  CHECK(parse_duration("1m30s") == Milliseconds{90'000});
  CHECK(parse_duration("2h") == Milliseconds{7'200'000});
  CHECK(parse_duration("1d") == Milliseconds{86'400'000});
  CHECK(parse_duration("0s") == Milliseconds{0});
  CHECK(parse_duration("0.1s") == Milliseconds{100});
  CHECK(parse_duration("36500d") == Milliseconds{3'153'600'000'000});
}

TEST_CASE("anything else is no duration") {
  for (const char* text : {"",
                           "5",
                           "s",
                           "-1s",
                           "+1s",
                           "1.s",
                           ".5s",
                           "1 s",
                           " 1s",
                           "1s ",
                           "1S",
                           "1sec",
                           "1e3s",
                           "1,5s",
                           "0x1s",
                           "infs",
                           "nans",
                           "36501d",
                           "99999999999999999999999d",
                           "1s2"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text));
  }
  CHECK_FALSE(parse_duration(std::string(100'000, '9') + "d"));
}

TEST_CASE("sizes are one number with one unit") {
  CHECK(parse_size("10MiB") == 10ULL * 1024 * 1024);
  CHECK(parse_size("1.5KB") == 1500U);
  CHECK(parse_size("0B") == 0U);
  CHECK(parse_size("3GiB") == 3ULL * 1024 * 1024 * 1024);
  for (const char* text : {"", "5", "B", "-1B", "10M", "10mib", "1 B", "1KB2B", "1e3B", "9999999999GiB"}) {
    INFO(text);
    CHECK_FALSE(parse_size(text));
  }
}

TEST_CASE("a formatted duration reads as itself") {
  CHECK(format_duration(Milliseconds{0}) == "0s");
  CHECK(format_duration(Milliseconds{90'000}) == "1m30s");
  CHECK(format_duration(Milliseconds{1500}) == "1s500ms");
  for (const long long count : {1LL, 999LL, 61'001LL, 86'400'000LL, 3'153'600'000'000LL}) {
    CHECK(parse_duration(format_duration(Milliseconds{count})) == Milliseconds{count});
  }
}

TEST_CASE("signals are known by name, with and without SIG") {
  CHECK(signal_number("SIGTERM") == SIGTERM);
  CHECK(signal_number("int") == SIGINT);
  CHECK(signal_number("sigusr1") == SIGUSR1);
  CHECK_FALSE(signal_number("SIGFOO"));
  CHECK_FALSE(signal_number(""));
  CHECK_FALSE(signal_number("15"));
  CHECK(signal_name(SIGKILL) == "SIGKILL");
  CHECK(signal_name(63) == "signal 63");
  for (const std::string_view name : signal_names()) CHECK(signal_name(signal_number(name).value_or(0)) == name);
}

}  // namespace berth::config::test
