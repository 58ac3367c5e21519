// A line of output on its way into SERVER.log and back, and when a file of them is full. No disk is needed for that.

#include "core/log_record.hpp"

#include <random>

#include "core/line_splitter.hpp"
#include "core/log_account.hpp"
#include "core/log_rotation.hpp"
#include "support/catch.hpp"

namespace berth::core::test {
namespace {

constexpr std::string_view at = "2026-11-21T10:00:00.123Z";

std::string without_feed(std::string text) {
  REQUIRE(text.ends_with('\n'));
  text.pop_back();
  return text;
}

TEST_CASE("A record in a text log is time, stream and the words as they were said") {
  CHECK(record(LogFormat::text, at, Stream::out, "hello  world\t\r") ==
        "2026-11-21T10:00:00.123Z out hello  world\t\r\n");
  CHECK(record(LogFormat::text, at, Stream::err, "", true) == "2026-11-21T10:00:00.123Z err \n");
  CHECK(record(LogFormat::text, at, Stream::err, "no end", false) == "2026-11-21T10:00:00.123Z err+ no end\n");
}

TEST_CASE("A record in a JSON log is one object in one line") {
  CHECK(record(LogFormat::json, at, Stream::out, "a \"b\" \\ \t\x01") ==
        R"({"at":"2026-11-21T10:00:00.123Z","stream":"out","line":"a \"b\" \\ \t\u0001"})"
        "\n");
  CHECK(record(LogFormat::json, at, Stream::err, "x", false) ==
        R"({"at":"2026-11-21T10:00:00.123Z","stream":"err","line":"x","continued":true})"
        "\n");
}

TEST_CASE("What was written is read again, whatever it is") {
  std::mt19937 dice(7);
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    for (int round = 0; round < 500; ++round) {
      std::string words;
      for (std::size_t left = dice() % 60; left > 0; --left) {
        const char byte = static_cast<char>(round % 2 == 0 ? dice() % 256 : 32 + dice() % 95);
        words += byte == '\n' ? ' ' : byte;
      }
      if (round % 7 == 0) words += "\xEF\xBF\xBD";
      const Stream stream = dice() % 2 == 0 ? Stream::out : Stream::err;
      const bool whole = dice() % 2 == 0;
      const std::string line = without_feed(record(format, at, stream, words, whole));
      INFO(line);
      CHECK(line.find('\n') == std::string::npos);
      const LogRecord read = read_record(line);
      CHECK(read.at == at);
      CHECK(read.stream == stream);
      CHECK(read.whole == whole);
      if (format == LogFormat::text || round % 2 == 1) CHECK(read.line() == words);
      CHECK(said_bytes(line) == words.size() + (whole ? 1 : 0));
    }
  }
}

TEST_CASE("A record has room where room_for says so") {
  const std::string worst(LineSplitter::longest, '\x01');
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    CHECK(record(format, at, Stream::berth, worst, false).size() <= room_for(format, worst.size()));
    CHECK(record(format, at, Stream::berth, "", false).size() <= room_for(format, 0));
  }
}

TEST_CASE("A line that is no record is all words, of no known time") {
  for (const std::string_view line :
       {"", "hello", "2026-11-21T10:00:00.123Z", "2026-11-21T10:00:00.123Z xyz hello", "2026-11-21 out hello", "{}",
        R"({"at":"2026-11-21T10:00:00.123Z","stream":"out"})", "2026-11-21T10:00:00.123Z out", "{\"at\":\""}) {
    const LogRecord read = read_record(line);
    INFO(line);
    CHECK(read.at.empty());
    CHECK(read.line() == line);
    CHECK(read.stream == Stream::out);
  }
}

TEST_CASE("What Berth says about a log was not said by the server") {
  CHECK(said_bytes(without_feed(record(LogFormat::text, at, Stream::berth, "3 lines, 9 bytes"))) == 0);
  CHECK(said_bytes(without_feed(record(LogFormat::json, at, Stream::berth, "3 lines, 9 bytes"))) == 0);
}

TEST_CASE("Time in a log is RFC 3339 in UTC with milliseconds, over the ends of days and years") {
  using namespace std::chrono;
  LogTime time;
  const auto midnight = sys_days(year(2026) / 12 / 31) + hours(24);
  CHECK(time.text(midnight - microseconds(1)) == "2026-12-31T23:59:59.999Z");
  CHECK(time.text(midnight) == "2027-01-01T00:00:00.000Z");
  CHECK(time.text(midnight + milliseconds(1)) == "2027-01-01T00:00:00.001Z");
  CHECK(time.text(midnight - seconds(1)) == "2026-12-31T23:59:59.000Z");  // the clock was set back
  CHECK(is_log_time(time.text(midnight)));
  CHECK_FALSE(is_log_time("2027-01-01T00:00:00Z"));
}

TEST_CASE("Lines are told whether a line feed was said behind them") {
  LineSplitter splitter;
  std::string told;
  const auto sink = [&](std::string_view line, bool whole) {
    told += std::to_string(line.size()) + (whole ? "," : "+,");
  };
  splitter.feed("ab\n", sink);
  splitter.feed(std::string(LineSplitter::longest + 5, 'x') + "\n\n", sink);
  splitter.feed("end", sink);
  splitter.flush(sink);
  CHECK(told == "2,65536+,5,0,3+,");
}

// ---- rotation

TEST_CASE("A file takes as many whole lines as fit") {
  const std::string three = "aaa\nbbb\nccc\n";
  CHECK(fitting(0, 12, three) == 12);
  CHECK(fitting(0, 11, three) == 8);
  CHECK(fitting(0, 8, three) == 8);
  CHECK(fitting(0, 7, three) == 4);
  CHECK(fitting(4, 8, three) == 4);
  CHECK(fitting(4, 7, three) == 0);
  CHECK(fitting(12, 12, three) == 0);
  CHECK(fitting(100, 12, three) == 0);
}

TEST_CASE("A line that fits into no file has one of its own") {
  CHECK(fitting(0, 3, "aaaaa\nb\n") == 6);
  CHECK(fitting(1, 3, "aaaaa\nb\n") == 0);
  CHECK(fitting(0, 1, "no end") == 6);
  CHECK(fitting(0, 1, "") == 0);
}

TEST_CASE("However lines are cut up into files, all are there once and no file is too large") {
  std::mt19937 dice(11);
  for (int round = 0; round < 300; ++round) {
    const std::uint64_t most = 1 + dice() % 50;
    std::string all;
    std::string files;
    std::uint64_t size = 0;
    for (int i = 0; i < 30; ++i) all += std::string(dice() % 20, 'x') + "\n";
    for (std::string_view rest = all; !rest.empty();) {
      const std::size_t part = fitting(size, most, rest);
      if (part == 0) {
        REQUIRE(size > 0);
        size = 0;
        continue;
      }
      REQUIRE(rest[part - 1] == '\n');
      files += rest.substr(0, part);
      size += part;
      CHECK((size <= most || rest.substr(0, part).find('\n') == part - 1));
      rest.remove_prefix(part);
    }
    CHECK(files == all);
  }
}

// ---- the account

TEST_CASE("What is not written is dropped, and told of until it stands in the file") {
  LogAccount account;
  account.wrote({3, 30});
  account.dropped({2, 20});
  account.dropped({1, 10});
  CHECK(account.counters() == LogCounters{30, 3, 30, 3});
  CHECK(account.untold() == Said{3, 30});
  account.told();
  CHECK(account.untold() == Said{});
  CHECK(account.counters() == LogCounters{30, 3, 30, 3});
  CHECK(describe(Said{1, 1}) == "1 line, 1 byte");
  CHECK(describe(Said{0, 12}) == "0 lines, 12 bytes");
}

}  // namespace
}  // namespace berth::core::test
