// What the guardian knows of the supervisor's servers when there is nobody left to ask.

#include "os/leader_table.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include "support/catch.hpp"

namespace berth::os {
namespace {

using Leaders = std::unordered_set<pid_t>;

TEST_CASE("A process that was forked off earlier sees which leaders were added and removed since") {
  LeaderTable table;
  int go[2];
  REQUIRE(::pipe(go) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    char word = 0;
    ::close(go[1]);
    while (::read(go[0], &word, 1) > 0) {
    }
    ::_exit(table.all() == Leaders{20, 30} ? 0 : 1);
  }
  ::close(go[0]);
  for (const pid_t leader : {10, 20, 20}) table.add(leader);
  table.remove(10);
  table.add(30);
  ::close(go[1]);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("A full table of leaders has room again when one is gone") {
  LeaderTable table;
  const auto most = static_cast<pid_t>(LeaderTable::capacity);
  for (pid_t leader = 1; leader <= most + 1; ++leader) table.add(leader);
  CHECK(table.all().size() == LeaderTable::capacity);
  CHECK_FALSE(table.all().contains(most + 1));
  table.remove(7);
  table.remove(7);
  table.add(most + 2);
  CHECK(table.all().size() == LeaderTable::capacity);
  CHECK(table.all().contains(most + 2));
}

}  // namespace
}  // namespace berth::os
