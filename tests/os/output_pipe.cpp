// A child's output is read as soon as it is there.

#include "os/output_pipe.hpp"

#include <fcntl.h>

#include <csignal>

#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

struct Reader {
  boost::asio::io_context io{1};
  std::string said;
  OutputPipe pipe{io.get_executor(), [this](std::string_view bytes) { said += bytes; }};

  bool run_until(std::size_t bytes) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (said.size() < bytes && std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_one_for(100ms);
    }
    return said.size() >= bytes;
  }
};

void write(const Fd& to, std::string_view text) {
  REQUIRE(::write(to.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

TEST_CASE("What is written comes out at the other end in order") {
  Reader reader;
  const Fd child = reader.pipe.open();
  REQUIRE(child);
  write(child, "one\n");
  REQUIRE(reader.run_until(4));
  write(child, "two\n");
  REQUIRE(reader.run_until(8));
  CHECK(reader.said == "one\ntwo\n");
}

TEST_CASE("The end for the child blocks and is closed on exec until it is handed over") {
  Reader reader;
  const Fd child = reader.pipe.open();
  CHECK((::fcntl(child.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(child.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("A flood of eight megabytes arrives whole while the child writes") {
  Reader reader;
  Fd child = reader.pipe.open();
  constexpr std::size_t size = 8U << 20U;
  std::thread writer([&] {
    const std::string block(100'000, 'x');
    for (std::size_t left = size; left > 0;) {
      const ssize_t written = ::write(child.get(), block.data(), std::min(block.size(), left));
      if (written <= 0) break;
      left -= static_cast<std::size_t>(written);
    }
    child.reset();
  });
  CHECK(reader.run_until(size));
  writer.join();
  CHECK(reader.said.size() == size);
}

TEST_CASE("The loop comes to rest when the last writer has gone") {
  Reader reader;
  Fd child = reader.pipe.open();
  write(child, "last words");
  child.reset();
  reader.io.run_for(patience);
  CHECK(reader.said == "last words");
  CHECK(reader.io.stopped());
}

TEST_CASE("A drain takes what is there without waiting although somebody holds the other end") {
  Reader reader;
  const Fd child = reader.pipe.open();
  write(child, "words before the end");
  reader.pipe.drain();
  CHECK(reader.said == "words before the end");
  reader.pipe.drain();
  CHECK(reader.said == "words before the end");
}

TEST_CASE("A drain has a limit") {
  Reader reader;
  const Fd child = reader.pipe.open();
  ::fcntl(child.get(), F_SETPIPE_SZ, 1 << 20);
  ::fcntl(child.get(), F_SETFL, O_NONBLOCK);
  const std::string block(65536, 'x');
  std::size_t filled = 0;
  for (ssize_t written = 0; (written = ::write(child.get(), block.data(), block.size())) > 0;)
    filled += static_cast<std::size_t>(written);
  REQUIRE(filled > 65536);
  reader.pipe.drain(65536);
  CHECK(reader.said.size() == 65536);
}

TEST_CASE("A pipe can be opened anew for the next run and the old one is cut off") {
  Reader reader;
  const Fd first = reader.pipe.open();
  const Fd second = reader.pipe.open();
  ::signal(SIGPIPE, SIG_IGN);
  CHECK(::write(first.get(), "x", 1) == -1);
  write(second, "new");
  REQUIRE(reader.run_until(3));
  CHECK(reader.said == "new");
}

TEST_CASE("A closed pipe says nothing any more and may be closed and drained again") {
  Reader reader;
  const Fd child = reader.pipe.open();
  reader.pipe.close();
  reader.pipe.close();
  reader.pipe.drain();
  reader.io.run_for(patience);
  CHECK(reader.said.empty());
}

TEST_CASE("A pipe may go while the loop still has a word for it") {
  boost::asio::io_context io{1};
  std::string said;
  Fd child;
  {
    OutputPipe pipe(io.get_executor(), [&](std::string_view bytes) { said += bytes; });
    child = pipe.open();
    write(child, "x");
  }
  io.run_for(patience);
  CHECK(said.empty());
}

TEST_CASE("After a flood on two pipes the last words on the one that comes after are the last") {
  boost::asio::io_context io{1};
  std::string said;
  OutputPipe err(io.get_executor(), [&](std::string_view bytes) { said += bytes; });
  OutputPipe out(io.get_executor(), [&](std::string_view bytes) { said += bytes; });
  out.comes_after(err);
  const Fd out_end = out.open();
  const Fd err_end = err.open();
  write(out_end, std::string(5000, 'o'));
  write(err_end, std::string(20'000, 'e'));
  write(out_end, "flood over");
  io.run_for(200ms);
  CHECK(said.size() == 25'010);
  CHECK(said.ends_with("flood over"));
}

}  // namespace
}  // namespace berth::os::test
