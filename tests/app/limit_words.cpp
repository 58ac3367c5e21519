// Which limits apply, and what holds them.

#include "app/limit_words.hpp"

#include "support/catch.hpp"

namespace berth::app {
namespace {

using Words = std::vector<std::string>;

LimitsConfig all_limits() {
  return {.memory = 512U << 20U,
          .open_files = 1024,
          .processes = 64,
          .nice = 5,
          .user = "nobody",
          .group = "users",
          .no_new_privs = true};
}

}  // namespace

TEST_CASE("Every limit is told, with what holds it and how often it was reached") {
  const Words rest{"nice 5", "user nobody", "group users", "no new privileges"};
  const auto told = [&](const LimitMeans& means, const core::GroupCounts& counts = {}) {
    Words words = limit_words(all_limits(), means, counts);
    REQUIRE(words.size() == 7);
    CHECK(Words(words.begin() + 3, words.end()) == rest);
    words.resize(3);
    return words;
  };
  const LimitMeans group{.launched = true, .memory_by_group = true, .processes_by_group = true};
  CHECK(told({}) == Words{"memory 512 MiB", "open files 1024 (each process)", "processes 64"});
  CHECK(told(group) ==
        Words{"memory 512 MiB (control group)", "open files 1024 (each process)", "processes 64 (control group)"});
  CHECK(told(group, {.memory_reached = 1, .memory_killed = 1, .forks_refused = 17}) ==
        Words{"memory 512 MiB (control group; 1 process ended by the kernel)", "open files 1024 (each process)",
              "processes 64 (control group; reached 17 times)"});
  CHECK(told({.launched = true}) == Words{"memory 512 MiB (the data of each process, RLIMIT_DATA)",
                                          "open files 1024 (each process)",
                                          "processes 64 (RLIMIT_NPROC: all that its user runs is counted)"});
  CHECK(told({.launched = true, .as_root = true})[2] ==
        "processes 64 (does not hold: it runs as root, and there is no control group)");
  CHECK(limit_words({}, group, {}).empty());
}

TEST_CASE("What is weaker than one would think is said, and nothing else") {
  const LimitMeans group{.launched = true, .memory_by_group = true, .processes_by_group = true};
  CHECK(weakness_of_limits(all_limits(), group).empty());
  LimitsConfig harmless;
  harmless.open_files = 16;
  harmless.nice = 5;
  CHECK(weakness_of_limits(harmless, {.launched = true}).empty());
  const auto both = weakness_of_limits(all_limits(), {.launched = true});
  CHECK(both.find("limits.memory = 512 MiB holds for the data of each") != std::string::npos);
  CHECK(both.find(", and limits.processes = 64 counts all that its user runs") != std::string::npos);
  LimitsConfig few;
  few.processes = 64;
  CHECK(weakness_of_limits(few, {.launched = true, .as_root = true})
            .starts_with("limits.processes = 64 does not hold, as it runs as root"));
}

}  // namespace berth::app
