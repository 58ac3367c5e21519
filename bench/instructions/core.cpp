// The core's hot paths, one a run, for a tool that counts instructions (bench/instructions/count). Each is called once,
// by measured(), with everything that it needs made before; no clock, no system call, and the same in every run.

#include <berth/config.hpp>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/conflict.hpp"
#include "core/governor.hpp"
#include "core/history.hpp"
#include "core/line_splitter.hpp"
#include "core/log_record.hpp"
#include "core/port_desk.hpp"
#include "core/redactor.hpp"

namespace berth::core {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t servers = 100;

// Answers every claim and launch at once.
class Fleet {
 public:
  Fleet() : governor_({1024, 30s}, configs(), true, 1) {
    for (std::size_t i = 0; i < servers; ++i) all_.push_back(i);
  }

  void up() { perform(governor_.start(all_, false, now_)); }
  void become_ready(std::size_t server) {
    on(server, ListenersSeen{.own_here = true});
    now_ += 500ms;
    perform(governor_.tick(now_));
    on(server, ListenersSeen{.own_here = true});
    on(server, ProbePassed{});
    on(server, ListenersSeen{.own_here = true});
  }
  void crash(std::size_t server) { on(server, Ended{.status = {.signal = 9}, .holder = Holder::own_hold}); }
  void down() {
    perform(governor_.go_down(now_));
    for (const std::size_t server : all_) on(server, Ended{.status = {.signal = 15}});
  }
  [[nodiscard]] std::size_t in(State state) const {
    std::size_t count = 0;
    for (const std::size_t server : all_) count += governor_.life(server).state() == state ? 1 : 0;
    return count;
  }

 private:
  static std::vector<std::shared_ptr<const ServerConfig>> configs() {
    std::vector<std::shared_ptr<const ServerConfig>> made;
    for (std::size_t i = 0; i < servers; ++i) {
      auto config = std::make_shared<ServerConfig>();
      config->name = "server" + std::to_string(i);
      config->command = "server";
      made.push_back(std::move(config));
    }
    return made;
  }
  void on(std::size_t server, const Event& event) { perform(governor_.on(server, event, now_)); }
  void perform(const Acts& acts) {
    for (const Act& act : acts) {
      if (std::holds_alternative<ClaimPort>(act.effect)) {
        const auto& claim = std::get<ClaimPort>(act.effect);
        on(act.server, PortClaimed{claim.prefer ? *claim.prefer : next_port_++});
      } else if (std::holds_alternative<Launch>(act.effect)) {
        on(act.server, Launched{});
      } else if (std::holds_alternative<StartProbe>(act.effect)) {
        on(act.server, ProbePassed{});
      }
    }
  }

  Governor governor_;
  Governor::Servers all_;
  Instant now_{1h};
  Port next_port_ = 50000;
};

using Work = std::function<bool()>;  // true when it did what it should

Work launch() {
  return [fleet = std::make_shared<Fleet>()] {
    fleet->up();
    return fleet->in(State::starting) == servers;
  };
}

Work restart() {
  auto fleet = std::make_shared<Fleet>();
  fleet->up();
  for (std::size_t i = 0; i < servers; ++i) fleet->become_ready(i);
  return [fleet] {
    for (std::size_t i = 0; i < servers; ++i) fleet->crash(i);
    return fleet->in(State::starting) == servers;
  };
}

Work stop() {
  auto fleet = std::make_shared<Fleet>();
  fleet->up();
  for (std::size_t i = 0; i < servers; ++i) fleet->become_ready(i);
  return [fleet] {
    fleet->down();
    return fleet->in(State::stopped) == servers;
  };
}

// A crowd in a program whose lines are cut, stamped and copied.
Work records() {
  std::string flood;
  for (int i = 0; i < 10'000; ++i) flood += std::string(99, static_cast<char>('a' + i % 26)) + '\n';
  return [flood = std::move(flood), to = std::string(200, ' ')]() mutable {
    LineSplitter splitter;
    std::size_t bytes = 0;
    splitter.feed(flood, [&](std::string_view line, bool whole) {
      bytes += static_cast<std::size_t>(
          write_record(to.data(), LogFormat::text, "2026-11-21T10:00:00.123Z", Stream::out, line, whole) - to.data());
    });
    return bytes > flood.size();
  };
}

Work redaction() {
  auto redactor =
      std::make_shared<Redactor>(std::vector<std::string>{"hunter22", "a-longer-secret-value", "0123456789"});
  return [redactor] {
    std::size_t bytes = 0;
    for (int i = 0; i < 1000; ++i)
      bytes += redactor->shown("GET /mcp 200 in 12 ms, token=hunter22 for client 4711").size();
    return bytes > 0;
  };
}

Work history() {
  return [past = std::make_shared<History>()] {
    for (int i = 0; i < 10'000; ++i) {
      past->record("server" + std::to_string(i % 100),
                   {.from = State::ready, .to = State::backoff, .message = "ended"});
    }
    return past->of("server7") != nullptr;
  };
}

const std::map<std::string_view, Work (*)()> works{
    {"launch 100", launch},           {"restart 100", restart}, {"stop 100", stop}, {"10000 lines to records", records},
    {"redact 1000 lines", redaction}, {"10000 events", history}};

}  // namespace
}  // namespace berth::core

// The counter looks at this function, by its name.
extern "C" __attribute__((noinline)) bool measured(const std::function<bool()>& work) {
  return work();
}

int main(int argc, char** argv) {
  if (argc != 2) {
    for (const auto& [name, make] : berth::core::works) std::printf("%s\n", std::string(name).c_str());
    return 0;
  }
  const auto found = berth::core::works.find(argv[1]);
  if (found == berth::core::works.end()) return 2;
  const auto work = found->second();
  return measured(work) ? 0 : 1;
}
