// What another user of this machine can do. Each takes root, who becomes that user.

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "e2e/restricted.hpp"

namespace e2e {
namespace {

constexpr uid_t somebody = 54321;

// A process of another user that does `what` and ends with what it answers; 99: it could not become that user.
pid_t as_somebody(const std::function<int()>& what) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const bool became = ::setgroups(0, nullptr) == 0 && ::setresgid(somebody, somebody, somebody) == 0 &&
                      ::setresuid(somebody, somebody, somebody) == 0;
  ::_exit(became ? what() : 99);
}

int code_of(pid_t pid) {
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Listens there with a limit that is a server's brand, says so through `told`, and stays.
int listen_branded(int port, rlim_t brand, int told) {
  rlimit limit{};
  ::getrlimit(RLIMIT_RTTIME, &limit);
  limit.rlim_cur = brand;
  if (::setrlimit(RLIMIT_RTTIME, &limit) != 0) return 1;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(static_cast<in_port_t>(port));
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 || ::listen(fd, 9) != 0) return 2;
  (void)!::write(told, "1", 1);
  ::alarm(120);
  for (;;) ::pause();
}

}  // namespace

TEST_CASE("Another user gets no answer from the control socket, even where he can reach it") {
  if (::geteuid() != 0) {
    WARN("it takes another user: run as root");
    return;
  }
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto ask = [&] {
    return code_of(
        as_somebody([&] { return http_over_unix(sandbox.socket_path(), "GET", "/v1/status").status / 100; }));
  };
  CHECK(ask() == 0);
  // As if somebody had opened the folders and the socket.
  REQUIRE(::chmod(sandbox.runtime_dir().parent_path().c_str(), 0755) == 0);
  REQUIRE(::chmod(sandbox.runtime_dir().c_str(), 0755) == 0);
  REQUIRE(::chmod(sandbox.socket_path().c_str(), 0666) == 0);
  CHECK(ask() == 0);
  CHECK(http_over_unix(sandbox.socket_path(), "GET", "/v1/status").status == 200);
  REQUIRE(::chmod(sandbox.runtime_dir().c_str(), 0700) == 0);
  sandbox.down();
}

TEST_CASE("Another user who bears the brand of a server is a stranger on its port all the same") {
  if (::geteuid() != 0) {
    WARN("it takes another user: run as root");
    return;
  }
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web").args({"--listen-when=" + port_gate(sandbox)});
  sandbox.write(config);
  sandbox.up();
  const Object launched = await_launch(sandbox, "web", sandbox.port());
  const std::string brand = limit_of(static_cast<pid_t>(number(launched, "pid")), "Max realtime timeout").soft;
  if (brand.empty() || brand == "unlimited") {
    WARN("no brands here");
    return sandbox.down();
  }
  int told[2];
  REQUIRE(::pipe(told) == 0);
  const pid_t thief = as_somebody([&] { return listen_branded(sandbox.port(), std::stoull(brand), told[1]); });
  ::close(told[1]);
  char one = 0;
  CHECK(::read(told[0], &one, 1) == 1);
  ::close(told[0]);
  for (int i = 0; i < 3; ++i) open_port_gate(sandbox, sandbox.port(i));
  const Object web = sandbox.await("web", "ready");
  CHECK(number(web, "port") != sandbox.port());
  CHECK(who_answers(web) == "web");
  ::kill(thief, SIGKILL);
  code_of(thief);
  sandbox.down();
}

}  // namespace e2e
