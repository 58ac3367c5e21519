// No byte is lost or doubled when files are rotated, and what could not be written is counted to the byte.

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <random>
#include <sstream>

#include "core/line_splitter.hpp"
#include "core/log_record.hpp"
#include "os/log_file.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

namespace fs = std::filesystem;
using core::LineSplitter;
using core::Stream;

constexpr std::string_view at = "2026-11-21T10:00:00.123Z";

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string note(const core::Said& dropped, const std::string& why) {
  return core::record(LogFormat::text, at, Stream::berth, core::describe(dropped) + " dropped: " + why);
}

LogFile::Options with(std::uint64_t size, unsigned files) {
  LogFile::Options options;
  options.max_size = size;
  options.files = files;
  options.said = core::said_bytes;
  options.note = note;
  return options;
}

struct Told {
  std::string words;
  std::uint64_t noted = 0;  // lines that a note says were dropped
};

// What all files tell that was said, the oldest first.
Told all_that_was_said(const fs::path& path) {
  Told told;
  std::size_t oldest = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    if (fs::exists(log_name(path, i))) oldest = i;
  }
  for (std::size_t i = oldest + 1; i-- > 0;) {
    std::istringstream lines(content(log_name(path, i)));
    for (std::string line; std::getline(lines, line);) {
      const auto record = core::read_record(line);
      REQUIRE_FALSE(record.at.empty());
      if (record.stream == Stream::berth) {
        told.noted += std::stoull(record.line());
      } else {
        told.words += record.line() + (record.whole ? "\n" : "");
      }
    }
  }
  return told;
}

// Says `words` in pieces, as a pipe hands them over.
core::Said say(LogFile& log, LogFormat format, std::string_view words, std::mt19937& dice) {
  LineSplitter splitter;
  core::Said said;
  const auto take = [&](std::string_view bytes, bool flush) {
    std::string records;
    core::Said here;
    const auto sink = [&](std::string_view line, bool whole) {
      records += core::record(format, at, Stream::out, line, whole);
      here += {1, line.size() + (whole ? 1 : 0)};
    };
    flush ? splitter.flush(sink) : splitter.feed(bytes, sink);
    log.append(records, here);
    said += here;
  };
  while (!words.empty()) {
    const std::size_t length = std::min<std::size_t>(words.size(), 1 + dice() % 100'000);
    take(words.substr(0, length), false);
    words.remove_prefix(length);
  }
  take({}, true);
  return said;
}

std::string numbered_lines(int many, std::mt19937& dice) {
  std::string text;
  for (int i = 0; i < many; ++i) {
    text += std::to_string(i) + " ";
    for (std::size_t left = dice() % 200; left > 0; --left) text += static_cast<char>('a' + dice() % 26);
    text += '\n';
  }
  return text;
}

TEST_CASE("All files together are what the child has said, byte for byte") {
  std::mt19937 dice(3);
  std::string words = numbered_lines(400, dice);
  words += std::string(LineSplitter::longest, 'y') + "\n";               // the longest line in one piece
  words += std::string(3 * LineSplitter::longest + 17, 'z') + "\n\n\n";  // one in four
  words += numbered_lines(50, dice) + "the last words have no line feed";
  for (const std::uint64_t size : {1ULL, 30ULL, 1000ULL, 4096ULL, 65536ULL, 70'000ULL, 1'000'000ULL}) {
    const Folder folder;
    const fs::path path = folder.path() / "web.log";
    LogFile log(path, with(size, 1000));
    const auto said = say(log, LogFormat::text, words, dice);
    INFO("max_size " << size);
    CHECK(all_that_was_said(path).words == words);
    CHECK(log.counters() == LogCounters{words.size(), said.lines, 0, 0});
    for (std::size_t i = 0; fs::exists(log_name(path, i)); ++i) {
      const std::string text = content(log_name(path, i));
      CHECK((text.size() <= size || text.find('\n') == text.size() - 1));
    }
  }
}

TEST_CASE("Bytes of every kind are in the files as they were said") {
  std::mt19937 dice(5);
  std::string words;
  for (int i = 0; i < 300'000; ++i) words += static_cast<char>(dice() % 256);
  const Folder folder;
  const fs::path path = folder.path() / "web.log";
  LogFile log(path, with(10'000, 1000));
  say(log, LogFormat::text, words, dice);
  CHECK(all_that_was_said(path).words == words);
}

TEST_CASE("A JSON log tells every line once, and counts bytes that JSON cannot hold as they were said") {
  std::mt19937 dice(5);
  const std::string words = numbered_lines(500, dice) + "\xFF\xFE binary \xEF\xBF\xBD\n\"quoted\\\"\n";
  const Folder folder;
  const fs::path path = folder.path() / "web.log";
  LogFile log(path, with(5000, 1000));
  say(log, LogFormat::json, words, dice);
  CHECK(log.counters().bytes == words.size());
  const std::string told = all_that_was_said(path).words;
  CHECK(told.starts_with(words.substr(0, words.find('\xFF'))));
  CHECK(told.ends_with("\"quoted\\\"\n"));
}

TEST_CASE("Only as many old files are kept as are wanted, and fewer from the next rotation on when that changes") {
  const Folder folder;
  const fs::path path = folder.path() / "web.log";
  LogFile log(path, with(100, 3));
  const std::string line = core::record(LogFormat::text, at, Stream::out, std::string(60, 'x'));
  const auto files = [&] { return std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()); };
  for (int i = 0; i < 10; ++i) log.append(line);
  CHECK(files() == 4);
  log.set_limits(100, 1);
  log.append(line);
  CHECK(files() == 2);
  log.set_limits(1000, 0);
  for (int i = 0; i < 20; ++i) log.append(line);
  CHECK(files() == 1);
  CHECK(fs::file_size(path) <= 1000);
  log.set_limits(250, 2);
  for (int i = 0; i < 20; ++i) log.append(line);
  CHECK(files() == 3);
}

TEST_CASE("A file of an earlier Berth is gone on with, behind its last whole line") {
  const Folder folder;
  const fs::path path = folder.path() / "web.log";
  std::ofstream(path) << note({1, 1}, "before") << "torn";
  LogFile log(path, with(1000, 2));
  log.append(core::record(LogFormat::text, at, Stream::out, "new"));
  CHECK(content(path).find("torn\n2026-11-21T10:00:00.123Z out new\n") != std::string::npos);
}

// Runs `body` with files limited to `bytes`; what is written beyond fails as on a full disk, in the middle of a line.
template <class Body>
void with_file_limit(rlim_t bytes, Body&& body) {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = bytes;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  body();
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
}

TEST_CASE("What does not fit onto the disk is counted exactly and told in the file once there is room") {
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    std::mt19937 dice(9);
    const Folder folder;
    const fs::path path = folder.path() / "web.log";
    LogFile log(path, with(1'000'000, 2));
    const std::string first = numbered_lines(100, dice);
    const std::string second = numbered_lines(400, dice);
    const auto said = say(log, format, first, dice);
    core::Said lost;
    with_file_limit(fs::file_size(path) + 10'123, [&] { lost = say(log, format, second, dice); });
    const LogCounters counters = log.counters();
    CHECK(counters.dropped_lines > 0);
    CHECK(counters.lines > said.lines);
    CHECK(counters.lines + counters.dropped_lines == said.lines + lost.lines);
    CHECK(counters.bytes + counters.dropped_bytes == first.size() + second.size());
    CHECK(log.trouble() == "File too large");
    CHECK(eventually([&] {
      log.append(core::record(format, at, Stream::out, "again"));
      return log.trouble().empty();
    }));
    const auto after = log.counters();
    const Told told = all_that_was_said(path);
    CHECK(told.words.size() == after.bytes);
    CHECK(told.words.ends_with("again\n"));
    CHECK(told.noted == after.dropped_lines);
    CHECK((first + second).starts_with(told.words.substr(0, counters.bytes)));
  }
}

TEST_CASE("A full disk in the middle of a rotation loses nothing uncounted") {
  const Folder folder;
  if (::geteuid() != 0 || ::mount("none", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) return;
  {
    std::mt19937 dice(9);
    const fs::path path = folder.path() / "web.log";
    LogFile log(path, with(20'000, 100));
    const std::string words = numbered_lines(2000, dice);
    const auto said = say(log, LogFormat::text, words, dice);
    CHECK(log.trouble() == "No space left on device");
    const auto counters = log.counters();
    CHECK(counters.lines + counters.dropped_lines == said.lines);
    CHECK(counters.bytes + counters.dropped_bytes == words.size());
    CHECK(all_that_was_said(path).words == words.substr(0, counters.bytes));
    for (std::size_t i = 2; fs::exists(log_name(path, i)); ++i) fs::remove(log_name(path, i));
    CHECK(eventually([&] {
      log.append(core::record(LogFormat::text, at, Stream::out, "again"));
      return log.trouble().empty();
    }));
    CHECK(all_that_was_said(path).noted == log.counters().dropped_lines);
  }
  ::umount2(folder.path().c_str(), MNT_DETACH);
}

TEST_CASE("Files that cannot be renamed are not written beyond their size, and are rotated when they can be") {
  if (::geteuid() == 0) {
    // Root may rename in a folder that nobody may write to: a folder in the way of the oldest name does it too.
    const Folder folder;
    const fs::path path = folder.path() / "web.log";
    fs::create_directories(folder.path() / "web.log.1" / "in the way");
    LogFile log(path, with(100, 1));
    const std::string line = core::record(LogFormat::text, at, Stream::out, std::string(60, 'x'));
    log.append(line);
    log.append(line);
    CHECK_FALSE(log.trouble().empty());
    CHECK(log.counters() == LogCounters{61, 1, 61, 1});
    CHECK(fs::file_size(path) <= 100);
    fs::remove_all(folder.path() / "web.log.1");
    CHECK(eventually([&] {
      log.append(line);
      return log.trouble().empty();
    }));
    CHECK(fs::exists(log_name(path, 1)));
  }
}

TEST_CASE("A file that somebody has moved away or cut is noticed within a second or so") {
  const Folder folder;
  const fs::path path = folder.path() / "web.log";
  LogFile log(path, with(1'000'000, 2));
  const std::string line = core::record(LogFormat::text, at, Stream::out, "line");
  log.append(line);
  fs::rename(path, folder.path() / "elsewhere");
  CHECK(eventually([&] {
    log.append(line);
    return fs::exists(path);
  }));
  std::ofstream(path, std::ios::trunc);
  log.append(line);
  CHECK(content(path) == line);
}

TEST_CASE("A pipe in the place of a log holds nobody up") {
  const Folder folder;
  const fs::path path = folder.path() / "web.log";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  LogFile log(path, with(1000, 2));
  log.append(core::record(LogFormat::text, at, Stream::out, "line"));
  CHECK(log.counters().lines + log.counters().dropped_lines == 1);
}

}  // namespace
}  // namespace berth::os::test
