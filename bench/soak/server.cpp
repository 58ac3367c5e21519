// The smallest server that can be soaked: listens on $PORT, prints lines, and does what signals ask. SIGUSR1: ends with
// code 1. SIGUSR2: prints a flood. Connections are closed at once: nobody but a `listen` probe asks it anything.
//
//   soak_server [LINES-A-SECOND [FLOOD-BYTES]]

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

using Clock = std::chrono::steady_clock;

int listen_on(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(static_cast<in_port_t>(port));
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 || ::listen(fd, 16) != 0) {
    std::perror("soak_server: listen");
    std::exit(1);
  }
  return fd;
}

void flood(long bytes) {
  for (long number = 0, said = 0; said < bytes; ++number) {
    said += std::printf("flood %08ld: as fast as it goes, and every line as long as the one before it\n", number);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const double rate = argc > 1 ? std::atof(argv[1]) : 3;
  const long flood_bytes = argc > 2 ? std::atol(argv[2]) : 1024L * 1024;
  const char* port = std::getenv("PORT");
  if (port == nullptr || rate <= 0) {
    std::fputs("soak_server: needs PORT, and a rate above 0\n", stderr);
    return 2;
  }

  sigset_t asked;
  sigemptyset(&asked);
  sigaddset(&asked, SIGUSR1);
  sigaddset(&asked, SIGUSR2);
  ::sigprocmask(SIG_BLOCK, &asked, nullptr);
  const int signals = ::signalfd(-1, &asked, SFD_CLOEXEC);
  const int listener = listen_on(std::atoi(port));

  const auto pause = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / rate));
  auto next = Clock::now();
  for (unsigned long number = 0;;) {
    if (Clock::now() >= next) {
      std::printf("line %lu: all is well on port %s, and this is what a server says when nobody listens\n", number,
                  port);
      std::fflush(stdout);
      if (++number % 10 == 0) std::fprintf(stderr, "warning: %lu lines said\n", number);
      next += pause;
      continue;
    }
    pollfd watched[2] = {{signals, POLLIN, 0}, {listener, POLLIN, 0}};
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(next - Clock::now()).count() + 1;
    if (::poll(watched, 2, static_cast<int>(wait)) <= 0) continue;
    if (watched[1].revents != 0) ::close(::accept(listener, nullptr, nullptr));
    signalfd_siginfo signal;
    if (watched[0].revents == 0 || ::read(signals, &signal, sizeof signal) != sizeof signal) continue;
    if (signal.ssi_signo == SIGUSR1) return 1;
    flood(flood_bytes);
    next = Clock::now() + pause;
  }
}
