// The control socket: bytes of a client to the real server. The decisions say in which pieces they come, whether the
// answers come at once, later or never, and how the client leaves. Afterwards a good request must still be answered.

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstring>
#include <deque>

#include "app/control_server.hpp"
#include "fuzz/support.hpp"
#include "os/fd.hpp"

namespace {

using namespace berth;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using fuzz::visible;

constexpr auto deadline = 10s;

enum class Answering { at_once, later, twice, never };
enum class Leaving { closes, ends_its_side, ends_both_sides };

// In the place of the API: records requests and answers each with its number.
struct Stub {
  struct Open {
    app::Respond respond;
    app::Connected connected;
    std::size_t number;
  };
  Answering answering = Answering::at_once;
  std::vector<app::ControlRequest> requests;
  std::deque<Open> open;

  static std::string body(std::size_t number) { return "{\"n\":" + std::to_string(number) + "}"; }

  void handle(const app::ControlRequest& request, app::Respond respond, app::Connected connected) {
    requests.push_back(request);
    FUZZ_CHECK(connected(), "a request of nobody");
    const std::size_t number = requests.size() - 1;
    if (answering == Answering::later || answering == Answering::never) {
      open.push_back({std::move(respond), std::move(connected), number});
      return;
    }
    respond(200, body(number));
    if (answering == Answering::twice) respond(500, "{}");
  }

  void answer_one() {
    if (open.empty()) return;
    const Open next = std::move(open.front());
    open.pop_front();
    static_cast<void>(next.connected());
    next.respond(200, body(next.number));
  }
};

struct World {
  boost::asio::io_context io{1};
  Stub stub;
  std::string path = fuzz::scratch_folder() + "/control.sock";
  std::unique_ptr<app::ControlServer> server;

  World() {
    auto listening = app::ControlServer::listen(
        io, path, [this](const app::ControlRequest& request, app::Respond respond, app::Connected connected) {
          stub.handle(request, std::move(respond), std::move(connected));
        });
    FUZZ_CHECK(listening.has_value(), listening.error());
    server = std::move(*listening);
  }
};

World& world() {
  static World one;
  return one;
}

class Client {
 public:
  Client() : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, world().path.c_str(), sizeof(address.sun_path) - 1);
    const int done = ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    FUZZ_CHECK(done == 0, "nobody listens on the control socket");
  }

  // Bytes that were taken.
  std::size_t send(std::string_view bytes) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }

  void receive() {
    char block[4096];
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), block, sizeof(block), 0);
      if (got == 0 || (got < 0 && errno != EAGAIN)) over_ = true;
      if (got <= 0) return;
      received_.append(block, static_cast<std::size_t>(got));
    }
  }

  void leave(Leaving how) {
    if (how == Leaving::ends_its_side) ::shutdown(socket_.get(), SHUT_WR);
    if (how == Leaving::ends_both_sides) ::shutdown(socket_.get(), SHUT_RDWR);
    if (how == Leaving::closes) socket_ = os::Fd{};
  }

  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] const std::string& received() const { return received_; }

 private:
  os::Fd socket_;
  std::string received_;
  bool over_ = false;
};

template <class Done>
void run_until(Done done, const char* what) {
  const auto begun = Clock::now();
  world().io.restart();
  while (!done()) {
    FUZZ_CHECK(Clock::now() - begun < deadline, what);
    if (world().io.poll() == 0 && !done()) world().io.run_one_for(1ms);
  }
}

void turn() {
  world().io.restart();
  world().io.poll();
}

// The bodies of the answers, which were made to be told apart; the last one may have been cut off.
std::size_t check_answers(std::string_view received) {
  std::size_t count = 0;
  while (!received.empty()) {
    FUZZ_CHECK(received.starts_with("HTTP/1.1 200 OK\r\n"), visible(received));
    const auto end = received.find("\r\n\r\n");
    if (end == std::string_view::npos) return count;
    const std::string body = Stub::body(count);
    FUZZ_CHECK(received.substr(end + 4, body.size()) == body, visible(received));
    FUZZ_CHECK(received.substr(0, end).find("Content-Length: " + std::to_string(body.size())) != std::string_view::npos,
               visible(received));
    received.remove_prefix(end + 4 + body.size());
    ++count;
  }
  return count;
}

void check_requests(const std::vector<app::ControlRequest>& requests) {
  for (const app::ControlRequest& request : requests) {
    FUZZ_CHECK(!request.method.empty() && !request.target.empty(), visible(request.target));
    FUZZ_CHECK(request.method.find(' ') == std::string::npos && request.target.find(' ') == std::string::npos,
               visible(request.target));
    FUZZ_CHECK(!fuzz::has_control_characters(request.method + request.target), visible(request.target));
  }
}

void send_all(Client& client, std::string_view bytes, fuzz::Decisions& decisions) {
  while (!bytes.empty() && !client.over()) {
    const std::size_t piece = decisions.next();
    const std::size_t taken = client.send(bytes.substr(0, piece == 0 ? bytes.size() : piece));
    bytes.remove_prefix(taken);
    turn();
    client.receive();
    if (world().stub.answering == Answering::later) world().stub.answer_one();
  }
}

void talk(std::string_view bytes, fuzz::Decisions& decisions) {
  Stub& stub = world().stub;
  stub.answering = static_cast<Answering>(decisions.next() % 4);
  const auto leaving = static_cast<Leaving>(decisions.next() % 3);
  const bool drop = decisions.next() >= 0x80;  // the client leaves before it has its answers
  Client client;
  send_all(client, bytes, decisions);
  turn();
  while (stub.answering == Answering::later && !drop && !stub.open.empty()) {
    stub.answer_one();
    turn();
    client.receive();
  }
  client.receive();
  const bool all_answered = stub.answering != Answering::never && !drop;
  const std::size_t answers = check_answers(client.received());
  if (all_answered) FUZZ_CHECK(answers == stub.requests.size(), visible(bytes) + visible(client.received()));
  client.leave(leaving);
  run_until([] { return world().server->idle(); }, "a client that left is still waited for");
  // What is answered too late is answered to nobody.
  for (; !stub.open.empty(); stub.answer_one()) FUZZ_CHECK(!stub.open.front().connected(), "still connected");
  turn();
  FUZZ_CHECK(world().server->idle(), "an answer to nobody is still to be written");
  check_requests(stub.requests);
}

void ask_something_good() {
  Stub& stub = world().stub;
  stub.answering = Answering::at_once;
  stub.requests.clear();
  Client client;
  client.send("GET /v1/status?x=%20 HTTP/1.1\r\nHost: berth\r\nConnection: close\r\n\r\n");
  run_until(
      [&] {
        client.receive();
        return client.over();
      },
      "a good request is not answered");
  FUZZ_CHECK(check_answers(client.received()) == 1, visible(client.received()));
  FUZZ_CHECK(stub.requests.size() == 1 && stub.requests[0].method == "GET", std::to_string(stub.requests.size()));
  FUZZ_CHECK(stub.requests[0].target == "/v1/status?x=%20", stub.requests[0].target);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = fuzz::as_text(data, size);
  fuzz::Decisions decisions(input);
  world().stub.requests.clear();
  talk(input, decisions);
  ask_something_good();
  return 0;
}
