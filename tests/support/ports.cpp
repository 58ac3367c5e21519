#include "support/ports.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace harness {
namespace {

constexpr int lowest = 20'000;
constexpr int block_size = 32;
constexpr int blocks = (32'000 - lowest) / block_size;

// -1 when another test has it.
int lock_block(int block) {
  ::mkdir("/tmp/berth-test-ports", 0777);
  const std::string path = "/tmp/berth-test-ports/" + std::to_string(block);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return -1;
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  ::close(fd);
  return -1;
}

void unlock(std::vector<int>& locks) {
  for (const int lock : locks) ::close(lock);
  locks.clear();
}

// All of them, or none.
std::vector<int> lock_blocks(int first, int count) {
  std::vector<int> locks;
  for (int block = first; block < first + count; ++block) {
    locks.push_back(lock_block(block));
    if (locks.back() >= 0) continue;
    locks.pop_back();
    unlock(locks);
    break;
  }
  return locks;
}

template <class Address>
bool can_bind(int family, const Address& address) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;  // no such family: nobody can be in the way
  if (family == AF_INET6) {
    const int only = 1;
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  }
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return bound;
}

sockaddr_in v4(std::uint32_t host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(host);
  return address;
}

sockaddr_in6 v6(in6_addr host, int port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  address.sin6_addr = host;
  return address;
}

// Strictly, without SO_REUSEADDR: connections in TIME_WAIT from an earlier test are in the way too.
bool free_everywhere(int port) {
  return can_bind(AF_INET, v4(INADDR_ANY, port)) && can_bind(AF_INET6, v6(in6addr_any, port));
}

bool all_free(int first, int count) {
  for (int port = first; port < first + count; ++port) {
    if (!free_everywhere(port)) return false;
  }
  return true;
}

}  // namespace

PortRange::~PortRange() {
  unlock(locks_);
}

PortRange::PortRange(PortRange&& other) noexcept
    : first_(other.first_), last_(other.last_), locks_(std::exchange(other.locks_, {})) {}

PortRange free_port_range(int count) {
  if (count < 1 || count > 1024) throw std::invalid_argument("free_port_range: 1 to 1024 ports");
  const int wanted = (count + block_size - 1) / block_size;
  // Every test starts elsewhere, so that two rarely meet and a port rests long before it is used again.
  static int next = static_cast<int>(static_cast<unsigned>(::getpid()) * 7919U % blocks);
  for (int tried = 0; tried < blocks; ++tried) {
    const int block = next++ % blocks;
    if (block + wanted > blocks) continue;
    std::vector<int> locks = lock_blocks(block, wanted);
    if (locks.empty()) continue;
    const int first = lowest + block * block_size;
    if (all_free(first, count)) {
      next += wanted - 1;
      return {first, first + count - 1, std::move(locks)};
    }
    unlock(locks);
  }
  throw std::runtime_error("free_port_range: no free block of ports between 20000 and 31999");
}

bool port_is_free(int port) {
  return can_bind(AF_INET, v4(INADDR_LOOPBACK, port));
}

bool somebody_listens(int port) {
  constexpr int listen_state = 0x0A;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
      std::istringstream words(line);
      std::string slot;
      std::string local;
      std::string remote;
      std::string state;
      words >> slot >> local >> remote >> state;
      const auto colon = local.rfind(':');
      if (colon == std::string::npos || std::stoi(state, nullptr, 16) != listen_state) continue;
      if (std::stoi(local.substr(colon + 1), nullptr, 16) == port) return true;
    }
  }
  return false;
}

bool has_ipv6_loopback() {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const sockaddr_in6 address = v6(in6addr_loopback, 0);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return bound;
}

}  // namespace harness
