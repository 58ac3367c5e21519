// The history over the control socket: to readers that are quick, slow, stuck, or gone.

#include "app/event_feed.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "os/fd.hpp"
#include "support/catch.hpp"

namespace berth::app {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A history, the server in front of it, and a socket to ask it by.
struct Harbourmaster {
  explicit Harbourmaster(std::chrono::milliseconds patience = 30s) {
    char name[] = "/tmp/berth-feed-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    folder = name;
    auto listening = ControlServer::listen(
        io, folder + "/sock",
        [this](const ControlRequest&, const Respond& respond, const Connected&) { feed.answer(wish, respond); },
        patience);
    REQUIRE(listening.has_value());
    server = std::move(*listening);
  }
  ~Harbourmaster() { std::filesystem::remove_all(folder); }

  void record(const std::string& name, int count = 1) {
    for (int i = 0; i < count; ++i) {
      history.record(name, {.from = core::State::starting, .to = core::State::ready, .message = "something"});
    }
  }
  void settle() {
    feed.settled();
    run();
  }
  void run() {
    io.restart();
    io.poll();
  }
  template <class Predicate>
  void run_until(Predicate predicate) {
    const auto end = Clock::now() + 30s;
    while (!predicate()) {
      REQUIRE(Clock::now() < end);
      io.restart();
      io.run_one_for(10ms);
    }
  }

  std::string folder;
  boost::asio::io_context io{1};
  core::History history;
  EventFeed feed{history};
  EventFeed::Wish wish;
  std::unique_ptr<ControlServer> server;
};

struct Told {
  std::vector<std::uint64_t> numbers;
  std::vector<std::string> gaps;  // their data

  [[nodiscard]] std::uint64_t missed() const {
    std::uint64_t sum = 0;
    for (const auto& gap : gaps) sum += std::stoull(gap.substr(std::strlen("{\"missed\":")));
    return sum;
  }
};

class Client {
 public:
  explicit Client(Harbourmaster& at) : at_(at) {
    socket_ = os::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (at.folder + "/sock").c_str(), sizeof(address.sun_path) - 1);
    REQUIRE(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    const std::string request = "GET /v1/events HTTP/1.1\r\nHost: berth\r\n\r\n";
    REQUIRE(::send(socket_.get(), request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
    at.run_until([&] { return !at.server->idle() || at.feed.size() > 0; });
  }

  // All that is there to be read by now.
  void read() {
    char block[8192];
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), block, sizeof(block), 0);
      if (got > 0) text_.append(block, static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno != EAGAIN)) over_ = true;
      if (got <= 0) return;
    }
  }
  void read_until_over() {
    at_.run_until([&] {
      read();
      return over_;
    });
  }
  void read_until_number(std::uint64_t number) {
    at_.run_until([&] {
      read();
      const auto told = this->told();
      return !told.numbers.empty() && told.numbers.back() >= number;
    });
  }
  void leave() { socket_.reset(); }

  // The sizes of the chunks stand on lines of their own and are no lines of events.
  [[nodiscard]] Told told() const {
    Told told;
    bool gap = false;
    for (std::size_t begin = 0; begin < text_.size();) {
      const auto end = std::min(text_.find('\n', begin), text_.size());
      const std::string line = text_.substr(begin, end - begin);
      begin = end + 1;
      if (line.starts_with("id: ")) told.numbers.push_back(std::stoull(line.substr(4)));
      if (line.starts_with("data: ") && gap) told.gaps.push_back(line.substr(6));
      gap = line == "event: gap";
    }
    return told;
  }
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] bool ended_well() const { return text_.ends_with("\r\n0\r\n\r\n"); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  Harbourmaster& at_;
  os::Fd socket_;
  std::string text_;
  bool over_ = false;
};

std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> all;
  for (auto n = first; n <= last; ++n) all.push_back(n);
  return all;
}

TEST_CASE("A follower is told the history and then what happens") {
  Harbourmaster at;
  at.record("web", 3);
  Client client(at);
  client.read_until_number(3);
  at.record("db", 2);
  at.settle();
  client.read_until_number(5);
  CHECK(client.told().numbers == numbers(1, 5));
  CHECK(client.told().gaps.empty());
  CHECK(client.text().find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(
      client.text().find("data: {\"at\":\"1970-01-01T00:00:00.000Z\",\"server\":\"web\",\"from\":\"starting\","
                         "\"to\":\"ready\",\"cause\":null,\"message\":\"something\",\"port\":null,\"pid\":null}\n\n") !=
      std::string::npos);
}

TEST_CASE("Without following, the answer ends after the history") {
  Harbourmaster at;
  at.record("web", 150);
  at.wish.follow = false;
  Client client(at);
  at.record("web", 10);
  client.read_until_over();
  CHECK(client.told().numbers == numbers(1, 150));
  CHECK(client.ended_well());
}

TEST_CASE("An empty history ends at once, or is waited for") {
  Harbourmaster at;
  Client follower(at);
  at.wish.follow = false;
  Client reader(at);
  reader.read_until_over();
  CHECK(reader.ended_well());
  CHECK_FALSE(follower.over());
  at.record("web");
  at.settle();
  follower.read_until_number(1);
}

TEST_CASE("Who knows the last number goes on behind it") {
  Harbourmaster at;
  at.record("web", 10);
  at.wish.after = 7;
  at.wish.follow = false;
  Client client(at);
  client.read_until_over();
  CHECK(client.told().numbers == numbers(8, 10));
  CHECK(client.told().gaps.empty());
}

TEST_CASE("Who comes back too late is told how much is missing") {
  Harbourmaster at;
  at.record("web", 1000);
  at.wish.after = 700;
  at.wish.follow = false;
  Client client(at);
  client.read_until_over();
  CHECK(client.told().numbers == numbers(801, 1000));
  CHECK(client.told().gaps == std::vector<std::string>{"{\"missed\":100}"});
}

TEST_CASE("A number of an earlier supervisor means: from the beginning") {
  Harbourmaster at;
  at.record("web", 3);
  at.wish.after = 4711;
  at.wish.follow = false;
  Client client(at);
  client.read_until_over();
  CHECK(client.told().numbers == numbers(1, 3));
  CHECK(client.told().gaps.empty());
}

TEST_CASE("What was pushed out before anybody asked is no gap") {
  Harbourmaster at;
  at.record("web", 1000);
  Client client(at);
  client.read_until_number(1000);
  CHECK(client.told().numbers == numbers(801, 1000));
  CHECK(client.told().gaps.empty());
}

TEST_CASE("A reader that is stuck costs nothing, and finds a gap of the right size when it goes on") {
  Harbourmaster at;
  at.record("web", 1);
  Client client(at);
  for (int i = 0; i < 1000; ++i) {
    at.record("web", 10);
    at.settle();
  }
  CHECK(at.history.of("web")->events().size() == core::ServerHistory::most_events);
  client.read_until_number(10'001);
  const Told told = client.told();
  CHECK(told.missed() > 0);
  CHECK(told.missed() + told.numbers.size() == 10'001);
  CHECK(std::is_sorted(told.numbers.begin(), told.numbers.end()));
}

TEST_CASE("What is pushed out while a long history is read is counted as missing") {
  Harbourmaster at;
  const auto record = [&](const std::string& name) {
    at.history.record(name,
                      {.from = core::State::starting, .to = core::State::ready, .message = std::string(300, 'x')});
  };
  for (std::size_t i = 0; i < 10 * core::ServerHistory::most_events; ++i) record("server" + std::to_string(i % 10));
  Client client(at);
  at.run();  // until the socket is full
  for (int i = 0; i < 300; ++i) record("server0");
  at.settle();
  client.read_until_number(2'300);
  const Told told = client.told();
  REQUIRE(told.gaps.size() == 2);  // of the past, and of what came since
  CHECK(told.missed() + told.numbers.size() == 2'300);
  CHECK(std::is_sorted(told.numbers.begin(), told.numbers.end()));
}

TEST_CASE("A reader that stays stuck is dropped, and others are told all") {
  Harbourmaster at(200ms);
  Client stuck(at);
  Client quick(at);
  for (int i = 0; i < 1000; ++i) {
    at.record("web", 10);
    at.settle();
    quick.read();
  }
  at.run_until([&] { return at.feed.size() == 1; });
  quick.read_until_number(10'000);
  CHECK(quick.told().numbers == numbers(1, 10'000));
  stuck.read_until_over();
  CHECK_FALSE(stuck.ended_well());
}

TEST_CASE("A follower that hangs up is forgotten, though nothing happens") {
  Harbourmaster at;
  {
    Client client(at);
    CHECK(at.feed.size() == 1);
    client.leave();
  }
  at.run_until([&] { return at.feed.size() == 0 && at.server->idle(); });
}

TEST_CASE("At the end followers are told the rest, and that it is the end") {
  Harbourmaster at;
  Client client(at);
  at.record("web", 100);
  at.feed.finish();
  client.read_until_over();
  CHECK(client.told().numbers == numbers(1, 100));
  CHECK(client.ended_well());
  CHECK(at.server->idle());
}

TEST_CASE("Of some servers only, others are no gaps, and a real gap is one") {
  Harbourmaster at;
  at.wish.servers = {"web"};
  at.record("web");
  at.record("db", 500);
  Client client(at);
  at.record("web");
  at.record("db", 500);
  at.settle();
  client.read_until_number(502);
  at.record("db", 5);
  at.record("web");
  at.settle();
  client.read_until_number(1008);
  CHECK(client.told().numbers == std::vector<std::uint64_t>{1, 502, 1008});
  CHECK(client.told().gaps.empty());

  at.record("web", 300);
  at.settle();
  client.read_until_number(1308);
  CHECK(client.told().gaps == std::vector<std::string>{"{\"missed\":null}"});
}

}  // namespace
}  // namespace berth::app
