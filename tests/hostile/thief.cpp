// A stranger who takes a port: `thief --port P [--reuseaddr] [--bind ADDRESS] [--delay-ms N] [--watch-listen]`.
//
// Binds and listens, prints `ready`, answers every request as some MCP server would, and ends when its stdin is
// closed. With --watch-listen it tries again until it gets the port. Prints `busy` and exits 3 when it does not.

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "hostile/event_loop.hpp"
#include "hostile/sockets.hpp"

namespace {

struct Plan {
  int port = 0;
  bool reuse_address = false;
  bool watch_listen = false;
  std::string bind = "127.0.0.1";
  int delay_ms = 0;
};

Plan parse(int argc, char** argv) {
  Plan plan;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const char* const value = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--reuseaddr") {
      plan.reuse_address = true;
    } else if (word == "--watch-listen") {
      plan.watch_listen = true;
    } else if (word == "--port") {
      plan.port = std::atoi(value), ++i;
    } else if (word == "--bind") {
      plan.bind = value, ++i;
    } else if (word == "--delay-ms") {
      plan.delay_ms = std::atoi(value), ++i;
    } else {
      std::fprintf(stderr, "thief: bad option: %s\n", word.c_str());
      std::exit(64);
    }
  }
  return plan;
}

bool stdin_is_closed() {
  pollfd polled{STDIN_FILENO, POLLIN, 0};
  if (::poll(&polled, 1, 0) <= 0) return false;
  char byte = 0;
  return ::read(STDIN_FILENO, &byte, 1) <= 0;
}

hostile::Listener take(const Plan& plan) {
  for (;;) {
    const hostile::Listener listener = hostile::listen_on(plan.bind, plan.port, plan.reuse_address);
    if (listener || !plan.watch_listen) return listener;
    if (stdin_is_closed()) std::exit(0);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::alarm(600);
  const Plan plan = parse(argc, argv);
  std::this_thread::sleep_for(std::chrono::milliseconds(plan.delay_ms));
  const hostile::Listener listener = take(plan);
  if (!listener) {
    std::printf("busy %s\n", std::strerror(listener.error));
    return 3;
  }
  std::puts("ready");
  std::fflush(stdout);

  hostile::EventLoop loop;
  loop.on_readable(STDIN_FILENO, [] {
    if (stdin_is_closed()) std::exit(0);
  });
  loop.serve(listener.fd, [](const std::string&) {
    return hostile::http_answer("200 OK",
                                R"({"server":"thief","jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18",)"
                                R"("capabilities":{"tools":{}},"serverInfo":{"name":"thief","version":"1.0.0"}}})");
  });
  loop.run();
}
