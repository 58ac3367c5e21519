#include "os/support.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace berth::os::test {

namespace fs = std::filesystem;

Folder::Folder() {
  std::string name = "/tmp/berth-os-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string Folder::file(const std::string& name, const std::string& text, unsigned mode) const {
  const fs::path path = path_ / name;
  std::ofstream(path) << text;
  ::chmod(path.c_str(), mode);
  return path.string();
}

// ---- sockets --------------------------------------------------------------------------------------------------------

namespace {

void set(const Fd& socket, int level, int option) {
  const int on = 1;
  ::setsockopt(socket.get(), level, option, &on, sizeof(on));
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address parse(const std::string& text, Port port) {
  Address address;
  if (text.find(':') == std::string::npos) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    ::inet_pton(AF_INET, text.c_str(), &v4->sin_addr);
    address.size = sizeof(sockaddr_in);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    ::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr);
    address.size = sizeof(sockaddr_in6);
  }
  return address;
}

}  // namespace

Fd bound_socket(const std::string& address, Port port, SocketOptions options) {
  const Address where = parse(address, port);
  Fd socket(::socket(where.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return {};
  if (options.reuse_address) set(socket, SOL_SOCKET, SO_REUSEADDR);
  if (where.storage.ss_family == AF_INET6) {
    const int only = options.only_v6 ? 1 : 0;
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
  }
  if (::bind(socket.get(), where.get(), where.size) != 0) return {};
  if (options.listen && ::listen(socket.get(), 8) != 0) return {};
  return socket;
}

Port port_of(const Fd& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                                             : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

std::uint32_t inode_of(const Fd& socket) {
  struct stat info {};
  ::fstat(socket.get(), &info);
  return static_cast<std::uint32_t>(info.st_ino);
}

bool has_ipv6() {
  return static_cast<bool>(bound_socket("::1", 0));
}

void leave_time_wait(Port port) {
  const Fd listener = bound_socket("127.0.0.1", port);
  const Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Address where = parse("127.0.0.1", port);
  if (::connect(client.get(), where.get(), where.size) != 0) throw std::runtime_error("connect");
  Fd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  server.reset();  // who closes first keeps the TIME_WAIT
  char byte = 0;
  while (::read(client.get(), &byte, 1) > 0) continue;
}

// ---- pipes and processes --------------------------------------------------------------------------------------------

Pipe::Pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  read.reset(ends[0]);
  write.reset(ends[1]);
}

std::string read_all(const Fd& from) {
  std::string text;
  char block[4096];
  for (;;) {
    const ssize_t got = ::read(from.get(), block, sizeof(block));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(block, static_cast<std::size_t>(got));
  }
}

namespace {

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
}

}  // namespace

Fork::Fork(const std::function<void()>& body) : pid_(::fork()) {
  if (pid_ == 0) {
    body();
    ::_exit(0);
  }
}

Fork::~Fork() {
  kill();
}

void Fork::kill() {
  if (pid_ <= 1) return;
  ::kill(pid_, SIGKILL);
  reap(std::exchange(pid_, 0));
}

Child::Child(LaunchRequest request) {
  if (request.output < 0) request.output = pipe_.write.get();
  if (request.error < 0) request.error = pipe_.write.get();
  const auto pid = launch(test_loop().get_executor(), request);
  pipe_.write.reset();
  if (!pid) throw std::runtime_error(pid.error().message);
  pid_ = *pid;
}

Child::Child(const std::string& executable, std::vector<std::string> args, std::vector<std::string> environment)
    : Child([&] {
        LaunchRequest request = request_for(executable, std::move(args));
        for (std::string& entry : environment) request.environment.push_back(std::move(entry));
        return request;
      }()) {}

Child::~Child() {
  if (pid_ <= 1) return;
  ::kill(-pid_, SIGKILL);
  wait();
}

std::string Child::output() {
  return read_all(pipe_.read);
}

void Child::wait() {
  if (pid_ > 1) reap(std::exchange(pid_, 0));
}

LaunchRequest request_for(const std::string& executable, std::vector<std::string> args) {
  LaunchRequest request;
  request.executable = executable;
  request.args = std::move(args);
  request.environment = {"PATH=/usr/local/bin:/usr/bin:/bin"};
  request.cwd = "/";
  return request;
}

std::string said_by_shell(const std::string& script, const std::function<void(LaunchRequest&)>& change) {
  LaunchRequest request = request_for("/bin/sh", {"-c", script});
  if (change) change(request);
  return Child(std::move(request)).output();
}

boost::asio::io_context& test_loop() {
  static boost::asio::io_context io{1};
  return io;
}

bool lives(pid_t pid) {
  const auto stat = stat_process(pid);
  return stat && stat->state != 'Z' && stat->state != 'X';
}

std::vector<pid_t> marked(const std::string& entry) {
  std::vector<pid_t> pids;
  for (const pid_t pid : all_processes()) {
    if (lives(pid) && has_environment(pid, entry)) pids.push_back(pid);
  }
  return pids;
}

std::string new_marker() {
  static std::atomic<int> next{0};
  return "BERTH_OS_TEST=" + std::to_string(::getpid()) + "." + std::to_string(next++);
}

}  // namespace berth::os::test
