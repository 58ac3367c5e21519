// A program that brings its MCP servers along: it starts those of a configuration, waits until all are ready, says
// where they are, does its own work, and stops them.
//
//   embed [FILE]      (default: berth.toml)

#include <algorithm>
#include <berth/load.hpp>
#include <berth/supervisor.hpp>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <thread>
#include <utility>

namespace {

// What the thread of the supervisor tells the others.
class Board {
 public:
  void tell(const berth::SupervisorStatus& status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    changed_.notify_all();
  }
  void tell_end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  // Waits until every server is ready, or one will not be without help, or the supervisor has ended.
  berth::SupervisorStatus await_ready() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || all_ready() || one_failed(); });
    return status_;
  }

 private:
  [[nodiscard]] bool all_ready() const {
    const auto& servers = status_.servers;
    return !servers.empty() && std::ranges::all_of(servers, [](const auto& server) { return server.ready; });
  }
  [[nodiscard]] bool one_failed() const {
    return std::ranges::any_of(status_.servers, [](const auto& server) { return server.state == "failed"; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  berth::SupervisorStatus status_;
  bool ended_ = false;
};

void print(const berth::SupervisorStatus& status) {
  for (const auto& server : status.servers) {
    std::cout << server.name << " is " << server.state;
    if (server.url) std::cout << " at " << *server.url;
    if (!server.detail.empty() && !server.ready) std::cout << ": " << server.detail;
    std::cout << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto loaded = berth::config::load(argc > 1 ? argv[1] : "berth.toml");
  for (const auto& diagnostic : loaded.diagnostics) std::cerr << berth::config::to_string(diagnostic) << "\n";
  if (!loaded.config) return 2;

  Board board;
  berth::SupervisorOptions options;
  options.on_warning = [](const std::string& line) { std::cerr << line << "\n"; };
  options.on_change = [&board](const berth::SupervisorStatus& status) { board.tell(status); };
  // Before there are threads; `run` has one of its own, so that this one can do something else.
  auto supervisor = berth::Supervisor::create(*loaded.config, std::move(options));
  if (!supervisor) {
    std::cerr << supervisor.error() << "\n";
    return 1;
  }
  int code = 0;
  std::thread thread([&] {
    code = (*supervisor)->run();
    board.tell_end();
  });

  const auto status = board.await_ready();
  print(status);
  const bool ready = std::ranges::all_of(status.servers, [](const auto& server) { return server.ready; });
  // Here the program would do what it needs the servers for. `berth -p embed status` knows of them meanwhile.

  (*supervisor)->stop();
  thread.join();
  std::cout << "all are down" << std::endl;
  if (code != 0) return code;
  return ready ? 0 : 1;
}
