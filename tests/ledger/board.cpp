#include "ledger/board.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <thread>

#include "ledger/old_protocol.hpp"
#include "os/process.hpp"

namespace ledger {

using namespace std::chrono_literals;

Board& new_board() {
  void* memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no memory");
  return *new (memory) Board;
}

bool process_lives(int pid) {
  const auto stat = berth::os::stat_process(pid);
  return stat && berth::os::is_alive(*stat);
}

void Place::accuse(const std::string& what) const {
  const int file = ::open(findings().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) ::_exit(9);
  write_whole(file, "pid " + std::to_string(::getpid()) + ": " + what + "\n");
  ::close(file);
}

Witness::Witness(const Place& place) : place_(place) {
  for (int i = 0; i < place.ports; ++i) {
    files_[i] = ::open(place.witness(place.first_port + i).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (files_[i] < 0) place.accuse("cannot open the witness of a port");
  }
}

void Witness::write_name(int file) const {
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, pid.data(), pid.size(), 0) < 0) place_.accuse("cannot write a name");
}

// A process that is killed gives its locks back one by one: the ledger's may be free a moment before the witness's. So
// one that is taken is excused when it becomes free by its holder's death, and by nothing else: a holder that lets go
// crosses its name out before.
void Witness::take(int port) {
  const int file = files_[port - place_.first_port];
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return write_name(file);
  const auto name = [&] { return std::atoi(read_whole(place_.witness(port)).value_or("").c_str()); };
  const int holder = name();
  const std::string who =
      "port " + std::to_string(port) + " was given to this process, and pid " + std::to_string(holder) + " has it";
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() > until) return place_.accuse(who + ", and does not let go");
    std::this_thread::sleep_for(1ms);
  }
  if (holder == 0 || name() != holder) place_.accuse(who);
  while (process_lives(holder) && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
  if (process_lives(holder)) place_.accuse(who + ", and lives");
  write_name(file);
}

void Witness::drop(int port) {
  const int index = port - place_.first_port;
  if (::ftruncate(files_[index], 0) != 0) place_.accuse("cannot write a witness");
  ::flock(files_[index], LOCK_UN);
}

}  // namespace ledger
