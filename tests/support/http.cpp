#include "support/http.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace harness {
namespace {

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }
  Connection(Connection&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Connection& operator=(Connection&&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

void limit(int fd, std::chrono::milliseconds deadline) {
  timeval limit{};
  limit.tv_sec = deadline.count() / 1000;
  limit.tv_usec = (deadline.count() % 1000) * 1000;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Connection connect_tcp(const std::string& host, const std::string& port, std::chrono::milliseconds deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* answers = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &answers) != 0) return Connection(-1);
  int connected = -1;
  for (const addrinfo* answer = answers; answer != nullptr && connected < 0; answer = answer->ai_next) {
    const int fd = ::socket(answer->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    limit(fd, deadline);
    if (::connect(fd, answer->ai_addr, answer->ai_addrlen) == 0) {
      connected = fd;
    } else {
      ::close(fd);
    }
  }
  ::freeaddrinfo(answers);
  return Connection(connected);
}

// A chunked body is joined; what is not chunked is left as it is.
std::string unchunk(const std::string& head, std::string body) {
  if (head.find("chunked") == std::string::npos) return body;
  std::string joined;
  std::size_t at = 0;
  while (at < body.size()) {
    const auto line_end = body.find("\r\n", at);
    if (line_end == std::string::npos) break;
    const std::size_t size = std::stoul(body.substr(at, line_end - at), nullptr, 16);
    if (size == 0) break;
    joined += body.substr(line_end + 2, size);
    at = line_end + 2 + size + 2;
  }
  return joined;
}

HttpReply ask(const Connection& connection, const std::string& request) {
  if (!connection.open()) return {0, std::string("cannot connect: ") + std::strerror(errno)};
  if (::send(connection.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {0, "cannot send"};
  std::string answer;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::recv(connection.fd(), buffer, sizeof buffer, 0);
    if (got <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  const auto head_end = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || head_end == std::string::npos) return {0, "no HTTP answer: " + answer};
  const std::string head = answer.substr(0, head_end);
  return {std::stoi(answer.substr(9, 3)), unchunk(head, answer.substr(head_end + 4))};
}

std::string request_text(const std::string& method, const std::string& host, const std::string& path) {
  return method + " " + path + " HTTP/1.1\r\nHost: " + host +
         "\r\nAccept: application/json\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
}

}  // namespace

HttpReply http_get(int port, const std::string& path, std::chrono::milliseconds deadline) {
  return http_get_url("http://127.0.0.1:" + std::to_string(port) + path, deadline);
}

HttpReply http_get_url(const std::string& url, std::chrono::milliseconds deadline) {
  const std::string scheme = "http://";
  if (!url.starts_with(scheme)) return {0, "not an http URL: " + url};
  const auto path_at = url.find('/', scheme.size());
  const std::string authority = url.substr(scheme.size(), path_at - scheme.size());
  const auto colon = authority.rfind(':');
  if (colon == std::string::npos) return {0, "no port in " + url};
  std::string host = authority.substr(0, colon);
  if (host.starts_with("[")) host = host.substr(1, host.size() - 2);
  const std::string path = path_at == std::string::npos ? "/" : url.substr(path_at);
  return ask(connect_tcp(host, authority.substr(colon + 1), deadline), request_text("GET", authority, path));
}

HttpReply http_over_unix(const std::string& socket_path, const std::string& method, const std::string& path,
                         std::chrono::milliseconds deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) return {0, "socket path too long"};
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
  const Connection connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  limit(connection.fd(), deadline);
  if (::connect(connection.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return {0, std::string("cannot connect: ") + std::strerror(errno)};
  }
  return ask(connection, request_text(method, "localhost", path));
}

}  // namespace harness
