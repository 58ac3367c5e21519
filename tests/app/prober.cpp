// The standing probe, asked of sockets that answer as a test tells them to.

#include "app/prober.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::app::test {
namespace {

using namespace std::chrono_literals;
using os::Fd;
using os::test::bound_socket;
using os::test::port_of;

// A listener, and what each connection to it is answered in turn. No answer: it is kept open in silence.
class Talker {
 public:
  explicit Talker(std::vector<std::optional<std::string>> answers)
      : answers_(std::move(answers)), socket_(bound_socket("127.0.0.1", 0)) {}

  [[nodiscard]] Port port() const { return port_of(socket_); }
  [[nodiscard]] const std::vector<std::string>& heard() const { return heard_; }
  void close_after_answers() { closes_ = true; }
  void drip() { drips_ = true; }  // instead of answering: a byte now and then, and never the end of a line

  void serve() {
    pollfd waiting{socket_.get(), POLLIN, 0};
    while (::poll(&waiting, 1, 0) == 1) {
      connections_.emplace_back(::accept(socket_.get(), nullptr, nullptr));
      heard_.emplace_back();
      answered_.push_back(false);
    }
    for (std::size_t i = 0; i < connections_.size(); ++i) serve(i);
  }

  // The other side has closed its end.
  bool is_over(std::size_t connection) {
    char byte = 0;
    const ssize_t got = ::recv(connections_.at(connection).get(), &byte, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

 private:
  void serve(std::size_t i) {
    char piece[1024];
    const ssize_t size = answered_[i] ? 0 : ::recv(connections_[i].get(), piece, sizeof(piece), MSG_DONTWAIT);
    if (size > 0) heard_[i].append(piece, static_cast<std::size_t>(size));
    if (drips_) (void)!::send(connections_[i].get(), "H", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (drips_ || answered_[i] || !heard_[i].ends_with("\r\n\r\n")) return;
    answered_[i] = true;
    if (i >= answers_.size() || !answers_[i]) return;
    REQUIRE(::send(connections_[i].get(), answers_[i]->data(), answers_[i]->size(), MSG_NOSIGNAL) >= 0);
    if (answers_[i]->empty() || closes_) connections_[i] = Fd{};
  }

  std::vector<std::optional<std::string>> answers_;
  Fd socket_;
  std::vector<Fd> connections_;
  std::vector<std::string> heard_;
  std::vector<bool> answered_;
  bool closes_ = false;
  bool drips_ = false;
};

struct Outcome {
  ProbeResult result;
  unsigned slow = 0;
  unsigned done = 0;
};

Outcome ask(Talker& talker, Milliseconds timeout = 30s, std::size_t ways = 1) {
  boost::asio::io_context io{1};
  ProbeRequest request{.port = talker.port(), .path = "/mcp", .timeout = timeout};
  request.approaches = {{"127.0.0.1", "127.0.0.1"}, {"127.0.0.1", "localhost"}};
  request.approaches.resize(ways);
  Outcome outcome;
  const HttpProbe probe(
      io.get_executor(), request, [&] { ++outcome.slow; },
      [&](const ProbeResult& result) {
        outcome.result = result;
        ++outcome.done;
      });
  while (outcome.done == 0) {
    talker.serve();
    io.run_one_for(1ms);
  }
  io.poll();
  CHECK(outcome.done == 1);
  return outcome;
}

TEST_CASE("Any status line is alive, and the socket is closed at once") {
  const std::string line = GENERATE(as<std::string>{}, "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.0 401\r\n",
                                    "HTTP/1.1 405 Method Not Allowed\nbroken header without colon\n",
                                    "HTTP/1.1 301 Moved\r\nLocation: http://192.0.2.1/\r\n\r\n", "HTTP/1.1 100 \r\n");
  Talker talker({line});
  const auto outcome = ask(talker);
  CHECK(outcome.result.alive);
  CHECK(std::to_string(outcome.result.status) == line.substr(9, 3));
  CHECK(outcome.result.note.empty());
  CHECK(outcome.slow == 0);
  CHECK(talker.heard().size() == 1);
  CHECK(os::test::eventually([&] { return talker.is_over(0); }));
}

TEST_CASE("A probe leaves no TIME_WAIT behind, whoever closes first") {
  const bool server_closes = GENERATE(true, false);
  Talker talker({"HTTP/1.1 204 No Content\r\n\r\n"});
  if (server_closes) talker.close_after_answers();
  ask(talker);
  REQUIRE(os::test::eventually([&] { return server_closes || talker.is_over(0); }));
  const Port port = talker.port();
  talker = Talker({});
  CHECK(bound_socket("127.0.0.1", port, {.reuse_address = false}));
}

TEST_CASE("It asks OPTIONS, and no stream of events") {
  Talker talker({"HTTP/1.1 200 OK\r\n\r\n"});
  ask(talker);
  const std::string& heard = talker.heard().at(0);
  CHECK(heard.starts_with("OPTIONS /mcp HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(talker.port()) + "\r\n"));
  CHECK(heard.find("Origin") == std::string::npos);
}

TEST_CASE("An answer of 5xx is alive and told") {
  Talker talker({"HTTP/1.1 503 Service Unavailable\r\n\r\n"});
  const auto outcome = ask(talker);
  CHECK(outcome.result.alive);
  CHECK(outcome.result.note == "answers 503 to OPTIONS /mcp");
}

TEST_CASE("An answer of 404 is alive, and the path may be wrong") {
  Talker talker({"HTTP/1.1 404 Not Found\r\n\r\n"});
  const auto outcome = ask(talker);
  CHECK(outcome.result.alive);
  CHECK(outcome.result.note == "answers 404 to OPTIONS /mcp: is `path` right?");
}

TEST_CASE("A server that refuses the name of the address is called localhost") {
  const std::string refusal =
      GENERATE(as<std::string>{}, "403 Forbidden", "421 Misdirected Request", "400 Bad Request");
  Talker talker({"HTTP/1.1 " + refusal + "\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"});
  const auto outcome = ask(talker, 30s, 2);
  CHECK(outcome.result.which == 1);
  CHECK(outcome.result.status == 200);
  CHECK(talker.heard().at(1).find("\r\nHost: localhost:") != std::string::npos);
}

TEST_CASE("A server that answers 403 to one name and 400 to the other is called by the other") {
  Talker talker({"HTTP/1.1 403 Forbidden\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"});
  const auto outcome = ask(talker, 30s, 2);
  CHECK(outcome.result.which == 1);
  CHECK(outcome.result.status == 400);
}

TEST_CASE("A server that refuses every name is alive by the first") {
  Talker talker({"HTTP/1.1 403 Forbidden\r\n\r\n", "HTTP/1.1 403 Forbidden\r\n\r\n"});
  const auto outcome = ask(talker, 30s, 2);
  CHECK(outcome.result.alive);
  CHECK(outcome.result.which == 0);
}

TEST_CASE("Silence is told as such, after a sign that it is slow") {
  Talker talker({std::nullopt});
  const auto outcome = ask(talker, 200ms);
  CHECK_FALSE(outcome.result.alive);
  CHECK(outcome.result.fault == core::ProbeFault::silent);
  CHECK(outcome.result.message == "does not answer OPTIONS /mcp within 200 ms");
  CHECK(outcome.slow == 1);
  CHECK(os::test::eventually([&] { return talker.is_over(0); }));
}

TEST_CASE("What is not HTTP, and hanging up, is broken and not silent") {
  const std::string answer =
      GENERATE(as<std::string>{}, "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n", "HTTP/2 200\r\n", "");
  Talker talker({answer});
  const auto outcome = ask(talker);
  CHECK_FALSE(outcome.result.alive);
  CHECK(outcome.result.fault == core::ProbeFault::broken);
}

TEST_CASE("A line without an end is not read for ever") {
  Talker talker({std::string(1 << 16, 'x')});
  const auto outcome = ask(talker);
  CHECK(outcome.result.fault == core::ProbeFault::broken);
}

TEST_CASE("An answer that drips byte by byte has no more time than silence") {
  Talker talker({});
  talker.drip();
  const auto outcome = ask(talker, 200ms);
  CHECK_FALSE(outcome.result.alive);
  CHECK(os::test::eventually([&] { return talker.is_over(0); }));
}

#if !defined(__SANITIZE_ADDRESS__)  // which needs descriptors for itself
TEST_CASE("Want of descriptors of our own is nothing that a server has done") {
  Talker talker({"HTTP/1.1 200 OK\r\n\r\n"});
  boost::asio::io_context io{1};
  ProbeRequest request{
      .approaches = {{"127.0.0.1", "127.0.0.1"}}, .port = talker.port(), .path = "/mcp", .timeout = 30s};
  std::optional<ProbeResult> result;
  const boost::asio::steady_timer timer(io);  // the loop has its own descriptors by now
  rlimit usual{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  rlimit none = usual;
  none.rlim_cur = 3;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const HttpProbe probe(io.get_executor(), request, {}, [&](const ProbeResult& told) { result = told; });
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);  // it has tried by now
  io.run();
  REQUIRE(result);
  CHECK_FALSE(result->alive);
  CHECK(result->fault == core::ProbeFault::unasked);
  CHECK(result->message.starts_with("could not be asked: "));
}
#endif

TEST_CASE("A port on which nobody listens refuses") {
  Talker talker({});
  const Port port = talker.port();
  talker = Talker({});
  boost::asio::io_context io{1};
  const Fd held = bound_socket("127.0.0.1", port, {.listen = false});
  ProbeRequest request{.approaches = {{"127.0.0.1", "127.0.0.1"}}, .port = port, .path = "/mcp", .timeout = 30s};
  std::optional<ProbeResult> result;
  const HttpProbe probe(io.get_executor(), request, {}, [&](const ProbeResult& told) { result = told; });
  io.run();
  REQUIRE(result);
  CHECK(result->fault == core::ProbeFault::refused);
}

}  // namespace
}  // namespace berth::app::test
