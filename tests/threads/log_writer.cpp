// A slow disk holds up nobody, memory stays bounded, and every line is either in its file or counted.

#include "os/log_writer.hpp"

#include <atomic>
#include <chrono>

#include "core/log_record.hpp"
#include "threads/support.hpp"

namespace berth::os::test {
namespace {

using namespace std::chrono_literals;
using berth::test::all_of;
using berth::test::Gate;
using berth::test::LogFolder;

constexpr auto patience = 30s;

LogBuffer lines(std::size_t from, std::size_t many) {
  std::string text;
  for (std::size_t i = from; i < from + many; ++i) text += std::to_string(i) + "\n";
  LogBuffer buffer(text.size());
  buffer.append(text);
  buffer.said = {many, text.size()};
  return buffer;
}

std::string block_of(char letter, std::size_t bytes) {
  return std::string(bytes - 1, letter) + "\n";
}

TEST_CASE("What was pushed is written in order, rotated, and all of it is there at the end") {
  const LogFolder folder;
  std::string expected;
  {
    LogWriter writer;
    LogFile::Options options;
    options.max_size = 5000;
    options.files = 1000;
    const auto channel = writer.open(folder.log("web"), options);
    for (std::size_t i = 0; i < 3000; ++i) {
      LogBuffer buffer = lines(i * 7, 7);
      expected += buffer.text();
      writer.push(*channel, buffer);
      CHECK(buffer.size() == 0);
    }
  }
  CHECK(all_of(folder.log("web")) == expected);
}

TEST_CASE("Many files are written side by side, each in its own order") {
  const LogFolder folder;
  LogWriter writer;
  std::vector<std::shared_ptr<LogChannel>> channels;
  std::vector<std::string> expected(50);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    channels.push_back(writer.open(folder.log(std::to_string(i)), {}));
  }
  for (std::size_t round = 0; round < 100; ++round) {
    for (std::size_t i = 0; i < channels.size(); ++i) {
      LogBuffer buffer = lines(round, 1 + i % 3);
      expected[i] += buffer.text();
      writer.push(*channels[i], buffer);
    }
  }
  REQUIRE(writer.flush(patience));
  for (std::size_t i = 0; i < channels.size(); ++i) {
    CHECK(all_of(folder.log(std::to_string(i))) == expected[i]);
    CHECK(channels[i]->state().counters.bytes == expected[i].size());
  }
}

TEST_CASE("A disk that takes nothing makes the queue full, and what is dropped then is counted exactly") {
  const LogFolder folder;
  Gate gate;
  std::atomic<int> progress{0};
  LogWriter writer([&] { ++progress; }, [&] { gate.pass(); });
  LogFile::Options options;
  options.note = [](const core::Said& dropped, const std::string&) { return "note " + core::describe(dropped) + "\n"; };
  const auto channel = writer.open(folder.log("web"), options);
  const std::string block = block_of('x', 64 * 1024);
  core::Said given;
  const auto push = [&](LogWriter::Policy policy) {
    LogBuffer buffer(block.size());
    buffer.append(block);
    buffer.said = {1, block.size()};
    given += buffer.said;
    return writer.push(*channel, buffer, policy);
  };
  gate.close();
  while (push(LogWriter::Policy::keep)) {
  }
  CHECK(LogWriter::full(*channel));
  CHECK(channel->state().waiting >= LogWriter::most_of_one);
  CHECK(channel->state().waiting < LogWriter::most_of_one + 2 * block.size());
  const auto accepted = given;
  for (int i = 0; i < 20; ++i) CHECK_FALSE(push(LogWriter::Policy::drop_when_full));
  CHECK(channel->state().counters.dropped_lines == 20);
  CHECK(channel->state().counters.dropped_bytes == 20 * block.size());
  CHECK_FALSE(channel->state().trouble.empty());
  CHECK(channel->state().waiting < LogWriter::most_of_one + 2 * block.size());

  gate.open();
  REQUIRE(writer.flush(patience));
  CHECK(progress > 0);
  CHECK_FALSE(LogWriter::full(*channel));
  CHECK(push(LogWriter::Policy::drop_when_full));
  REQUIRE(writer.flush(patience));
  const auto state = channel->state();
  CHECK(state.trouble.empty());
  CHECK(state.waiting == 0);
  CHECK(state.counters.lines == accepted.lines + 1);
  CHECK(state.counters.lines + state.counters.dropped_lines == given.lines);
  CHECK(state.counters.bytes + state.counters.dropped_bytes == given.bytes);
  CHECK(all_of(folder.log("web")).find("note 20 lines, ") != std::string::npos);
}

TEST_CASE("One who floods leaves room for another") {
  const LogFolder folder;
  Gate gate;
  LogWriter writer({}, [&] { gate.pass(); });
  gate.close();
  const std::string block = block_of('x', 256 * 1024);
  std::vector<std::shared_ptr<LogChannel>> floods;
  std::size_t waiting = 0;
  for (int i = 0; i < 40; ++i) {
    floods.push_back(writer.open(folder.log("flood" + std::to_string(i)), {}));
    for (bool room = true; room;) {
      LogBuffer buffer(block.size());
      buffer.append(block);
      room = writer.push(*floods.back(), buffer);
    }
    waiting += floods.back()->state().waiting;
  }
  // Forty that are full wait with what all may have, and one block each at most beyond it.
  CHECK(waiting < LogWriter::most_of_all + 41 * block.size());
  const auto calm = writer.open(folder.log("calm"), {});
  LogBuffer buffer = lines(0, 1);
  CHECK(writer.push(*calm, buffer));
  gate.open();
  REQUIRE(writer.flush(patience));
  CHECK(all_of(folder.log("calm")) == "0\n");
}

TEST_CASE("Limits change from the next line on, and a file that rests is opened again") {
  const LogFolder folder;
  LogWriter writer;
  LogFile::Options options;
  options.max_size = 100'000;
  const auto channel = writer.open(folder.log("web"), options);
  LogBuffer buffer = lines(0, 1000);
  writer.push(*channel, buffer);
  channel->rest();
  REQUIRE(writer.flush(patience));
  CHECK(channel->generations().size() == 1);
  channel->set_limits(100, 2);
  LogBuffer more = lines(1000, 100);
  writer.push(*channel, more);
  REQUIRE(writer.flush(patience));
  CHECK(channel->generations().size() == 3);
  CHECK(std::filesystem::file_size(folder.log("web")) <= 100);
}

TEST_CASE("Nobody is told of progress once the writer is going") {
  const LogFolder folder;
  std::atomic<bool> gone{false};
  std::atomic<bool> told_late{false};
  {
    LogWriter writer([&] {
      if (gone) told_late = true;
    });
    const auto channel = writer.open(folder.log("web"), {});
    channel->watch(true);
    for (int i = 0; i < 100; ++i) {
      LogBuffer buffer = lines(0, 10);
      writer.push(*channel, buffer);
    }
  }
  gone = true;
  CHECK_FALSE(told_late);
  CHECK(all_of(folder.log("web")).size() == 100 * 20);
}

TEST_CASE("Whoever reads the state while it is written sees it grow and never shrink") {
  const LogFolder folder;
  LogWriter writer;
  const auto channel = writer.open(folder.log("web"), {});
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    LogBuffer buffer = lines(i, 5);
    writer.push(*channel, buffer);
    const auto now = channel->state().counters.lines;
    REQUIRE(now >= last);
    last = now;
  }
  REQUIRE(writer.flush(patience));
  CHECK(channel->state().counters.lines == 10'000);
}

}  // namespace
}  // namespace berth::os::test
