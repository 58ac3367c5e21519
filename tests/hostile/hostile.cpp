// A child that misbehaves on request. Without options it is a well-behaved HTTP server on 127.0.0.1:$PORT.
//
//   life      --ignore-sigterm --slow-stop-ms=N --exit=C --exit-after-ms=N --abort --kill-self=SIG
//             --exit-when=FILE --listen-then-exit-ms=N (a bridge that listens first and dies after; code from --exit)
//             --main-thread-ends (another thread serves on) --not-dumpable (hides its descriptors, as an agent of keys)
//   port      --fixed-port=P --port-offset=N --bind=ADDRESS --no-reuseaddr --two-ports --never-listen
//             --listen-delay-ms=N --listen-when=FILE --close-listener-after-ms=N --close-listener-when=FILE
//             --on-busy=HABIT
//   answers   --http=200|401|404|500|503|silent|garbage --silent-after=REQUESTS
//             --block-when=FILE (does nothing from then on, while the kernel still accepts) --block-ms=N (only so long)
//   leavings  --fork-grandchild --grandchild-keeps=port|pipe|nothing --grandchild-clears-env
//             --grandchild-ignores-sigterm
//   greed     --eat-memory=MIB --eat-files=N --fork-many=N --eat-when=FILE (else at once; greed.cpp bounds them)
//   output    --close-stdio --flood[=BYTES] --say=TEXT --print-env --print-args --print-fds --stdin-report
//   harness   --tag=TEXT --count-file=FILE --misbehave-times=N (behaves from start N+1 on)
//
// Delays of --exit-after-ms and of a kill count from the start, those of the listener from the moment it listens.

#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "hostile/event_loop.hpp"
#include "hostile/grandchild.hpp"
#include "hostile/greed.hpp"
#include "hostile/options.hpp"
#include "hostile/reports.hpp"
#include "hostile/sockets.hpp"

namespace hostile {
namespace {

using std::chrono::milliseconds;

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

int wanted_port(const Options& options) {
  const int base = options.port ? *options.port : std::atoi(environment("PORT", "3000").c_str());
  return base + options.port_offset;
}

class Child {
 public:
  explicit Child(const Options& options) : options_(options), port_(wanted_port(options)) {}

  [[noreturn]] void run() {
    prepare_for_sigterm();
    if (options_.kill_self) {
      loop_.after(milliseconds(options_.exit_after_ms.value_or(0)),
                  [this] { ::kill(::getpid(), *options_.kill_self); });
    } else if (options_.exit_after_ms) {
      loop_.after(milliseconds(*options_.exit_after_ms), [this] { ::_exit(options_.exit_code.value_or(1)); });
    }
    if (!options_.exit_when.empty()) {
      when_file_exists(options_.exit_when, [this] { ::_exit(options_.exit_code.value_or(1)); });
    }
    if (!options_.eat_when.empty()) when_file_exists(options_.eat_when, [this] { be_greedy(options_); });
    if (!options_.block_when.empty()) when_file_exists(options_.block_when, [this] { block(); });
    if (options_.flood) start_flood(options_);
    if (!options_.never_listen) loop_.after(milliseconds(options_.listen_delay_ms), [this] { listen_when_allowed(); });
    loop_.run();
  }

 private:
  void prepare_for_sigterm() {
    if (options_.ignore_sigterm) std::signal(SIGTERM, SIG_IGN);
    if (!options_.slow_stop_ms) return;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    const int fd = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    loop_.on_readable(fd, [this, fd] {
      signalfd_siginfo info;
      if (::read(fd, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return;
      loop_.after(milliseconds(*options_.slow_stop_ms), [] { ::_exit(0); });
    });
  }

  // Does `action` once there is such a file: how a test opens a gate without a race.
  void when_file_exists(const std::string& path, const EventLoop::Action& action) {
    if (::access(path.c_str(), F_OK) == 0) {
      action();
    } else {
      loop_.after(milliseconds(10), [this, path, action] { when_file_exists(path, action); });
    }
  }

  // The only thread waits: what deadlocks and long calculations look like from outside.
  void block() const {
    if (!options_.block_ms) {
      for (;;) ::pause();
    }
    std::this_thread::sleep_for(milliseconds(*options_.block_ms));
  }

  void listen_when_allowed() {
    if (options_.listen_when.empty()) {
      listen();
    } else {
      when_file_exists(options_.listen_when, [this] { listen(); });
    }
  }

  void listen() {
    const Listener listener = listen_on(options_.bind, port_, options_.reuse_address);
    if (listener) {
      listening(listener.fd);
    } else if (listener.error == EADDRINUSE) {
      port_is_busy();
    } else {
      std::fprintf(stderr, "Error: listen errno %d on port %d\n", listener.error, port_);
      ::_exit(1);
    }
  }

  void listening(int fd) {
    if (options_.fork_grandchild) fork_grandchild(options_, fd);
    serve(fd);
    if (options_.two_ports) {
      if (const Listener second = listen_on("127.0.0.1", 0, true)) serve(second.fd);
    }
    if (!options_.close_stdio) {
      std::printf("listening on http://%s:%d/mcp\n", options_.bind.c_str(), port_);
      std::fflush(stdout);
    }
    if (options_.close_listener_after_ms) {
      loop_.after(milliseconds(*options_.close_listener_after_ms), [this] { loop_.close_listeners(); });
    }
    if (!options_.close_listener_when.empty()) {
      when_file_exists(options_.close_listener_when, [this] { loop_.close_listeners(); });
    }
    if (options_.listen_then_exit_ms) {
      loop_.after(milliseconds(*options_.listen_then_exit_ms), [this] { ::_exit(options_.exit_code.value_or(1)); });
    }
  }

  void serve(int fd) {
    loop_.serve(fd, [this](const std::string&) { return answer(); });
  }

  std::string answer() {
    ++requests_;
    if (options_.silent_after && requests_ > *options_.silent_after) return {};
    const std::string body =
        "{\"server\":\"" + environment("BERTH_SERVER", "") + "\",\"pid\":" + std::to_string(::getpid()) + "}";
    switch (options_.http) {
      case Http::ok: return http_answer("200 OK", body);
      case Http::unauthorized: return http_answer("401 Unauthorized", body);
      case Http::not_found: return http_answer("404 Not Found", body);
      case Http::broken: return http_answer("500 Internal Server Error", body);
      case Http::unavailable: return http_answer("503 Service Unavailable", body);
      case Http::silent: return {};
      case Http::garbage: return std::string("\x01\x02 this is not HTTP\r\n\r\n");
    }
    return {};
  }

  void tell_busy() const {
    std::fprintf(stderr, "Error: listen EADDRINUSE: address already in use %s:%d\n", options_.bind.c_str(), port_);
  }

  void port_is_busy() {
    switch (options_.on_busy) {
      case OnBusy::exit1_message: tell_busy(); ::_exit(1);
      case OnBusy::exit1_silent: ::_exit(1);
      case OnBusy::exit2_message: tell_busy(); ::_exit(2);
      case OnBusy::exit2_silent: ::_exit(2);
      case OnBusy::exit0_lie:
        std::printf("Server listening on http://localhost:%d/mcp\n", port_);
        std::fflush(stdout);
        ::_exit(0);
      case OnBusy::exit0_silent: ::_exit(0);
      case OnBusy::shift:
        std::fprintf(stderr, "Port %d is in use, trying port %d...\n", port_, port_ + 1);
        ++port_;
        listen();
        return;
      case OnBusy::stay: tell_busy(); return;
      case OnBusy::stay_silent: return;
      case OnBusy::retry: loop_.after(milliseconds(200), [this] { listen(); }); return;
    }
  }

  const Options options_;
  int port_;
  int requests_ = 0;
  EventLoop loop_;
};

}  // namespace
}  // namespace hostile

int main(int argc, char** argv) {
  // Whatever a broken test forgets ends by itself; a grandchild passes here too.
  ::alarm(600);
  const hostile::Options options = hostile::parse(argc, argv);
  if (options.as_grandchild) hostile::live_as_grandchild(options);
  hostile::print_reports(options, argc, argv);
  if (options.eat_when.empty()) hostile::be_greedy(options);
  const bool exits_later = options.exit_after_ms || options.listen_then_exit_ms || !options.exit_when.empty();
  if (options.exit_code && !exits_later) {
    if (options.flood) hostile::flood_now(options);
    return *options.exit_code;
  }
  if (options.close_stdio) {
    for (int fd = 0; fd <= 2; ++fd) ::close(fd);
    // A socket must not become descriptor 1 and receive what stdio prints: park harmless pipes there.
    int parked[2];
    (void)!::pipe2(parked, O_CLOEXEC);
    (void)!::dup(parked[0]);
  }
  if (options.not_dumpable) ::prctl(PR_SET_DUMPABLE, 0);
  if (options.main_thread_ends) {
    std::thread([options] { hostile::Child(options).run(); }).detach();
    ::pthread_exit(nullptr);
  }
  hostile::Child(options).run();
}
