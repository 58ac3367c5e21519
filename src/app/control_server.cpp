#include "app/control_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace berth::app {

namespace {

bool may_ask(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

std::string peer_pid(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return std::to_string(peer.pid);
}

os::Fd unix_socket(int more = 0) {
  return os::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | more, 0));
}

}  // namespace

Expected<std::unique_ptr<ControlServer>, std::string> ControlServer::listen(boost::asio::io_context& io,
                                                                            const std::string& path,
                                                                            ControlHandler handler,
                                                                            std::chrono::milliseconds patience) {
  using Error = Unexpected<std::string>;
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  const auto failed = [&path](int error) {
    return Error("cannot listen on the control socket `" + path + "`: " + std::strerror(error));
  };
  if (path.size() >= sizeof(place.sun_path)) return failed(ENAMETOOLONG);
  path.copy(place.sun_path, path.size());
  const auto* address = reinterpret_cast<const sockaddr*>(&place);

  // The lock says that we are alone, but its file may have been tidied away while its holder lived.
  if (const os::Fd other = unix_socket(); other && ::connect(other.get(), address, sizeof(place)) == 0) {
    return Error("another supervisor answers on the control socket `" + path + "`, as pid " + peer_pid(other.get()));
  }
  ::unlink(path.c_str());
  os::Fd listener = unix_socket(SOCK_NONBLOCK);
  if (!listener) return failed(errno);
  // Its folder is private, and nobody can connect before it listens. (A umask would be that of the thread that writes
  // logs, too.)
  if (::bind(listener.get(), address, sizeof(place)) != 0) return failed(errno);
  if (::chmod(path.c_str(), 0600) != 0) return failed(errno);
  if (::listen(listener.get(), SOMAXCONN) != 0) return failed(errno);
  auto server = std::make_unique<HttpServer>(io, std::move(listener), std::move(handler),
                                             HttpServer::Options{.patience = patience, .admit = may_ask});
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(server), path));
}

ControlServer::ControlServer(std::unique_ptr<HttpServer> server, std::string path)
    : server_(std::move(server)), path_(std::move(path)) {}

ControlServer::~ControlServer() {
  close();
}

void ControlServer::close() {
  if (std::exchange(closed_, true)) return;
  ::unlink(path_.c_str());
  server_->close();
}

}  // namespace berth::app
