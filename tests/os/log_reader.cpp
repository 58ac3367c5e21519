// Logs are read as one, from the place that was asked for, also while they are written and rotated away.

#include "os/log_reader.hpp"

#include <fstream>

#include "os/log_merge.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

namespace fs = std::filesystem;
using core::Stream;

std::string at(int second, int ms = 0) {
  core::LogTime time;
  const auto ten = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + std::chrono::hours(10);
  return std::string(time.text(ten + std::chrono::seconds(second) + std::chrono::milliseconds(ms)));
}

LogFile::Options with(std::uint64_t size, unsigned files) {
  LogFile::Options options;
  options.max_size = size;
  options.files = files;
  options.said = core::said_bytes;
  return options;
}

// A log in which line i is said at second i, the odd ones on stderr.
struct Log {
  explicit Log(std::uint64_t size = 1000, unsigned files = 1000, LogFormat how = LogFormat::text)
      : format(how), file(path, with(size, files)) {}

  void say(int first, int end) {
    for (int i = first; i < end; ++i) {
      file.append(core::record(format, at(i), i % 2 == 0 ? Stream::out : Stream::err, "line " + std::to_string(i)));
    }
  }
  LogReader reader(LogWish wish = {}) {
    return {path, std::move(wish), [this] { return file.generations(); }};
  }

  Folder folder;
  std::string path = (folder.path() / "web.log").string();
  LogFormat format;
  LogFile file;
};

// The numbers of the lines that there are now; -1 for lines that were missed.
std::vector<int> numbers(LogReader& reader) {
  std::vector<int> all;
  for (;;) {
    switch (reader.next()) {
      case LogReader::Next::line: all.push_back(std::stoi(reader.record().line().substr(5))); break;
      case LogReader::Next::missed: all.push_back(-1); break;
      case LogReader::Next::later: return all;
      case LogReader::Next::busy: break;
    }
  }
}

std::vector<int> from_to(int first, int end, int step = 1) {
  std::vector<int> all;
  for (int i = first; i < end; i += step) all.push_back(i);
  return all;
}

TEST_CASE("Without a wish all of it is read, the oldest first, and what is said later too") {
  Log log;
  log.say(0, 300);
  REQUIRE(log.file.generations().size() > 5);
  auto reader = log.reader();
  CHECK(numbers(reader) == from_to(0, 300));
  log.say(300, 301);
  CHECK(numbers(reader) == from_to(300, 301));
  log.say(301, 500);
  CHECK(numbers(reader) == from_to(301, 500));
}

TEST_CASE("The last lines are those of all files, of one stream or of both, in both formats") {
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    Log log(1000, 1000, format);
    log.say(0, 300);
    for (const int many : {0, 1, 2, 9, 25, 150, 299, 300, 301, 5000}) {
      INFO("-n " << many);
      auto both = log.reader({.lines = many});
      CHECK(numbers(both) == from_to(std::max(0, 300 - many), 300));
      auto err = log.reader({.lines = many, .stream = Stream::err});
      CHECK(numbers(err) == from_to(std::max(1, 301 - 2 * many), 300, 2));
    }
  }
}

TEST_CASE("The last lines are found across the blocks in which a large file is searched") {
  Log log(1U << 24U, 2);
  std::string all;
  for (int i = 0; i < 40'000; ++i) {
    all += core::record(LogFormat::text, at(i % 3600), Stream::out,
                        "line " + std::to_string(i) + std::string(static_cast<std::size_t>(i % 71), ' '));
  }
  log.file.append(all);
  for (const int many : {1, 500, 811, 812, 813, 5000, 39'999}) {
    auto reader = log.reader({.lines = many});
    CHECK(numbers(reader) == from_to(40'000 - many, 40'000));
  }
}

TEST_CASE("Lines since a time begin with the first that is not older, wherever it stands") {
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    Log log(1000, 1000, format);
    log.say(0, 300);
    for (const int since : {0, 1, 17, 18, 19, 20, 21, 22, 150, 299}) {
      auto reader = log.reader({.since = at(since)});
      CHECK(numbers(reader) == from_to(since, 300));
      auto between = log.reader({.lines = 5, .since = at(since)});
      CHECK(numbers(between) == from_to(std::max(since, 295), 300));
    }
    auto none = log.reader({.since = at(299, 1)});
    CHECK(numbers(none).empty());
    log.say(300, 303);
    CHECK(numbers(none) == from_to(300, 303));
  }
}

TEST_CASE("What was rotated away before it was read is counted exactly") {
  Log log(1000, 2);
  log.say(0, 5);
  auto reader = log.reader();
  CHECK(numbers(reader) == from_to(0, 5));
  log.say(5, 500);
  std::vector<int> read;
  std::uint64_t missed = 0;
  for (auto next = reader.next(); next != LogReader::Next::later; next = reader.next()) {
    if (next == LogReader::Next::line) read.push_back(std::stoi(reader.record().line().substr(5)));
    if (next == LogReader::Next::missed) {
      REQUIRE(reader.missed().lines);
      missed += *reader.missed().lines;
    }
  }
  REQUIRE_FALSE(read.empty());
  CHECK(missed > 400);
  CHECK(read.size() + missed == 495);
  CHECK(read.back() == 499);
}

TEST_CASE("One who has just read everything misses nothing in a rotation, also when no old file is kept") {
  for (const unsigned files : {0U, 1U}) {
    Log log(200, files);
    auto reader = log.reader();
    for (int i = 0; i < 200; ++i) {
      log.say(i, i + 1);
      CHECK(numbers(reader) == from_to(i, i + 1));
    }
  }
}

TEST_CASE("Files that a Berth before this one has written are read on into those of this one") {
  Log before(500, 10);
  before.say(0, 40);
  LogFile now(before.path, with(500, 10));
  LogReader early(before.path, {}, [&] {
    auto all = now.generations();
    return all.empty() ? find_log_generations(before.path, 10) : all;
  });
  CHECK(numbers(early) == from_to(0, 40));
  for (int i = 40; i < 80; ++i)
    now.append(core::record(LogFormat::text, at(i), Stream::out, "line " + std::to_string(i)));
  CHECK(numbers(early) == from_to(40, 80));
}

TEST_CASE("A log that there is none of has no lines, and those that come") {
  Log log;
  auto reader = log.reader({.lines = 3});
  CHECK(numbers(reader).empty());
  log.say(0, 10);
  CHECK(numbers(reader) == from_to(0, 10));
}

TEST_CASE("A file that is cut while it is followed is read from its beginning") {
  Log log(100'000, 2);
  log.say(0, 100);
  auto reader = log.reader();
  CHECK(numbers(reader) == from_to(0, 100));
  std::ofstream(log.path, std::ios::trunc);
  CHECK(numbers(reader).empty());
  log.say(100, 103);
  CHECK(numbers(reader) == from_to(100, 103));
}

TEST_CASE("A file that Berth has not written is read line by line, and its endless line in pieces") {
  const Folder folder;
  const std::string path = folder.file("web.log", "hello\n" + std::string(3'000'000, 'x') + "\nlast");
  LogReader reader(path, {}, [files = find_log_generations(path, 2)] { return files; });
  std::size_t bytes = 0;
  std::size_t longest = 0;
  for (auto next = reader.next(); next != LogReader::Next::later; next = reader.next()) {
    if (next != LogReader::Next::line) continue;
    bytes += reader.record().words.size();
    longest = std::max(longest, reader.record().words.size());
  }
  CHECK(bytes >= 3'000'005);
  CHECK(longest < 1'000'000);
}

// ---- several

std::vector<std::string> told(LogMerge& merge) {
  std::vector<std::string> all;
  LogMerge::Line line;
  merge.refresh();
  for (auto next = merge.next(line); next != LogMerge::Next::later; next = merge.next(line)) {
    if (next == LogMerge::Next::line) all.push_back(std::string(line.server) + ":" + line.text);
  }
  return all;
}

TEST_CASE("Several logs are merged by time, and a server that is silent holds up nobody") {
  Log a;
  Log b;
  Log silent;
  for (const int i : {0, 2, 3}) a.say(i, i + 1);
  for (const int i : {1, 4, 5}) b.say(i, i + 1);
  std::vector<LogMerge::Source> sources;
  sources.push_back({"a", a.reader(), std::make_shared<core::Redactor>()});
  sources.push_back({"b", b.reader(), std::make_shared<core::Redactor>()});
  sources.push_back({"silent", silent.reader(), std::make_shared<core::Redactor>()});
  LogMerge merge(std::move(sources));
  CHECK(told(merge) ==
        std::vector<std::string>{"a:line 0", "b:line 1", "a:line 2", "a:line 3", "b:line 4", "b:line 5"});
  silent.say(7, 8);
  a.say(6, 7);
  CHECK(told(merge) == std::vector<std::string>{"a:line 6", "silent:line 7"});
}

TEST_CASE("Secrets, escape sequences and bytes that are no text are in no line that is shown") {
  Log log;
  log.file.append(core::record(LogFormat::text, at(0), Stream::out, "the \x1b[31mhun\x1b[0mter2\xFF is hunter2\r"));
  log.file.append(core::record(LogFormat::json, at(1), Stream::err, "hunter2", false));
  std::vector<LogMerge::Source> sources;
  sources.push_back({"web", log.reader(), std::make_shared<core::Redactor>(std::vector<std::string>{"hunter2"})});
  LogMerge merge(std::move(sources));
  LogMerge::Line line;
  std::string json;
  while (merge.next(line) != LogMerge::Next::later) append_json_line(json, line);
  CHECK(json ==
        "{\"at\":\"2026-11-21T10:00:00.000Z\",\"server\":\"web\",\"stream\":\"out\","
        "\"line\":\"the [redacted]\\ufffd is [redacted]\"}\n"
        "{\"at\":\"2026-11-21T10:00:01.000Z\",\"server\":\"web\",\"stream\":\"err\",\"line\":\"[redacted]\","
        "\"continued\":true}\n");
}

}  // namespace
}  // namespace berth::os::test
