#include "hostile/greed.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

namespace hostile {
namespace {

constexpr int most_memory_mib = 1024;
constexpr int most_files = 4096;
constexpr int most_children = 200;
constexpr unsigned longest_life_s = 60;

void eat_memory(int mib) {
  constexpr std::size_t block = 1U << 20U;
  static std::vector<std::unique_ptr<char[]>> blocks;
  for (int i = 0; i < std::min(mib, most_memory_mib); ++i) {
    blocks.emplace_back(new char[block]);
    std::memset(blocks.back().get(), 1, block);
  }
}

void eat_files(int count) {
  for (int i = 0; i < std::min(count, most_files); ++i) {
    if (::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0) continue;
    std::perror("open /dev/null");
    ::_exit(1);
  }
}

void fork_many(int count) {
  const pid_t parent = ::getpid();
  for (int i = 0; i < std::min(count, most_children); ++i) {
    const pid_t child = ::fork();
    if (child < 0) {
      std::perror("fork");
      ::_exit(1);
    }
    if (child > 0) continue;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::alarm(longest_life_s);
    while (::getppid() == parent) ::pause();
    ::_exit(0);
  }
}

}  // namespace

void be_greedy(const Options& options) {
  if (options.eat_memory_mib) eat_memory(*options.eat_memory_mib);
  if (options.eat_files) eat_files(*options.eat_files);
  if (options.fork_many) fork_many(*options.fork_many);
}

}  // namespace hostile
