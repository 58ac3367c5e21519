// The port of the metrics: to those who ask well, to those who only look like it, and to crowds.

#include "app/metrics_server.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <string>
#include <vector>

#include "os/tcp_listener.hpp"
#include "support/catch.hpp"
#include "support/ports.hpp"

namespace berth::app {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Scraped {
  explicit Scraped(std::size_t size = 10) : text(size, 'x') {}

  void start() {
    server.start();
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

  harness::PortRange ports = harness::free_port_range(1);
  Port port = static_cast<Port>(ports.first());
  std::string text;
  unsigned rendered = 0;
  std::string leased;
  std::vector<std::string> said;
  std::vector<std::string> warned;
  boost::asio::io_context io{1};
  MetricsEndpoint endpoint{[this] {
    ++rendered;
    return text;
  }};
  MetricsServer server{io,
                       {.port = port, .host = "127.0.0.1"},
                       endpoint,
                       {.leased = [this](Port) { return leased; },
                        .info = [this](const std::string& line) { said.push_back(line); },
                        .warn = [this](const std::string& line) { warned.push_back(line); }}};
};

class Client {
 public:
  explicit Client(Port port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&place), sizeof(place)) == 0);
  }
  void send(const std::string& text) const {
    REQUIRE(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  // What has come so far; `closed` when there will be no more.
  const std::string& read() {
    char buffer[65536];
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
      if (got > 0) heard_.append(buffer, static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno != EAGAIN)) closed_ = true;
      if (got <= 0) return heard_;
    }
  }
  bool closed() {
    read();
    return closed_;
  }

 private:
  os::Fd socket_;
  std::string heard_;
  bool closed_ = false;
};

std::string request(const std::string& method, const std::string& target, const std::string& host) {
  return method + " " + target + " HTTP/1.1\r\n" + (host.empty() ? "" : "Host: " + host + "\r\n") + "\r\n";
}

// The whole answer to one request.
std::string ask(Scraped& scraped, const std::string& text) {
  Client client(scraped.port);
  client.send(text);
  const auto complete = [&client] {
    const std::string& heard = client.read();
    const auto head = heard.find("\r\n\r\n");
    if (head == std::string::npos) return client.closed();
    const auto length = heard.find("Content-Length: ");
    return client.closed() || heard.size() >= head + 4 + std::stoul(heard.substr(length + 16)) ||
           heard.ends_with("\r\n\r\n");
  };
  scraped.run_until(complete);
  return client.read();
}

TEST_CASE("Only names and addresses of this machine, with this port or none, are a Host that is served") {
  for (const char* host : {"127.0.0.1", "localhost", "[::1]", "127.0.0.1:9464", "localhost:9464", "LocalHost:9464",
                           "[::1]:9464", "127.0.0.9:9464"}) {
    INFO(host);
    CHECK(host_is_here(host, "127.0.0.9", 9464));
  }
  for (const char* host :
       {"", "localhost:80", "localhost:", "evil.example", "::1", "localhost:94640", "evil.example:9464", ":9464",
        "localhost.evil.example:9464", "127.0.0.1.evil.example:9464", "x127.0.0.1:9464", "localhost:9464:9464",
        "user@localhost:9464", "::1:9464", "0.0.0.0:9464"}) {
    INFO(host);
    CHECK_FALSE(host_is_here(host, "127.0.0.9", 9464));
  }
}

TEST_CASE("Who asks well is served, and nobody else") {
  Scraped scraped;
  scraped.start();
  REQUIRE(scraped.server.trouble().empty());
  const std::string here = "127.0.0.1:" + std::to_string(scraped.port);

  const std::string served = ask(scraped, request("GET", "/metrics", here));
  CHECK(served.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(served.find("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n") != std::string::npos);
  CHECK(served.ends_with("\r\n\r\n" + scraped.text));
  CHECK(ask(scraped, request("GET", "/metrics?x=1", here)).starts_with("HTTP/1.1 200 "));

  const std::string head = ask(scraped, request("HEAD", "/metrics", here));
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(head.find("\r\nContent-Length: 10\r\n") != std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));

  const std::string posted = ask(scraped, request("POST", "/metrics", here));
  CHECK(posted.starts_with("HTTP/1.1 405 "));
  CHECK(posted.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
  for (const char* elsewhere :
       {"/", "/v1/status", "/v1/down", "/metricsx", "/metrics/", "http://evil.example/metrics"}) {
    INFO(elsewhere);
    CHECK(ask(scraped, request("GET", elsewhere, here)).starts_with("HTTP/1.1 404 "));
  }
  const unsigned before = scraped.rendered;
  for (const std::string& host :
       {std::string("evil.example:") + std::to_string(scraped.port), std::string(), here + "\r\nHost: evil.example"}) {
    INFO(host);
    const std::string refused = ask(scraped, request("GET", "/metrics", host));
    CHECK(refused.starts_with("HTTP/1.1 421 "));
    CHECK(refused.find("Access-Control") == std::string::npos);
  }
  CHECK(scraped.rendered == before);
}

TEST_CASE("Several requests come over one connection") {
  Scraped scraped;
  scraped.start();
  Client client(scraped.port);
  const std::string here = "localhost:" + std::to_string(scraped.port);
  client.send(request("HEAD", "/metrics", here) + request("GET", "/metrics", here));
  scraped.run_until([&] { return client.read().ends_with(scraped.text); });
  CHECK_FALSE(client.closed());
}

TEST_CASE("A port that is taken is told of with its holder, and served when it is free") {
  Scraped scraped;
  auto squatter = os::listen_on_tcp("127.0.0.1", scraped.port);
  REQUIRE(squatter.has_value());
  scraped.start();
  CHECK(scraped.server.trouble().find("port " + std::to_string(scraped.port) + " is taken by ") == 0);
  CHECK(scraped.server.trouble().find("(pid " + std::to_string(::getpid()) + ")") != std::string::npos);
  scraped.server.start();  // the same again is no news
  REQUIRE(scraped.warned.size() == 1);
  squatter->reset();
  scraped.run_until([&] { return scraped.server.trouble().empty(); });
  REQUIRE(scraped.said.size() == 1);
  CHECK(ask(scraped, request("GET", "/metrics", "localhost:" + std::to_string(scraped.port)))
            .starts_with("HTTP/1.1 200"));
}

TEST_CASE("A port that another project has is left to it") {
  Scraped scraped;
  scraped.leased = "port 1 belongs to another";
  scraped.start();
  CHECK(scraped.server.trouble() == "port 1 belongs to another");
  CHECK(os::listen_on_tcp("127.0.0.1", scraped.port).has_value());
}

TEST_CASE("A crowd that never reads costs one text and keeps nobody out") {
  Scraped scraped(8U << 20U);  // more than sockets take
  scraped.start();
  const std::string question = request("GET", "/metrics", "localhost:" + std::to_string(scraped.port));
  std::vector<std::unique_ptr<Client>> crowd;
  for (int i = 0; i < 200; ++i) {
    crowd.push_back(std::make_unique<Client>(scraped.port));
    crowd.back()->send(question);
    scraped.io.restart();
    scraped.io.poll();
  }
  const unsigned for_the_crowd = scraped.rendered;
  CHECK(for_the_crowd < 100);  // one a second
  CHECK(ask(scraped, question).starts_with("HTTP/1.1 200"));
  std::size_t left = 0;
  for (const auto& client : crowd) {
    if (!client->closed()) ++left;
  }
  CHECK(left < MetricsServer::most_connections);
}

}  // namespace
}  // namespace berth::app
