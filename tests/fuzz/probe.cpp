// The HTTP side of a probe, asked over loopback. The input is what the server answers, to two approaches when the byte
// 0x1E is in it; the decisions say in which pieces it comes, how the server ends, and whether it goes on for ever.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>

#include "app/prober.hpp"
#include "fuzz/support.hpp"
#include "os/fd.hpp"

namespace {

using namespace berth;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using fuzz::visible;

// Of the probe: little for a server that falls silent, more than anything takes for one that does not.
constexpr Milliseconds little_patience{10};
constexpr Milliseconds patience{5'000};
constexpr auto deadline = 12s;  // for both approaches
constexpr std::size_t endless = 256 * 1024;

enum class Ending { end, reset, silence };

struct Answer {
  std::string bytes;
  std::size_t piece = 0;  // bytes at a time; 0: all at once
  Ending ending = Ending::end;
};

class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const bool listens = ::bind(socket_.get(), generic, size) == 0 && ::listen(socket_.get(), 16) == 0 &&
                         ::getsockname(socket_.get(), generic, &size) == 0;
    FUZZ_CHECK(listens, "no listener on 127.0.0.1");
    port_ = ntohs(address.sin_port);
  }

  [[nodiscard]] Port port() const { return port_; }

  os::Fd accept() {
    os::Fd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!connection) return connection;
    const linger at_once{1, 0};  // no TIME_WAIT: thousands of connections a second would use up the ports
    ::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    const int on = 1;
    ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return connection;
  }

 private:
  os::Fd socket_;
  Port port_ = 0;
};

// The server's side of one connection, a step at a time.
class Speaker {
 public:
  Speaker(os::Fd connection, const Answer& answer) : connection_(std::move(connection)), answer_(answer) {}

  // True when there was something to do.
  bool step() {
    if (!connection_ || ended_) return false;
    if (sent_ < answer_.bytes.size()) {
      const std::size_t left = answer_.bytes.size() - sent_;
      const std::size_t size = answer_.piece == 0 ? left : std::min(answer_.piece, left);
      const ssize_t sent = ::send(connection_.get(), answer_.bytes.data() + sent_, size, MSG_NOSIGNAL);
      if (sent < 0) return false;  // full, or the probe has gone
      sent_ += static_cast<std::size_t>(sent);
      return true;
    }
    ended_ = true;
    if (answer_.ending == Ending::end) ::shutdown(connection_.get(), SHUT_WR);
    if (answer_.ending == Ending::reset) connection_ = os::Fd{};
    return true;
  }

 private:
  os::Fd connection_;
  const Answer& answer_;
  std::size_t sent_ = 0;
  bool ended_ = false;
};

Answer decide(std::string_view text, fuzz::Decisions& decisions) {
  Answer answer{std::string(text), decisions.next(), Ending::end};
  const unsigned how = decisions.next();
  if (how >= 0xFC) answer.ending = Ending::silence;
  if (how >= 0xF0 && how < 0xFC) answer.ending = Ending::reset;
  const bool goes_on = decisions.next() >= 0xF8;
  // All of it again and again, or its last 16 bytes: a header without an end.
  while (goes_on && !text.empty() && answer.bytes.size() < endless) {
    answer.bytes += text.substr(text.size() - std::min<std::size_t>(text.size(), 16));
  }
  if (goes_on) answer.piece = 0;
  return answer;
}

bool falls_silent(const std::vector<Answer>& answers) {
  return std::ranges::any_of(answers, [](const Answer& answer) { return answer.ending == Ending::silence; });
}

struct Outcome {
  unsigned results = 0;
  app::ProbeResult result;
};

Outcome probe(const std::vector<Answer>& answers) {
  static boost::asio::io_context io{1};
  static Listener listener;
  std::vector<app::Approach> approaches{{"127.0.0.1", "127.0.0.1"}, {"127.0.0.1", "localhost"}};
  approaches.resize(answers.size());
  Outcome outcome;
  std::vector<Speaker> speakers;
  speakers.reserve(answers.size());
  const auto begun = Clock::now();
  io.restart();
  app::ProbeRequest request{approaches, listener.port(), "/mcp", falls_silent(answers) ? little_patience : patience};
  unsigned slow = 0;
  app::HttpProbe http(
      io.get_executor(), std::move(request), [&] { ++slow; },
      [&](const app::ProbeResult& result) {
        ++outcome.results;
        outcome.result = result;
      });
  while (outcome.results == 0) {
    FUZZ_CHECK(Clock::now() - begun < deadline, "no result within the time limit");
    bool progress = false;
    // Others on this machine may connect to any port.
    if (os::Fd connection = listener.accept(); connection && speakers.size() < answers.size()) {
      speakers.emplace_back(std::move(connection), answers[speakers.size()]);
      progress = true;
    }
    for (Speaker& speaker : speakers) progress |= speaker.step();
    progress |= io.poll() > 0;
    if (!progress) io.run_one_for(1ms);
  }
  io.poll();
  FUZZ_CHECK(Clock::now() - begun < deadline, "a late result");
  FUZZ_CHECK(slow <= 1, "slow twice");
  while (listener.accept()) continue;  // the time was over before it was accepted
  return outcome;
}

// Of any minor version: RFC 9110, section 2.5.
bool begins_as_http(std::string_view text) {
  return text.size() > 8 && text.starts_with("HTTP/1.") && text[7] >= '0' && text[7] <= '9' && text[8] == ' ';
}

void check(const std::vector<Answer>& answers, const Outcome& outcome) {
  const app::ProbeResult& result = outcome.result;
  const std::string seen = visible(answers[0].bytes) + " -> " + std::to_string(result.status) + " " + result.message;
  FUZZ_CHECK(outcome.results == 1, seen);
  FUZZ_CHECK(result.alive == result.message.empty(), seen);
  FUZZ_CHECK(!fuzz::has_control_characters(result.message), seen);
  if (result.alive) {
    FUZZ_CHECK(result.which < answers.size(), seen);
    const Answer& heard = answers[result.which];
    FUZZ_CHECK(begins_as_http(heard.bytes), seen);
    FUZZ_CHECK(std::stoul(heard.bytes.substr(9, 3)) == result.status, seen);
  }
  // A status line and nothing more is an answer for certain.
  for (const std::string_view plain : {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 401 Unauthorized\r\n\r\n"}) {
    if (!answers[0].bytes.starts_with(plain) || answers[0].ending == Ending::reset || falls_silent(answers)) continue;
    FUZZ_CHECK(result.alive && std::to_string(result.status) == plain.substr(9, 3), seen);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = fuzz::as_text(data, size);
  fuzz::Decisions decisions(input);
  std::vector<Answer> answers;
  const auto border = input.find('\x1E');
  answers.push_back(decide(input.substr(0, border), decisions));
  if (border != std::string_view::npos) answers.push_back(decide(input.substr(border + 1), decisions));
  check(answers, probe(answers));
  return 0;
}
