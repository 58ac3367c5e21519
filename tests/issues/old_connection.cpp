// A client that kept its connection open after the server had ended, which leaves an end that nobody owns (FIN_WAIT2),
// made a fixed port "held by another process" for ever, and moved other servers to another port.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "e2e/e2e.hpp"

using namespace e2e;  // NOLINT(google-build-using-namespace)

namespace {

// Has been answered, with the server's end closed, and does not hang up.
class LastingClient {
 public:
  explicit LastingClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    REQUIRE(::write(socket_, request.data(), request.size()) == static_cast<ssize_t>(request.size()));
    char block[4096];
    while (::read(socket_, block, sizeof(block)) > 0) continue;
  }
  LastingClient(const LastingClient&) = delete;
  LastingClient& operator=(const LastingClient&) = delete;
  ~LastingClient() { reset(); }

  // Makes the kernel forget the connection at once.
  void reset() {
    if (socket_ < 0) return;
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    ::close(std::exchange(socket_, -1));
  }

 private:
  int socket_;
};

void kill_server(Sandbox& sandbox, const std::string& name) {
  REQUIRE(::kill(static_cast<pid_t>(number(sandbox.server(name), "pid")), SIGKILL) == 0);
}

}  // namespace

TEST_CASE("A fixed port is taken again although a client of the last run has not hung up") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").set("port", sandbox.port());
  sandbox.write(config);
  sandbox.up({"--wait"});
  const LastingClient client(sandbox.port());
  sandbox.down();
  sandbox.up({"--wait"});
  CHECK(number(sandbox.server("web"), "port") == sandbox.port());
  sandbox.down();
}

TEST_CASE("Without holds a server keeps its port although a client of the last run has not hung up") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.ports("hold", false);
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const LastingClient client(sandbox.port());
  kill_server(sandbox, "web");
  const Object web = sandbox.await("web", "ready again", [](const Object& server) {
    return text(server, "state") == "ready" && number(server, "starts") > 1;
  });
  CHECK(number(web, "port") == sandbox.port());
  CHECK(number(web, "port_conflicts") == 0);
  sandbox.down();
}

TEST_CASE("A port that cannot be bound over old connections is waited for") {
  Sandbox sandbox(1);
  auto config = sandbox.config();
  config.ports("hold", false);
  // A probe by HTTP would leave connections of its own.
  auto& web = config.server("web").args({"--no-reuseaddr"}).set("ready.probe", "listen");
  SECTION("when it is the only one of the range") {}
  SECTION("when it is fixed") {
    web.set("port", sandbox.port());
  }
  sandbox.write(config);
  sandbox.up({"--wait"});
  LastingClient client(sandbox.port());
  kill_server(sandbox, "web");
  const Object refused = sandbox.await("web", "refused its port", [](const Object& server) {
    return text(server, "detail").find("connections of an earlier process") != std::string::npos;
  });
  INFO(boost::json::serialize(refused));
  CHECK(text(refused, "state") != "failed");
  CHECK(text(refused, "wanted") == "up");
  client.reset();
  const Object ready = sandbox.await("web", "ready");
  CHECK(number(ready, "port") == sandbox.port());
  sandbox.down();
}
