// An answer that goes on. It is read with poll rather than on a loop, because two things end it: the supervisor, and
// whoever reads our standard output.

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstring>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "cli/next_step.hpp"
#include "os/fd.hpp"

namespace berth::cli {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

os::Fd connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return {};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  os::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int result = 0;
  do {
    result = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? std::move(socket) : os::Fd{};
}

bool send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

enum class Awaited { bytes, reader_gone, timeout };

Awaited await_bytes(int socket, const std::optional<Milliseconds>& timeout) {
  for (;;) {
    // Asked for nothing, a pipe still tells that its other end was closed.
    pollfd watched[2] = {{socket, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
    const int ready = ::poll(watched, 2, timeout ? static_cast<int>(timeout->count()) : -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return Awaited::timeout;
    if (watched[0].revents != 0) return Awaited::bytes;
    if ((watched[1].revents & (POLLERR | POLLHUP)) != 0) return Awaited::reader_gone;
    if (watched[1].revents != 0) return Awaited::bytes;  // no descriptor at all: reading will do the waiting
  }
}

[[noreturn]] void refuse(unsigned status, const std::string& body) {
  ControlAnswer answer{status, nullptr};
  boost::system::error_code error;
  answer.body = boost::json::parse(body, error);
  throw Stop{status == 404 ? exit_usage : exit_failed, answer.error_message()};
}

}  // namespace

StreamEnd follow(const std::string& socket_path, const std::string& target, std::optional<Milliseconds> timeout,
                 const std::function<bool(std::string_view piece)>& take) {
  const os::Fd socket = connect_to(socket_path);
  if (!socket) throw no_supervisor(socket_path);
  const std::string request = "GET " + target + " HTTP/1.1\r\nHost: berth\r\nConnection: close\r\n\r\n";
  if (!send_all(socket.get(), request)) return StreamEnd::went_away;

  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  parser.eager(true);
  beast::flat_buffer buffer;
  while (!parser.is_done()) {
    switch (await_bytes(socket.get(), timeout)) {
      case Awaited::bytes: break;
      case Awaited::reader_gone: return StreamEnd::nobody_reads;
      case Awaited::timeout: throw Stop{exit_timed_out, "the supervisor does not answer on " + socket_path};
    }
    const auto room = buffer.prepare(64 * 1024);
    const ssize_t got = ::recv(socket.get(), room.data(), room.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return StreamEnd::went_away;
    buffer.commit(static_cast<std::size_t>(got));

    boost::system::error_code error;
    do {
      buffer.consume(parser.put(buffer.data(), error));
    } while (!error && buffer.size() > 0 && !parser.is_done());
    if (error && error != http::error::need_more) {
      throw Stop{exit_failed, "what answers on " + socket_path + " is no supervisor: " + error.message()};
    }
    if (!parser.is_header_done() || parser.get().result() != http::status::ok) continue;
    std::string& body = parser.get().body();
    if (!body.empty() && !take(body)) return StreamEnd::stopped;
    body.clear();
  }
  if (parser.get().result() != http::status::ok) refuse(parser.get().result_int(), parser.get().body());
  return StreamEnd::over;
}

}  // namespace berth::cli
