// The registry beside the simplest thing that could be right, and its price at the largest range.

#include <algorithm>
#include <berth/port_registry.hpp>
#include <chrono>
#include <map>
#include <random>
#include <set>

#include "core/port_set.hpp"
#include "support/catch.hpp"

namespace berth::test {
namespace {

// What the header promises, without any thought of speed.
class Model {
 public:
  explicit Model(PortRange range) : range_(range) {}

  [[nodiscard]] bool free(Port port) const {
    return range_.contains(port) && !used.contains(port) && !dead.contains(port) && !resting.contains(port);
  }
  [[nodiscard]] std::optional<Port> next_free(std::uint32_t from) const {
    for (std::uint32_t port = std::max<std::uint32_t>(from, range_.first); port <= range_.last; ++port) {
      if (free(static_cast<Port>(port))) return static_cast<Port>(port);
    }
    return std::nullopt;
  }
  bool reserve(Port port) {
    if (!range_.contains(port)) return true;
    if (!free(port)) return false;
    used.insert(port);
    return true;
  }
  void mark_dead(Port port) {
    if (!range_.contains(port)) return;
    used.erase(port);
    resting.erase(port);
    dead.insert(port);
  }
  void rest(Port port) {
    if (!range_.contains(port)) return;
    used.erase(port);
    resting.insert(port);
  }

  std::set<Port> used, dead, resting;

 private:
  PortRange range_;
};

void walk(PortRange range, unsigned seed, int steps) {
  std::mt19937 random(seed);
  PortRegistry registry(range);
  Model model(range);
  std::uniform_int_distribution<std::uint32_t> port_of(range.first - 2U, range.last + 2U);
  std::uniform_int_distribution<int> dice(0, 99);
  for (int i = 0; i < steps; ++i) {
    const auto port = static_cast<Port>(port_of(random));
    const int what = dice(random);
    INFO("step " << i << ", dice " << what << ", port " << port);
    if (what < 35) {
      const auto given = registry.allocate();
      const auto wanted = model.next_free(0);
      REQUIRE(given.has_value() == wanted.has_value());
      if (given) REQUIRE(*given == *wanted);
      if (wanted) model.used.insert(*wanted);
    } else if (what < 65) {
      registry.release(port);
      model.used.erase(port);
    } else if (what < 75) {
      REQUIRE(registry.reserve(port) == model.reserve(port));
    } else if (what < 80) {
      registry.mark_dead(port, "x");
      model.mark_dead(port);
    } else if (what < 87) {
      REQUIRE(registry.revive(port) == (model.dead.erase(port) > 0));
    } else if (what < 91) {
      registry.rest(port);
      model.rest(port);
    } else if (what < 96) {
      registry.wake(port);
      model.resting.erase(port);
    } else {
      REQUIRE(registry.next_free(port) == model.next_free(port));
    }
    REQUIRE(registry.used_count() == model.used.size());
    REQUIRE(registry.in_use(port) == model.used.contains(port));
    REQUIRE(registry.is_dead(port) == model.dead.contains(port));
  }
  CHECK(registry.dead().size() == model.dead.size());
}

TEST_CASE("Two hundred thousand random calls agree with a plain set") {
  walk({50000, 50040}, 1, 100'000);
  walk({1000, 1200}, 2, 60'000);
  walk({63900, 65533}, 3, 40'000);
}

TEST_CASE("A port set agrees with std::set at every edge of its words and blocks") {
  core::PortSet set;
  std::set<std::uint32_t> model;
  const std::uint32_t edges[] = {0,     1,     63,    64,    65,    4095,  4096,  4097,
                                 32767, 32768, 61439, 61440, 65471, 65472, 65534, 65535};
  const auto agree = [&] {
    for (const std::uint32_t edge : edges) {
      for (const std::uint32_t from : {edge - std::min(edge, 1U), edge, edge + 1}) {
        const auto wanted = model.lower_bound(from);
        const auto found = set.lowest_from(from);
        INFO("from " << from);
        REQUIRE(found.has_value() == (wanted != model.end()));
        if (found) REQUIRE(*found == *wanted);
      }
    }
    REQUIRE(set.size() == model.size());
  };
  agree();
  std::mt19937 random(7);
  for (int i = 0; i < 4000; ++i) {
    const std::uint32_t port = edges[random() % std::size(edges)];
    if (random() % 2 == 0) {
      set.insert(static_cast<std::uint16_t>(port));
      model.insert(port);
    } else {
      set.erase(static_cast<std::uint16_t>(port));
      model.erase(port);
    }
    agree();
  }
}

// The worst case of a scan: everything but the highest port is in use.
double nanoseconds_per_call(Port last) {
  PortRegistry registry({1, last});
  while (registry.allocate()) continue;
  std::vector<double> rounds;
  for (int round = 0; round < 15; ++round) {
    constexpr int calls = 2000;
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) {
      registry.release(last);
      static_cast<void>(registry.allocate());
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    rounds.push_back(took.count() / calls);
  }
  std::nth_element(rounds.begin(), rounds.begin() + 7, rounds.end());
  return rounds[7];
}

TEST_CASE("A call costs about the same in a range of 1001 ports and of 65535") {
  const double small = nanoseconds_per_call(1001);
  const double large = nanoseconds_per_call(65535);
  INFO(small << " ns and " << large << " ns");
  CHECK(large < 20 * small);  // a scan would make it 65 times as much
}

}  // namespace
}  // namespace berth::test
