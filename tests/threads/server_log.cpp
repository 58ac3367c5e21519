// A server's words from its pipes into its log, while the disk does what it likes.

#include "app/server_log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "threads/support.hpp"

namespace berth::app::test {
namespace {

using namespace std::chrono_literals;
using berth::test::all_of;
using berth::test::Gate;
using berth::test::LogFolder;

// A loop with one server, whose stdout is `child`.
struct Port {
  explicit Port(const LogConfig& config = {})
      : log(io.get_executor(), desk, folder.log("web"), config,
            [this](const std::string& line) { told += line + "\n"; }),
        out(io.get_executor(),
            [this](std::string_view bytes) {
              taken += bytes.size();
              log.take(core::Stream::out, bytes, [](std::string_view, bool) {});
            }),
        err(io.get_executor(), [](std::string_view) {}) {
    log.reads_from(out, err);
    child = out.open();
  }

  template <class Done>
  bool run_until(Done&& done) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!done() && std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_one_for(50ms);
    }
    return done();
  }

  LogFolder folder;
  Gate gate;
  boost::asio::io_context io{1};
  std::string told;
  std::uint64_t taken = 0;
  LogDesk desk{[this] { boost::asio::post(io, [this] { log.progress(); }); }, [this] { gate.pass(); }};
  ServerLog log;
  os::OutputPipe out;
  os::OutputPipe err;
  os::Fd child;
};

std::string words_of(const std::string& files) {
  std::string words;
  std::istringstream lines(files);
  for (std::string line; std::getline(lines, line);) {
    const auto record = core::read_record(line);
    if (record.stream != core::Stream::berth) words += record.line() + (record.whole ? "\n" : "");
  }
  return words;
}

// Says `many` numbered lines, and ends.
std::thread speaker(os::Fd& child, std::size_t many) {
  return std::thread([&child, many] {
    std::string block;
    for (std::size_t i = 0; i < many; ++i) {
      block += std::to_string(i) + " " + std::string(i % 150, 'x') + "\n";
      if (block.size() < 60'000 && i + 1 < many) continue;
      for (std::string_view rest = block; !rest.empty();) {
        const ssize_t written = ::write(child.get(), rest.data(), rest.size());
        if (written <= 0) return;
        rest.remove_prefix(static_cast<std::size_t>(written));
      }
      block.clear();
    }
    child.reset();
  });
}

std::size_t length_of(std::size_t many) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < many; ++i) bytes += std::to_string(i).size() + 2 + i % 150;
  return bytes;
}

TEST_CASE("A flood from a pipe is in the files, every byte once, through many rotations and changes of their size") {
  LogConfig config;
  config.max_size = 300'000;
  config.files = 1000;
  Port port(config);
  constexpr std::size_t many = 60'000;
  const std::size_t bytes = length_of(many);
  auto child = speaker(port.child, many);
  bool changed = false;
  CHECK(port.run_until([&] {
    if (port.taken > bytes / 2 && !std::exchange(changed, true)) {
      config.max_size = 77'777;
      port.log.configure(config);
    }
    return port.taken == bytes;
  }));
  child.join();
  REQUIRE(port.desk.writer().flush(30s));
  std::string expected;
  for (std::size_t i = 0; i < many; ++i) expected += std::to_string(i) + " " + std::string(i % 150, 'x') + "\n";
  CHECK(words_of(all_of(port.folder.log("web"))) == expected);
  CHECK(port.log.counters() == LogCounters{bytes, many, 0, 0});
}

TEST_CASE("A server waits for a slow disk, for a bounded time, and then runs on with what is dropped counted") {
  Port port;
  constexpr std::size_t many = 60'000;
  const std::size_t bytes = length_of(many);
  port.gate.close();
  const auto began = std::chrono::steady_clock::now();
  auto child = speaker(port.child, many);
  CHECK(port.run_until([&] { return port.taken == bytes; }));  // although nothing was written yet
  child.join();
  CHECK(std::chrono::steady_clock::now() - began >= ServerLog::patience);
  const auto stalled = port.log.counters();
  CHECK(stalled.dropped_lines > 0);
  CHECK_FALSE(port.log.trouble().empty());
  port.gate.open();
  REQUIRE(port.desk.writer().flush(30s));
  CHECK(port.run_until(
      [&] { return port.log.trouble().empty() && port.told.find("written again") != std::string::npos; }));
  const auto counters = port.log.counters();
  CHECK(counters.lines + counters.dropped_lines == many);
  CHECK(counters.bytes + counters.dropped_bytes == bytes);
  const std::string files = all_of(port.folder.log("web"));
  CHECK(words_of(files).size() == counters.bytes);
  CHECK(files.find("berth " + core::describe({counters.dropped_lines, counters.dropped_bytes})) != std::string::npos);
}

TEST_CASE("A disk that is slow for less than that costs nothing") {
  Port port;
  constexpr std::size_t many = 60'000;
  const std::size_t bytes = length_of(many);
  port.gate.close();
  auto child = speaker(port.child, many);
  std::uint64_t waited_at = 0;
  // Until nothing is taken any more.
  CHECK(port.run_until([&] { return std::exchange(waited_at, port.taken) == port.taken && port.taken > 500'000; }));
  CHECK(port.taken < bytes);
  port.gate.open();
  CHECK(port.run_until([&] { return port.taken == bytes; }));
  child.join();
  REQUIRE(port.desk.writer().flush(30s));
  CHECK(port.log.counters() == LogCounters{bytes, many, 0, 0});
}

}  // namespace
}  // namespace berth::app::test
