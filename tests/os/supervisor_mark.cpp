// Whose process is this? What an earlier supervisor has left is found by its mark, and nothing else is.

#include "os/supervisor_mark.hpp"

#include <sys/wait.h>

#include <csignal>

#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

// A mark like that of a supervisor which is this test process, with a pid of its own.
SupervisorMark some_mark() {
  auto mark = SupervisorMark::of_this_process(new_supervisor_brand());
  mark.pid = 4'000'000 + ::getpid();  // above pid_max: nobody's
  return mark;
}

std::unique_ptr<Child> sleeper(const std::vector<std::string>& environment, Brand brand = 0) {
  auto request = request_for("/bin/sleep", {"1000"});
  request.environment.insert(request.environment.end(), environment.begin(), environment.end());
  request.brand = brand;
  return std::make_unique<Child>(request);
}

TEST_CASE("A mark survives its text and means nothing after a reboot") {
  const auto mark = some_mark();
  const auto read = SupervisorMark::from_text(mark.text());
  REQUIRE(read);
  CHECK(read->pid == mark.pid);
  CHECK(read->entry() == mark.entry());
  CHECK(read->brand == mark.brand);
  CHECK(read->boot == mark.boot);
  auto other = mark;
  other.boot = "00000000-0000-0000-0000-000000000000";
  REQUIRE(SupervisorMark::from_text(other.text()));
  CHECK(SupervisorMark::from_text(other.text())->boot.empty());
}

TEST_CASE("What is no mark is none") {
  for (const char* text : {"", "\n", "12", "12 34", "x y z 0", "1 2 boot 3", "-5 2 boot 3", "0 0 boot 0"}) {
    INFO(text);
    CHECK_FALSE(SupervisorMark::from_text(text));
  }
}

TEST_CASE("All that bears the mark is ended and told, and nothing that only looks like it") {
  const auto mark = some_mark();
  auto by_entry = sleeper({mark.entry()});
  auto by_brand = sleeper({}, brand_of_run(mark.brand, 7));
  auto similar_entry = sleeper({mark.entry() + "0"});
  auto similar_name = sleeper({"X" + mark.entry()});
  auto other_brand = sleeper({}, new_supervisor_brand());
  REQUIRE(eventually([&] { return has_environment(by_entry->pid(), mark.entry()); }));
  const auto ended = end_all_of(mark);
  CHECK(ended.size() == 2);
  CHECK(eventually([&] { return !lives(by_entry->pid()) && !lives(by_brand->pid()); }));
  CHECK(lives(similar_entry->pid()));
  CHECK(lives(similar_name->pid()));
  CHECK(lives(other_brand->pid()));
}

TEST_CASE("A process that is older than the supervisor is not its, whatever it bears") {
  auto mark = some_mark();
  auto child = sleeper({mark.entry()});
  REQUIRE(eventually([&] { return has_environment(child->pid(), mark.entry()); }));
  mark.start_ticks = stat_process(child->pid())->start_ticks + 1;
  auto same_entry = mark;
  CHECK_FALSE(same_entry.borne_by(*stat_process(child->pid())));
  CHECK(end_all_of(mark).empty());
  CHECK(lives(child->pid()));
}

TEST_CASE("A mark of another boot is borne by nobody") {
  auto mark = some_mark();
  auto child = sleeper({mark.entry()}, brand_of_run(mark.brand, 1));
  REQUIRE(eventually([&] { return has_environment(child->pid(), mark.entry()); }));
  mark.boot.clear();
  CHECK(end_all_of(mark).empty());
  CHECK(lives(child->pid()));
}

TEST_CASE("Who ends what is left spares itself and its ancestors, although they bear the mark") {
  const auto mark = some_mark();
  Pipe pipe;
  // A shell with the mark, in which this very program calls for the end of all that bears it.
  Fork outer([&] {
    ::setenv("unused", "1", 1);
    const rlimit branded{mark.brand, RLIM_INFINITY};
    ::setrlimit(RLIMIT_RTTIME, &branded);
    const pid_t inner = ::fork();
    if (inner == 0) {
      const auto ended = end_all_of(mark);
      const char answer = ended.empty() ? 'y' : 'n';
      static_cast<void>(::write(pipe.write.get(), &answer, 1));
      ::_exit(0);
    }
    ::waitpid(inner, nullptr, 0);
    ::pause();
  });
  pipe.write.reset();
  char answer = 0;
  REQUIRE(::read(pipe.read.get(), &answer, 1) == 1);
  CHECK(answer == 'y');
  CHECK(lives(outer.pid()));
  outer.kill();
}

}  // namespace
}  // namespace berth::os::test
