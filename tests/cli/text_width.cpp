#include "cli/text_width.hpp"

#include "support/catch.hpp"

namespace berth::cli {

TEST_CASE("A text is as wide as the terminal shows it") {
  CHECK(columns_of("") == 0);
  CHECK(columns_of("ready") == 5);
  CHECK(columns_of("● ready") == 7);
  CHECK(columns_of("日本") == 4);
  CHECK(columns_of("e\u0301") == 1);
  CHECK(columns_of("\x1b[31mred\x1b[0m") == 3);
  CHECK(columns_of("\xff\xfe") == 2);
}

TEST_CASE("What is cut fits, says so, and ends its colours") {
  CHECK(cut_to("abcdef", 6) == "abcdef");
  CHECK(cut_to("abcdef", 5) == "abcd…");
  CHECK(cut_to("abcdef", 5, "~") == "abcd~");
  CHECK(cut_to("abcdef", 5, "") == "abcde");
  CHECK(cut_to("日本語", 4) == "日…");
  CHECK(cut_to("\x1b[31mabcdef\x1b[0m", 3) == "\x1b[31mab…\x1b[0m");
  CHECK(cut_to("abc", 0).empty());
  for (std::size_t width = 0; width < 20; ++width)
    CHECK(columns_of(cut_to("a日e\u0301本 \x1b[1mbold\x1b[0m", width)) <= width);
}

TEST_CASE("Padding counts columns, not bytes") {
  CHECK(padded("●", 3) == "●  ");
  CHECK(padded("日", 3, true) == " 日");
  CHECK(padded("long", 2) == "long");
}

TEST_CASE("Durations and sizes are humane") {
  CHECK(humane_duration(0) == "0.0s");
  CHECK(humane_duration(61.2) == "1m01s");
  CHECK(humane_duration(3720) == "1h02m");
  CHECK(humane_duration(5 * 86400 + 4 * 3600) == "5d04h");
  CHECK(humane_duration(-1) == "0.0s");
  CHECK(humane_bytes(0) == "0B");
  CHECK(humane_bytes(812 * 1024) == "812K");
  CHECK(humane_bytes(71303168) == "68M");
  CHECK(humane_bytes(1.4 * 1024 * 1024 * 1024) == "1.4G");
  for (const double bytes : {999.0, 1000.0, 1023.0, 1e6, 1.04e9, 9.99e9, 1e12, 1e30})
    CHECK(humane_bytes(bytes).size() <= 5);
}

}  // namespace berth::cli
