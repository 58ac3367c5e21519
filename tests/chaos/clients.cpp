#include "chaos/clients.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace chaos {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::string noise(Dice& dice, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(dice.between(0, 255));
  return bytes;
}

std::string nonsense(Dice& dice) {
  switch (dice.between(0, 8)) {
    case 0: return noise(dice, dice.between(1, 200));
    case 1: return "GET /v1/status HTTP/1.1\r\nHost:";
    case 2: return "GET / HTTP/9.9\r\n\r\n";
    case 3: return "POST /v1/servers/../../etc/passwd/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
    case 4: return "POST /v1/servers/%00%ff/start HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n{";
    case 5: return "GET /v1/status HTTP/1.1\r\nX: " + std::string(40'000, 'x');
    case 6: return "GET /v1/wait?for=ready&name=nobody&timeout_ms=-99999999999999999999 HTTP/1.1\r\nHost: x\r\n\r\n";
    // The answer is never read: Berth cannot get rid of it.
    case 7: {
      std::string many;
      for (int i = 0; i < 20; ++i) many += "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n";
      return many;
    }
    default: return "GET /v1/wait?for=stopped HTTP/1.1\r\nHost: x\r\n\r\n" + noise(dice, 20);
  }
}

}  // namespace

Clients::~Clients() {
  leave();
}

// Never blocks: Berth may be stopped, and its backlog full.
int Clients::connect(const std::string& socket) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, socket.c_str(), socket.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

void Clients::keep(int fd, milliseconds how_long) {
  if (fd >= 0) open_.push_back({fd, Clock::now() + how_long});
}

void Clients::garbage(const std::string& socket) {
  const int fd = connect(socket);
  if (fd < 0) return;
  const std::string words = nonsense(dice_);
  (void)!::send(fd, words.data(), words.size(), MSG_NOSIGNAL);
  keep(fd, milliseconds(dice_.chance(50) ? 0 : dice_.between(1, 4000)));
}

void Clients::silence(const std::string& socket) {
  keep(connect(socket), milliseconds(dice_.between(100, 6000)));
}

void Clients::step() {
  std::erase_if(open_, [now = Clock::now()](const Open& one) {
    if (one.until > now) return false;
    ::close(one.fd);
    return true;
  });
}

void Clients::leave() {
  for (const Open& one : open_) ::close(one.fd);
  open_.clear();
}

}  // namespace chaos
