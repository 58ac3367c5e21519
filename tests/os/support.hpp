#pragma once
// Folders, sockets and processes for tests of the doors to Linux.

#include <sys/types.h>

#include <berth/config.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "os/fd.hpp"
#include "os/launch.hpp"
#include "os/process.hpp"

namespace berth::os::test {

using namespace std::chrono_literals;

// Slow machines make a test slow, not red.
inline constexpr std::chrono::milliseconds patience = 30s;

// True as soon as `predicate` is; for what cannot be waited for in any better way.
template <class Predicate>
bool eventually(Predicate predicate) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!predicate()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

// A folder of its own, mode 0700, removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // Makes a file there; answers its path.
  std::string file(const std::string& name, const std::string& text, unsigned mode = 0600) const;

 private:
  std::filesystem::path path_;
};

struct SocketOptions {
  bool reuse_address = true;
  bool listen = true;
  bool only_v6 = false;
};
// A socket bound to `address`:`port`, an IPv4 or an IPv6 one; empty when that fails. Port 0: the kernel's choice.
Fd bound_socket(const std::string& address, Port port, SocketOptions options = {});
Port port_of(const Fd& socket);
std::uint32_t inode_of(const Fd& socket);
bool has_ipv6();
// Leaves a connection in TIME_WAIT on this port behind, and nothing else.
void leave_time_wait(Port port);

struct Pipe {
  Pipe();
  Fd read;
  Fd write;
};
// All until the last writer has gone.
std::string read_all(const Fd& from);

// A child that runs `body` in a fork of this process; killed and reaped at the end, unless that has been done.
class Fork {
 public:
  explicit Fork(const std::function<void()>& body);
  ~Fork();
  Fork(const Fork&) = delete;
  Fork& operator=(const Fork&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill();

 private:
  pid_t pid_;
};

// A launched child; its session is killed, and it is reaped, at the end.
class Child {
 public:
  explicit Child(LaunchRequest request);
  Child(const std::string& executable, std::vector<std::string> args, std::vector<std::string> environment = {});
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }
  std::string output();  // all of it
  void wait();

 private:
  Pipe pipe_;
  pid_t pid_ = 0;
};
LaunchRequest request_for(const std::string& executable, std::vector<std::string> args);
// A child of `sh -c`.
std::string said_by_shell(const std::string& script, const std::function<void(LaunchRequest&)>& change = {});

boost::asio::io_context& test_loop();

bool lives(pid_t pid);  // zombies do not
// Living processes that were started with NAME=VALUE in their environment.
std::vector<pid_t> marked(const std::string& entry);
// NAME=VALUE that no other test has.
std::string new_marker();

}  // namespace berth::os::test
